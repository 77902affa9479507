"""From probabilities to decisions: where to cut."""

import torch
from torch import Tensor

THRESHOLDS = ("half", "validation", "test_midrange")


def midrange(probability: Tensor) -> Tensor:
    """Return the midpoint of the smallest and the largest probability (n_rows,), shape ().

    Source: document 2, section 6. Deviation: none; it was taken from the test set.
    """
    return (probability.min() + probability.max()) / 2


def best_f1_threshold(probability: Tensor, target: Tensor) -> Tensor:
    """Return the threshold with the highest F1 of "positive from here up"; the lowest of equals.

    Args:
        probability: of the positive class, shape (n_rows,).
        target: 0 or 1, shape (n_rows,).

    Returns:
        One of the probabilities, shape ().
    """
    levels, group = torch.unique(probability, return_inverse=True)  # ascending
    zeros = torch.zeros(len(levels), dtype=torch.float64, device=probability.device)
    rows = zeros.index_add(0, group, torch.ones_like(target, dtype=torch.float64))
    hits = zeros.index_add(0, group, target.double())
    decided, found = (part.flip(0).cumsum(0).flip(0) for part in (rows, hits))  # from here up
    f1 = 2 * found / (decided + target.double().sum())  # (n_levels,)
    return levels[f1.argmax()]
