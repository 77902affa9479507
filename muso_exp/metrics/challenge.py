"""The metrics of the RecSys Challenge 2018 that look at artists, beside `metrics.ranking`."""

import math
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.challenge import artist_hits
from muso_exp.metrics.base import RowMean, WeightedMetric
from muso_exp.metrics.ranking import UserMean

ARTIST_CREDIT = 0.25  # of a found artist, beside 1 for a found track


class ArtistRPrecision(RowMean):
    """Mean share of the held-out tracks' artists that are among the first |G| recommended.

    `target` holds the held-out tracks G of each row, -1 behind them. Tied tracks stand in the list
    in an order drawn once, so that the value of a recommender with ties is one draw's.

    Args:
        artist: number of each track's artist, shape (n_tracks,).
        **kwargs: of `torchmetrics.Metric`.
    """

    bounds = (0.0, 1.0)
    fields: ClassVar[tuple[str, ...]] = ("top", "target")

    def __init__(self, artist: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.artist = np.ascontiguousarray(artist, dtype=np.int64)

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the share of each row, shape (n_rows,)."""
        found, artists = self.hits(columns)
        return found / artists

    def hits(self, columns: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return artists found and artists of the held-out tracks, float64, each (n_rows,)."""
        top, held_out = (columns[name].numpy().astype(np.int64) for name in ("top", "target"))
        counts = torch.from_numpy(artist_hits(top, held_out, self.artist)).double()
        return counts[:, 0], counts[:, 1]


class ChallengeRPrecision(ArtistRPrecision):
    """R-precision with the challenge's credit for artists; it can exceed 1.

    (|S_T and G_T| + 0.25 |S_A and G_A|) / |G_T| with the held-out tracks G_T, their artists G_A,
    the first |G_T| recommended tracks S_T and their artists S_A. The tracks' part is the exact
    expectation over ties, as in `r_precision`.

    Source: Chen et al., RecSys Challenge 2018. Deviation: none.
    """

    bounds = (0.0, 1.0 + ARTIST_CREDIT)
    fields = ("r_precision", "top", "target")

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the R-precision of each row, shape (n_rows,)."""
        found, _ = self.hits(columns)
        n_held = (columns["target"] >= 0).sum(dim=1)
        credit = ARTIST_CREDIT * found / n_held
        return columns["r_precision"].double() + credit


class ShortLists(WeightedMetric):
    """Another metric of the recommended lists, on their first tracks only.

    The challenge's lists are 500 tracks long; people look at the first ones.

    Args:
        metric: reads the column `top` alone.
        n_top: tracks that count.
        **kwargs: of `torchmetrics.Metric`.
    """

    fields = ("top",)

    def __init__(self, metric: WeightedMetric, n_top: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metric, self.n_top, self.bounds = metric, n_top, metric.bounds
        self.__dict__["higher_is_better"] = metric.higher_is_better  # torchmetrics guards the name

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the metric of the short lists under each row of weights, (n_resamples,)."""
        return self.metric.score(weights, top=columns["top"][:, : self.n_top])


class CooccurrenceError(UserMean):
    """Mean squared error of predicted rows of co-occurrence counts, over songs; less is better."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("squared_error", False, (0.0, math.inf), **kwargs)
