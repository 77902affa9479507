"""Null models of the degree-of-separation task: what one scores without looking at the users."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Gain = Callable[[np.ndarray], np.ndarray]

GAINS: dict[str, Gain] = {
    "acc_exact": lambda distance: distance == 0,
    "acc_within_lt3": lambda distance: distance < 3,
    "acc_within_le3": lambda distance: distance <= 3,
    "mae": lambda distance: -distance,
}


def null_columns(train_target: Tensor, n_classes: int, n_rows: int) -> dict[str, dict[str, Tensor]]:
    """Return the prediction columns of every null model.

    Args:
        train_target: class indices of the train pairs, shape (n_train,).
        n_classes: number of classes.
        n_rows: number of test rows.

    Returns:
        By null model: `strategy` (n_rows, n_classes) and `friend` (n_rows,), float64. Random
        guessers are given as distributions, so that their scores are exact expectations.
    """
    prior = torch.bincount(train_target, minlength=n_classes).double() / len(train_target)
    uniform = torch.full((n_classes,), 1 / n_classes, dtype=torch.float64)
    strategies = {"uniform": uniform, "train_prior": prior, "always_1": _constant(0, n_classes)}
    for metric in GAINS:
        best = best_constant(train_target.numpy(), n_classes, metric)
        rule = metric.removeprefix("acc_").removeprefix("within_")
        strategies[f"best_constant_{rule}"] = _constant(best - 1, n_classes)
    return {
        name: {"strategy": row.repeat(n_rows, 1), "friend": row[:1].repeat(n_rows)}
        for name, row in strategies.items()
    }


def best_constant(train_target: np.ndarray, n_classes: int, metric: str) -> int:
    """Return the DOS that scores best on train if predicted for every pair; the smallest of equals.

    Args:
        train_target: class indices of the train pairs, shape (n_train,).
        n_classes: number of classes.
        metric: one of `GAINS`.
    """
    counts = np.bincount(train_target, minlength=n_classes)  # (n_classes,)
    classes = np.arange(n_classes)
    gain = GAINS[metric](np.abs(classes[:, None] - classes))  # (predicted, true)
    return int(np.argmax(gain.astype(np.int64) @ counts)) + 1


def _constant(index: int, n_classes: int) -> Tensor:
    row = torch.zeros(n_classes, dtype=torch.float64)
    row[index] = 1.0
    return row
