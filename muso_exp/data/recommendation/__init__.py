"""The parts of the data sets of play counts: plays and factor_tags."""
