"""What every rank metric needs: tied rows as groups, and resamples in chunks of bounded memory."""

from collections.abc import Callable

import torch
from torch import Tensor

CHUNK = 2**24  # numbers held at once: resamples x rows

Formula = Callable[[Tensor, Tensor, Tensor], Tensor]


def in_chunks(formula: Formula, weights: Tensor, values: Tensor, target: Tensor) -> Tensor:
    """Apply `formula` to as many rows of weights at a time as memory is meant for.

    Args:
        formula: (weights, values, target) -> one number per row of weights.
        weights: shape (n_resamples, n_rows).
        values: predictions, shape (n_rows,).
        target: truth, shape (n_rows,).

    Returns:
        Shape (n_resamples,); NaN throughout where a prediction is NaN.
    """
    if values.isnan().any():
        return weights.new_full((len(weights),), torch.nan)
    rows = max(CHUNK // max(weights.shape[1], 1), 1)
    return torch.cat([formula(chunk, values, target) for chunk in weights.split(rows)])


def group_weights(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the total weight of each distinct value, ascending, and each row's group.

    Args:
        values: shape (n_rows,).
        weights: shape (n_resamples, n_rows).

    Returns:
        Totals (n_resamples, n_groups) and group numbers (n_rows,).
    """
    distinct, group = values.unique(return_inverse=True)  # (n_groups,), (n_rows,)
    total = weights.new_zeros(len(weights), len(distinct))
    return total.index_add_(1, group, weights), group  # (n_resamples, n_groups)


def weighted_auc(weights: Tensor, scores: Tensor, positive: Tensor) -> Tensor:
    """Return the area under the ROC curve under each row of weights; ties count half.

    Args:
        weights: shape (n_resamples, n_rows).
        scores: shape (n_rows,).
        positive: which rows are of the positive class, shape (n_rows,), bool.

    Returns:
        Shape (n_resamples,); NaN where a resample holds one class only.
    """
    above, _ = group_weights(scores, weights * positive)
    others, _ = group_weights(scores, weights * ~positive)
    below = others.cumsum(dim=1) - others / 2  # (n_resamples, n_groups)
    return (above * below).sum(dim=1) / (above.sum(dim=1) * others.sum(dim=1))


def weighted_spearman(weights: Tensor, preds: Tensor, target: Tensor) -> Tensor:
    """Return the Spearman correlation under each row of weights, by mid-ranks.

    Args:
        weights: shape (n_resamples, n_rows).
        preds: shape (n_rows,).
        target: shape (n_rows,).

    Returns:
        Shape (n_resamples,); 0 where the predictions are all equal, NaN where the target is.
    """
    pred_ranks, pred_square, pred_constant = _centred_ranks(preds, weights)
    true_ranks, true_square, true_constant = _centred_ranks(target, weights)
    product = (weights * pred_ranks * true_ranks).sum(dim=1)  # (n_resamples,)
    value = product / (pred_square * true_square).sqrt()
    return value.masked_fill(pred_constant, 0.0).masked_fill(true_constant, torch.nan)


def _centred_ranks(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return mid-ranks less their mean by row, their sum of squares, and if they are all equal."""
    total, group = group_weights(values, weights)
    ranks = total.cumsum(dim=1) - (total + weights.sum(dim=1, keepdim=True)) / 2
    square = (total * ranks**2).sum(dim=1)  # (n_resamples,)
    return ranks[:, group], square, (total > 0).sum(dim=1) <= 1
