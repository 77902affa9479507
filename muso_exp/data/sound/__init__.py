"""Sound files: decoding and checks, the store of clips, folder layouts."""
