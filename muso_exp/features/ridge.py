"""Ridge regression to several outputs in closed form, its strength chosen by leaving rows out."""

from dataclasses import dataclass

import numpy as np

_BLOCK = 2**24  # numbers of the inputs that are held in float64 at once
_NEGLIGIBLE = 1e-12  # of the largest eigenvalue: below that a direction is rounding


@dataclass(frozen=True)
class RidgeSolution:
    """A fitted ridge regression, y = x @ weight + bias.

    Attributes:
        weight: shape (n_inputs, n_outputs), float64.
        bias: shape (n_outputs,).
        strength: that was chosen for each output, shape (n_outputs,).
        left_out: mean squared error of each row predicted from all others, by strength, shape
            (n_strengths, n_outputs).
    """

    weight: np.ndarray
    bias: np.ndarray
    strength: np.ndarray
    left_out: np.ndarray


def fit_ridge(x: np.ndarray, y: np.ndarray, strengths: np.ndarray) -> RidgeSolution:
    """Fit min |y - x w - b|^2 + lambda |w|^2, lambda by exact leave-one-out for each output.

    With the thin singular value decomposition of the centred inputs, U diag(d)^(1/2) V', fitted
    values are U diag(d / (d + lambda)) U' y, and the residual of a row that was left out is the
    residual divided by 1 - its leverage. U comes from the smaller of the two Gram matrices: of the
    rows where there are fewer rows than inputs (the dual), else of the inputs.

    Args:
        x: inputs, shape (n_rows, n_inputs), float32 or float64.
        y: outputs, shape (n_rows, n_outputs).
        strengths: to choose from, > 0; lambda as a share of the mean squared length of a row.

    Raises:
        ValueError: fewer than two rows, no strength, one that is not positive, or inputs that
            never vary.

    Source: Hastie, Tibshirani and Friedman, "Elements of Statistical Learning", 3.4.1 and 7.10.
    Deviation: none.
    """
    if len(x) < 2:
        raise ValueError(f"at least two rows are needed, got {len(x)}")
    if len(strengths) == 0 or not (np.asarray(strengths) > 0).all():
        raise ValueError(f"strengths must be positive numbers, got {list(strengths)}")
    shift, y_shift = x.mean(axis=0, dtype=np.float64), y.mean(axis=0, dtype=np.float64)
    centred = y - y_shift
    basis, d = _row_basis(x, shift)  # (n_rows, rank), (rank,)
    projected = basis.T @ centred  # (rank, n_outputs)
    unit = d.sum() / len(x)
    errors = [_left_out(basis, d, projected, centred, unit * share) for share in strengths]
    left_out = np.stack(errors)  # (n_strengths, n_outputs)
    strength = np.asarray(strengths, dtype=np.float64)[left_out.argmin(axis=0)]
    dual = basis @ (projected / (d[:, None] + unit * strength))  # (n_rows, n_outputs)
    weight = _transposed_product(x, shift, dual)
    return RidgeSolution(weight, y_shift - shift @ weight, strength, left_out)


def _left_out(
    basis: np.ndarray, d: np.ndarray, projected: np.ndarray, centred: np.ndarray, penalty: float
) -> np.ndarray:
    """Return the mean squared leave-one-out residual of each output, (n_outputs,)."""
    shrunk = d / (d + penalty)  # (rank,)
    leverage = 1 / len(basis) + basis**2 @ shrunk  # (n_rows,)
    residual = centred - basis @ (shrunk[:, None] * projected)  # (n_rows, n_outputs)
    return ((residual / (1 - leverage)[:, None]) ** 2).mean(axis=0)


def _row_basis(x: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the left singular vectors of the centred inputs and the squared singular values."""
    n_rows, n_inputs = x.shape
    if n_rows <= n_inputs:
        gram = np.zeros((n_rows, n_rows))
        for columns in _blocks(n_inputs, n_rows):
            part = x[:, columns].astype(np.float64) - shift[columns]
            gram += part @ part.T
        d, basis = np.linalg.eigh(gram)
        kept = _kept(d)
        return basis[:, kept], d[kept]
    gram = np.zeros((n_inputs, n_inputs))
    for rows in _blocks(n_rows, n_inputs):
        part = x[rows].astype(np.float64) - shift
        gram += part.T @ part
    d, directions = np.linalg.eigh(gram)
    kept = _kept(d)
    scaled = directions[:, kept] / np.sqrt(d[kept])  # (n_inputs, rank)
    parts = [(x[rows].astype(np.float64) - shift) @ scaled for rows in _blocks(n_rows, n_inputs)]
    return np.concatenate(parts), d[kept]


def _kept(d: np.ndarray) -> np.ndarray:
    if not d.max() > 0:
        raise ValueError("the inputs are the same in all rows: nothing to learn from")
    return d > _NEGLIGIBLE * d.max()


def _transposed_product(x: np.ndarray, shift: np.ndarray, dual: np.ndarray) -> np.ndarray:
    """Return (x - shift).T @ dual, shape (n_inputs, n_outputs)."""
    weight = np.zeros((x.shape[1], dual.shape[1]))
    for rows in _blocks(len(x), x.shape[1]):
        weight += (x[rows].astype(np.float64) - shift).T @ dual[rows]
    return weight


def _blocks(n: int, width: int) -> list[slice]:
    """Return slices of n, each of which times `width` is a bounded number of values."""
    size = max(_BLOCK // width, 1)
    return [slice(first, first + size) for first in range(0, n, size)]
