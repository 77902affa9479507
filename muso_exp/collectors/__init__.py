"""Collectors of data from outside, written in the formats that `muso_exp.data` reads."""
