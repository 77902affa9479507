"""A package of one's own: a recommender, two metrics, a data set and a figure."""

from tiny_taste import reciprocal_rank  # registered where it is imported

__all__ = ["reciprocal_rank"]
