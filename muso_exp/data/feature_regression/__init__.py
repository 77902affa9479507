"""Parts of the data set `spectra`: from the sound of a song to its audio features."""
