"""Metrics of similarities between songs: do two kinds of likeness order the other songs alike?

Both read `similarity` and `target`, shape (n_rows, n_songs): how alike the song of a row is to each
other one, by the model and by what it is set beside; NaN in the target where two songs are not
compared.
"""

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from muso_exp.features.neighbours import expected_mean
from muso_exp.metrics.base import RowMean


class SongRankCorrelation(RowMean):
    """Mean over songs of Spearman's correlation between the two likenesses to all other songs.

    Of a song to which all others are equally alike it is 0.
    """

    fields = ("similarity", "target")
    bounds = (-1.0, 1.0)

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the correlation of each row, shape (n_rows,)."""
        pairs = zip(columns["similarity"].numpy(), columns["target"].numpy(), strict=True)
        own = [rank_correlation(similarity, target) for similarity, target in pairs]
        return torch.tensor(own, dtype=torch.float64)


class MeanOfNearest(RowMean):
    """Mean target likeness of the k songs that are most alike by the model, of ties expected.

    Args:
        k: how many songs.
        bounds: least and greatest likeness.
    """

    fields = ("similarity", "target")

    def __init__(self, k: int, bounds: tuple[float, float] = (-1.0, 1.0)) -> None:
        self.k, self.bounds = k, bounds
        super().__init__()

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the mean likeness of the nearest of each row, shape (n_rows,)."""
        own = []
        for similarity, target in zip(
            columns["similarity"].numpy(), columns["target"].numpy(), strict=True
        ):
            compared = ~np.isnan(target)
            own.append(expected_mean(similarity[compared], target[compared], self.k))
        return torch.tensor(own, dtype=torch.float64)


def rank_correlation(similarity: np.ndarray, target: np.ndarray) -> float:
    """Return Spearman's correlation of two likenesses (n_songs,), 0 where one never varies.

    Args:
        similarity: of each song.
        target: of each song; NaN: not compared.
    """
    compared = ~np.isnan(target)
    ranks = [rankdata(values[compared]) for values in (similarity, target)]
    centred = [values - values.mean() for values in ranks]
    length = np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum())
    return float(centred[0] @ centred[1] / length) if length > 0 else 0.0
