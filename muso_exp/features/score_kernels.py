"""Compiled loops over scores of a block of users: each item is passed over once (numba)."""

import numpy as np
from numba import njit

Array = np.ndarray
_SPREAD = 1e-9  # below that the scores of a row are equal
_STRIP = 64  # items that are turned at once


def z_scores(scores: np.ndarray, known: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Return scores (B, n_items) as z-scores over the known items (n_items,), 0 of the others.

    Args:
        scores: floating.
        known: bool.
        out: zeros, shape (B, n_items), float32, where given: filled and returned.
    """
    out = np.zeros(scores.shape, dtype=np.float32) if out is None else out
    items = np.flatnonzero(known)
    if len(items) == 0:
        return out
    scores, n = np.ascontiguousarray(scores), np.float64(len(items))
    total = np.empty(len(scores), dtype=scores.dtype)
    _sums(scores, items, total)
    mean = (total / n).astype(scores.dtype)
    _squares(scores, items, mean, total)
    spread = np.sqrt((total / n).astype(scores.dtype))
    _scale(scores, items, mean, np.where(spread > _SPREAD, spread, np.inf), out)
    return out


@njit(cache=True, nogil=True)
def _sums(scores: Array, items: Array, total: Array) -> None:
    """Write the sum of some items' scores (B, n_items) to total (B,)."""
    for row in range(len(scores)):
        own = scores[row, items[0]]
        for place in range(1, len(items)):
            own += scores[row, items[place]]
        total[row] = own


@njit(cache=True, nogil=True)
def _squares(scores: Array, items: Array, mean: Array, total: Array) -> None:
    """Write the sum of their squared differences from mean (B,) to total (B,)."""
    for row in range(len(scores)):
        apart = scores[row, items[0]] - mean[row]
        own = apart * apart
        for place in range(1, len(items)):
            apart = scores[row, items[place]] - mean[row]
            own += apart * apart
        total[row] = own


@njit(cache=True, nogil=True, error_model="numpy")
def _scale(scores: Array, items: Array, mean: Array, spread: Array, out: Array) -> None:
    """Write (score - mean) / spread of some items to out (B, n_items); spread is above 0."""
    for row in range(len(scores)):
        for item in items:
            out[row, item] = (scores[row, item] - mean[row]) / spread[row]


@njit(cache=True, nogil=True)
def mix(scores: Array, parts: Array, weights: Array, offsets: Array, out: Array) -> None:
    """Write offsets (n_items,) and the weighted scores of some parts to out (B, n_items).

    Args:
        scores: of all parts, shape (n_parts, B, n_items), float32.
        parts: that are added, one after another.
        weights: shape (n_parts, n_items), float32.
        offsets: shape (n_items,), float32.
        out: shape (B, n_items), float32.
    """
    for row in range(len(out)):
        out[row] = offsets
        for part in parts:
            for item in range(out.shape[1]):
                out[row, item] += weights[part, item] * scores[part, row, item]


@njit(cache=True, nogil=True, error_model="numpy")
def from_users(
    indptr: Array,
    indices: Array,
    data: Array,
    explained: Array,
    strength: np.float32,
    diagonal: Array,
    out: Array,
) -> None:
    """Write EASE's scores by the users' side, x - (x - e) / strength / diagonal, to out.

    Args:
        indptr: of the rows of plays x, a CSR of shape (B, n_items).
        indices: of the rows.
        data: of the rows, float32.
        explained: e, turned, shape (n_items, B), float32.
        strength: of the regularisation.
        diagonal: shape (n_items,), float32.
        out: shape (B, n_items), float32.
    """
    nothing = np.float32(0)
    for start in range(0, out.shape[1], _STRIP):
        for row in range(len(out)):
            for item in range(start, min(start + _STRIP, out.shape[1])):
                left = (nothing - explained[item, row]) / strength
                out[row, item] = nothing - left / diagonal[item]
    for row in range(len(out)):
        for place in range(indptr[row], indptr[row + 1]):
            item = indices[place]
            left = (data[place] - explained[item, row]) / strength
            out[row, item] = data[place] - left / diagonal[item]
