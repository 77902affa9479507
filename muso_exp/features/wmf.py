"""Weighted matrix factorisation: confidence weights, the objective, and the exact biased solve."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numba import prange
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.threads import parallel_njit

_CHUNK = 2**23  # numbers gathered at once by the biased solve, or weighted at once

_ROWS = 2**17  # of factors, in float64 at once


def log_confidence(plays: csr_matrix, alpha: float, epsilon: float) -> csr_matrix:
    """Turn play counts into confidence weights, c = 1 + alpha * log(1 + r / epsilon).

    Args:
        plays: play counts r, shape (n_users, n_items); only stored entries are touched.
        alpha: weight of one log-play, no unit.
        epsilon: plays at which the log starts to bend.

    Returns:
        Total confidence c of the stored entries, float32; an absent entry means c = 1.

    Raises:
        ValueError: a stored count is zero or negative, alpha < 0 or epsilon <= 0.

    Source: document 5, section V-C, and the thesis' code; after Hu, Koren and Volinsky, ICDM 2008,
    equation 6. Deviation: none.
    """
    if epsilon <= 0:
        raise ValueError(f"epsilon must be > 0, got {epsilon}; set model.epsilon")
    return _weighted(plays, lambda counts: np.log1p(counts / epsilon), alpha)


def linear_confidence(plays: csr_matrix, alpha: float) -> csr_matrix:
    """Turn play counts into confidence weights, c = 1 + alpha * r; see `log_confidence`.

    Source: Hu, Koren and Volinsky, ICDM 2008, section 4. Deviation: none.
    """
    return _weighted(plays, lambda counts: counts, alpha)


def _weighted(
    plays: csr_matrix, strength: Callable[[np.ndarray], np.ndarray], alpha: float
) -> csr_matrix:
    if alpha < 0:
        raise ValueError(f"alpha must be >= 0, got {alpha}; set model.alpha")
    if plays.nnz and plays.data.min() <= 0:
        raise ValueError(f"play counts must be > 0, got {plays.data.min()}")
    weights = np.empty(plays.nnz, dtype=np.float32)
    for start in range(0, plays.nnz, _CHUNK):
        part = slice(start, start + _CHUNK)
        weights[part] = 1 + alpha * strength(plays.data[part].astype(np.float64))
    return csr_matrix((weights, plays.indices, plays.indptr), shape=plays.shape)


def objective(
    confidence: csr_matrix, user_factors: Tensor, item_factors: Tensor, regularization: float
) -> float:
    """Return what WMF minimises: sum c (p - score)^2 over all cells + regularization * norms.

    The absent cells (p = 0, c = 1) are summed at once, through the Gram matrices.

    Args:
        confidence: total c of the stored entries, shape (n_users, n_items); there p = 1.
        user_factors: shape (n_users, n_factors).
        item_factors: shape (n_items, n_factors).
        regularization: weight of the squared norms of the factors.
    """
    users, items = _gram(user_factors), _gram(item_factors)
    everywhere, norms = (users * items).sum(), users.trace() + items.trace()
    stored = stored_error(confidence, user_factors, item_factors)
    return float(everywhere + regularization * norms) + stored


def biased_objective(
    confidence: csr_matrix, user_factors: Tensor, item_factors: Tensor, regularization: float
) -> float:
    """Return the objective of factors whose last column is an unregularised bias.

    A score is the product of the other columns plus both biases. Arguments as of `objective`.
    """
    users, items = extend_users(user_factors), extend_items(item_factors)
    plain = objective(confidence, users, items, 0.0)
    norms = _gram(user_factors[:, :-1]).trace() + _gram(item_factors[:, :-1]).trace()
    return plain + regularization * float(norms)


def _gram(factors: Tensor) -> Tensor:
    """Return the products of the columns (n_factors, n_factors), float64, by blocks of rows."""
    blocks = (block.double() for block in factors.split(_ROWS))
    return sum((block.T @ block for block in blocks), factors.new_zeros(1, 1).double())


def extend_users(factors: Tensor) -> Tensor:
    """Return (p, b) as (p, b, 1), so that its product with `extend_items` is the score."""
    return torch.cat([factors, torch.ones_like(factors[:, :1])], dim=1)  # (n_users, n_factors + 1)


def extend_items(factors: Tensor) -> Tensor:
    """Return (q, b) as (q, 1, b), see `extend_users`."""
    bias = factors[:, -1:]
    return torch.cat([factors[:, :-1], torch.ones_like(bias), bias], dim=1)


def stored_error(
    confidence: csr_matrix, users: Tensor, items: Tensor, absent: float = 1.0
) -> float:
    """Return the sum of c (1 - score)^2 - absent * score^2 over the stored entries."""
    x, y = users.cpu().numpy(), items.cpu().numpy()
    sums = np.zeros(len(x))
    parts = confidence.indptr, confidence.indices, confidence.data
    _sum_stored(*parts, x, y, np.float32(absent), sums)
    return float(sums.sum())


@parallel_njit(fastmath=True)
def _sum_stored(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    absent: np.float32,
    sums: np.ndarray,
) -> None:
    for u in prange(len(x)):
        own, total = x[u], 0.0
        for place in range(indptr[u], indptr[u + 1]):
            other, score = y[indices[place]], np.float32(0)
            for f in range(x.shape[1]):
                score += own[f] * other[f]
            total += data[place] * (1 - score) ** 2 - absent * score * score
        sums[u] = total


def solve_biased(confidence: csr_matrix, factors: Tensor, regularization: float) -> Tensor:
    """Solve one side of WMF with a bias column exactly, given the other side.

    For each row u: x = (p, b) minimises sum over columns i of c (p_ui - b_i - x . (q_i, 1))^2 +
    regularization * |p|^2, that is, with Q = (q, 1) and s = c - 1,
    (Q'Q + R + sum s Q_i Q_i') x = sum over stored (1 + s (1 - b_i)) Q_i - sum over all b_i Q_i.

    Args:
        confidence: total c of the stored entries, shape (n_rows, n_columns).
        factors: of the columns, the bias last, shape (n_columns, n_factors).
        regularization: weight of the squared norm; the bias is left out of it.

    Returns:
        The factors of the rows, the bias last, shape (n_rows, n_factors).

    Source: the thesis' code. Deviation: none; many rows are solved at once.
    """
    bias = factors[:, -1]
    extended = torch.cat([factors[:, :-1], torch.ones_like(bias[:, None])], dim=1)
    width = extended.shape[1]
    ridge = torch.full((width,), regularization, dtype=factors.dtype, device=factors.device)
    ridge[-1] = 0
    gram = extended.T @ extended + ridge.diag()  # (n_factors, n_factors)
    shift = -(bias @ extended)  # (n_factors,)
    solved = torch.empty(confidence.shape[0], width, dtype=factors.dtype, device=factors.device)
    for rows in _similar_lengths(np.diff(confidence.indptr), width):
        columns, extra, stored = (part.to(factors.device) for part in _padded(confidence, rows))
        own = extended[columns]  # (n, length, n_factors)
        left = gram + (own * extra[..., None]).mT @ own  # (n, n_factors, n_factors)
        pull = stored + extra * (1 - bias[columns])  # (n, length)
        right = shift + (pull[:, None] @ own)[:, 0]  # (n, n_factors)
        solved[torch.from_numpy(rows)] = torch.linalg.solve(left, right)
    return solved


def _similar_lengths(lengths: np.ndarray, width: int) -> Iterator[np.ndarray]:
    """Yield rows in groups of similar length, each of which fits into memory once padded."""
    order = np.argsort(lengths, kind="stable")
    stop = len(order)
    while stop > 0:
        longest = max(int(lengths[order[stop - 1]]), width)
        start = max(stop - max(_CHUNK // (longest * width), 1), 0)
        yield order[start:stop]
        stop = start


def _padded(confidence: csr_matrix, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """Return column numbers, c - 1 and a mask of the rows' entries, shape (n, longest)."""
    part = confidence[rows]
    lengths = np.diff(part.indptr)
    stored = np.arange(max(lengths.max(), 1)) < lengths[:, None]  # (n, longest)
    columns = np.zeros(stored.shape, dtype=np.int64)
    extra = np.zeros(stored.shape, dtype=np.float32)
    columns[stored], extra[stored] = part.indices, part.data - 1
    return torch.from_numpy(columns), torch.from_numpy(extra), torch.from_numpy(stored).float()
