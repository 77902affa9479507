"""The parts of the data set of two track lists: playlists."""
