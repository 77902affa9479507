"""The simulated listening world, written in the file formats of the real data sets."""
