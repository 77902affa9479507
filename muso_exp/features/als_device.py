"""One half of an ALS sweep in torch, on the device of the factors: conjugate gradients at once."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.als_kernel import require_finite, solve_rows

_ENTRIES = 2**18  # stored entries whose factors are gathered at once: 84 MB of 80 factors
_TINY = 1e-20  # a squared residual at which a row is solved


def solve_half(
    confidence: csr_matrix,
    rows: Tensor,
    columns: Tensor,
    regularization: np.ndarray,
    cg_steps: int,
    n_threads: int = 0,
    target: float = 1.0,
) -> None:
    """Move the factors of the rows towards their solution where they are: CPU or device.

    Args:
        confidence: see `solve_on_device`.
        rows: see `solve_on_device`.
        columns: see `solve_on_device`.
        regularization: weight of each row's squared norm, (n_rows,), float32.
        cg_steps: see `solve_on_device`.
        n_threads: on a CPU; 0 means all cores.
        target: see `solve_on_device`.
    """
    if rows.device.type != "cpu":
        solve_on_device(confidence, rows, columns, regularization, cg_steps, target=target)
        return
    arrays = rows.numpy(), columns.numpy()
    solve_rows(confidence, *arrays, regularization, cg_steps, n_threads=n_threads, target=target)


def solve_on_device(
    confidence: csr_matrix,
    rows: Tensor,
    columns: Tensor,
    regularization: float | np.ndarray,
    cg_steps: int,
    bias: bool = False,
    target: float = 1.0,
) -> None:
    """Move the factors of the rows towards their solution, as `als_kernel.solve_rows` does.

    Args:
        confidence: total c of the stored entries, shape (n_rows, n_columns), float32.
        rows: factors of the rows, shape (n_rows, n_factors), float32: the start, and the result.
        columns: factors of the columns, shape (n_columns, n_factors), on the same device.
        regularization: weight of the squared norm, one for all or one a row, (n_rows,), float32.
        cg_steps: of conjugate gradients, >= 1.
        bias: whether the last column of the factors is a bias.
        target: what the scores of the stored entries are to be.

    Raises:
        DivergedError: factors of the columns are not finite, or too large to be multiplied.
    """
    base, others = torch.zeros_like(columns[:, -1]), columns
    own_ridge = torch.zeros_like(rows[:, :1])  # of each row, beside that of all
    ridge = torch.zeros_like(columns[0])
    if isinstance(regularization, np.ndarray):
        own_ridge[:, 0] = torch.from_numpy(regularization)
    else:
        ridge[:] = regularization
    if bias:
        base, others = (
            columns[:, -1],
            torch.cat([columns[:, :-1], torch.ones_like(columns[:, :1])], 1),
        )
        ridge[-1] = 0
    gram = others.T @ others + ridge.diag()  # (n_factors, n_factors)
    require_finite(gram.cpu().numpy())
    shift = -(base @ others)  # (n_factors,)
    for start, stop in _blocks(confidence.indptr):
        part = slice(confidence.indptr[start], confidence.indptr[stop])
        lengths = torch.from_numpy(np.diff(confidence.indptr[start : stop + 1])).to(rows.device)
        stored = torch.from_numpy(confidence.indices[part]).to(rows.device).long()
        weights = torch.from_numpy(confidence.data[part]).to(rows.device)
        own = others[stored]  # (n_entries, n_factors)
        extra, pull = weights - 1, weights * target - (weights - 1) * base[stored]
        row = torch.repeat_interleave(torch.arange(len(lengths), device=rows.device), lengths)
        mapped = _map(gram, own_ridge[start:stop], own, extra, row)
        right = shift.expand(len(lengths), -1).index_add(0, row, own * pull[:, None])
        rows[start:stop] = _descend(mapped, rows[start:stop], right, cg_steps)
    empty = torch.from_numpy(np.diff(confidence.indptr) == 0).to(rows.device)
    alone = torch.linalg.lstsq(gram.cpu(), shift.cpu()[:, None]).solution[:, 0]
    rows[empty] = alone.to(rows.device)


def _blocks(indptr: np.ndarray) -> list[tuple[int, int]]:
    """Return ranges of rows of about so many entries; a longer row stands by itself."""
    ranges, start, n_rows = [], 0, len(indptr) - 1
    while start < n_rows:
        stop = int(np.searchsorted(indptr, indptr[start] + _ENTRIES, side="right")) - 1
        stop = min(max(stop, start + 1), n_rows)
        ranges.append((start, stop))
        start = stop
    return ranges


def _map(
    gram: Tensor, ridge: Tensor, own: Tensor, extra: Tensor, row: Tensor
) -> Callable[[Tensor], Tensor]:
    """Return what maps x (n, n_factors) to the left side of the normal equations, same shape."""

    def mapped(x: Tensor) -> Tensor:
        scores = (own * x[row]).sum(dim=1) * extra  # (n_entries,)
        return (x @ gram + ridge * x).index_add(0, row, own * scores[:, None])

    return mapped


def _descend(mapped: Callable[[Tensor], Tensor], x: Tensor, right: Tensor, cg_steps: int) -> Tensor:
    """Return x (n, n_factors) after so many steps towards the solution of mapped(x) = right."""
    residual = right - mapped(x)
    direction = residual
    error = residual.square().sum(dim=1, keepdim=True)  # (n, 1)
    for _ in range(cg_steps):
        moving = error >= _TINY
        image = mapped(direction)
        step = torch.where(moving, error / (direction * image).sum(dim=1, keepdim=True), 0)
        x, residual = x + step * direction, residual - step * image
        left = residual.square().sum(dim=1, keepdim=True)
        direction = torch.where(moving, residual + left / error * direction, direction)
        error = torch.where(moving, left, error)
    return x
