"""Metrics whose test rows can be resampled."""
