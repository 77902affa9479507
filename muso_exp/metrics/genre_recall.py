"""How often clips of one genre are recognised: a metric for each genre."""

import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from muso_exp.metrics.base import RowMean, WeightedMetric
from muso_exp.metrics.genres import hits

MOST = 16  # genres with a metric of their own


class GenreRecall(RowMean):
    """Share of the rows of one genre whose decision is that genre; NaN without any.

    It describes and does not judge: a model that always decides for the genre has all of it.

    Args:
        number: of the genre.
        **kwargs: of `torchmetrics.Metric`.
    """

    skips_undefined = True
    bounds = (0.0, 1.0)
    fields = ("probabilities", "target")
    higher_is_better = None

    def __init__(self, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the hit (NaN of another genre) of each row, shape (n_rows,)."""
        right = hits(columns["probabilities"], columns["target"]).double()
        return right.masked_fill(columns["target"] != self.number, torch.nan)


def genre_recalls(names: Sequence[str]) -> dict[str, WeightedMetric]:
    """Return the recall of each genre, by a name made of letters, digits and `_`.

    Of more than 16 genres there is none: a report would be too long.
    """
    if len(names) > MOST:
        return {}
    words = [re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").lower() for name in names]
    labels = [
        word if word and words.count(word) == 1 else f"{word}_{number}".lstrip("_")
        for number, word in enumerate(words)
    ]
    return {f"recall_{label}": GenreRecall(number) for number, label in enumerate(labels)}
