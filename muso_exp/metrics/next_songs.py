"""Metrics of the songs that are recommended after a song whose features are estimated."""

import math
from typing import Any

from muso_exp.metrics.ranking import UserMean


class NextSongsKept(UserMean):
    """Mean share of the recommended songs that the true features recommend too; more is better."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("kept", **kwargs)


class NextSongDistance(UserMean):
    """Mean distance of a song's true features to those of its next songs; less is better."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("distance", False, (0.0, math.inf), **kwargs)
