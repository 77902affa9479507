"""Null models of ranking: what lists score that are the same for every user."""

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.ranking import rank_by_item
from muso_exp.tasks.recommendation.split_plays import HeldOut


def null_columns(
    held: HeldOut, popularity: np.ndarray, cutoffs: list[int], n_top: int = 10
) -> dict[str, dict[str, Tensor]]:
    """Return the ranking columns of every null model.

    Args:
        held: the test rows.
        popularity: train users of each item, shape (n_items,).
        cutoffs: the k of the columns.
        n_top: length of the recommended lists.

    Returns:
        `random`, the exact expectation of a random order, and `popularity`, the most popular
        candidates first.
    """
    scores = popularity.astype(np.float32)
    if held.candidates is not None:
        scores = scores[held.candidates]
    return {
        "random": _columns(held, np.zeros_like(scores), cutoffs, n_top),
        "popularity": _columns(held, scores, cutoffs, n_top),
    }


def _columns(
    held: HeldOut, scores: np.ndarray, cutoffs: list[int], n_top: int
) -> dict[str, Tensor]:
    """Return the columns of the same scores of candidates (n_candidates,) for every row."""
    columns = rank_by_item(scores, *held.rows(), cutoffs, n_top, users=held.users)
    if held.candidates is not None:
        top = columns["top"]
        columns["top"] = np.where(top < 0, top, held.candidates[np.maximum(top, 0)])
    return {name: torch.from_numpy(column) for name, column in columns.items()}
