"""What every rank metric needs: rows by their value, ties as groups, walked once for each resample.

Nothing of the size resamples x rows is made beside the weights (numba).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from muso_exp.features.tag_curves import tag_areas
from muso_exp.features.threads import parallel_njit

Array = np.ndarray


class Ties(NamedTuple):
    """Rows by ascending value, those of one value as a group.

    Attributes:
        order: rows, shape (n_rows,), int64.
        starts: where each group begins in `order`, and the end, shape (n_groups + 1,), int64.
    """

    order: Array
    starts: Array

    @classmethod
    def of(cls, values: Tensor) -> Ties:
        """Return the groups of values (n_rows,) without NaN."""
        known = values.detach().cpu().numpy()
        order = np.argsort(known, kind="stable")
        ascending = known[order]
        changes = np.flatnonzero(ascending[1:] != ascending[:-1]) + 1
        ends = [len(known)] if len(known) else []
        return cls(order, np.concatenate([[0], changes, ends]).astype(np.int64))


def weighted_auc(
    weights: Tensor, scores: Tensor, positive: Tensor, rows: Tensor | None = None
) -> Tensor:
    """Return the area under the ROC curve under each row of weights; ties count half.

    Args:
        weights: shape (n_resamples, n_rows).
        scores: shape (n_rows,).
        positive: which rows are of the positive class, shape (n_rows,), bool.
        rows: whose columns of the weights are meant, of more; None: all.

    Returns:
        Shape (n_resamples,), float64; NaN where a resample holds one class only, and throughout
        where a score is NaN.
    """
    return _areas(weights, scores, positive, rows)[0]


def weighted_precision(
    weights: Tensor, scores: Tensor, positive: Tensor, rows: Tensor | None = None
) -> Tensor:
    """Return the average precision under each row of weights; rows of one score enter together.

    Args and returns are those of `weighted_auc`; NaN where a resample holds no positive.
    """
    return _areas(weights, scores, positive, rows)[1]


def weighted_spearman(weights: Tensor, preds: Tensor, target: Tensor) -> Tensor:
    """Return the Spearman correlation under each row of weights, by mid-ranks.

    Args:
        weights: shape (n_resamples, n_rows).
        preds: shape (n_rows,).
        target: shape (n_rows,).

    Returns:
        Shape (n_resamples,), float64; 0 where the predictions are all equal, NaN where the target
        is, and throughout where a prediction is NaN.
    """
    out = np.full(len(weights), np.nan)
    if not preds.isnan().any():
        _spearman(_numbers(weights), *Ties.of(preds), *Ties.of(target), out)
    return torch.from_numpy(out).to(weights.device)


def _areas(
    weights: Tensor, scores: Tensor, positive: Tensor, rows: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return both areas of `tag_areas`, (n_resamples,) each; NaN where a score is NaN."""
    if scores.isnan().any():
        nothing = torch.full((len(weights),), torch.nan, dtype=torch.float64, device=weights.device)
        return nothing, nothing
    values, classes = (part.detach().cpu().numpy()[:, None] for part in (scores, positive))
    chosen = None if rows is None else rows.cpu().numpy()
    areas = tag_areas(values, classes, _numbers(weights), chosen)
    roc, pr = (torch.from_numpy(area[:, 0]) for area in areas)
    return roc.to(weights.device), pr.to(weights.device)


def _numbers(weights: Tensor) -> Array:
    return np.ascontiguousarray(weights.detach().cpu().numpy(), dtype=np.float64)


@njit(cache=True)
def _centred_ranks(own: Array, order: Array, starts: Array, ranks: Array) -> tuple[float, int]:
    """Fill mid-ranks (n_rows,) less their mean; return their sum of squares, and how many differ.

    All are weighted by `own` (n_rows,); a value without weight is none.
    """
    whole = own.sum()
    below, square, n_values = 0.0, 0.0, 0
    for group in range(len(starts) - 1):
        rows = order[starts[group] : starts[group + 1]]
        total = 0.0
        for row in rows:
            total += own[row]
        rank = below + (total - whole) / 2
        for row in rows:
            ranks[row] = rank
        below += total
        square += total * rank**2
        n_values += total > 0
    return square, n_values


@parallel_njit(error_model="numpy")
def _spearman(
    weights: Array, order: Array, starts: Array, true_order: Array, true_starts: Array, out: Array
) -> None:
    for resample in prange(len(weights)):
        own = weights[resample]
        ranks, true_ranks = np.empty(len(own)), np.empty(len(own))
        square, n_values = _centred_ranks(own, order, starts, ranks)
        true_square, n_true = _centred_ranks(own, true_order, true_starts, true_ranks)
        if n_true <= 1:
            out[resample] = np.nan
        elif n_values <= 1:
            out[resample] = 0.0
        else:
            product = 0.0
            for row in range(len(own)):
                product += own[row] * ranks[row] * true_ranks[row]
            out[resample] = product / np.sqrt(square * true_square)
