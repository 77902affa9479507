"""One file for each format of listening histories, found by its content."""
