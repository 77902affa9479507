"""One half of an ALS sweep on the CPU: conjugate gradients for blocks of rows, compiled."""

import numpy as np
from numba import njit, prange, set_num_threads
from scipy.sparse import csr_matrix

from muso_exp.errors import DivergedError
from muso_exp.features.threads import loop_threads, one_blas_thread, parallel_njit

NEARER = (
    "set model.init_std, model.regularization and the weights of plays (such as model.alpha) "
    "nearer to the defaults in conf/model"
)
_BLOCK = 32  # rows whose products with the Gram matrix are one matrix product
_TINY = np.float32(1e-20)  # a squared residual at which a row is solved


def solve_rows(
    confidence: csr_matrix,
    rows: np.ndarray,
    columns: np.ndarray,
    regularization: float | np.ndarray,
    cg_steps: int,
    bias: bool = False,
    n_threads: int = 0,
    target: float = 1.0,
) -> None:
    """Move the factors of the rows towards their least squares solution, in place.

    A row x minimises the sum over all columns i of c_i (p_i - b_i - x . y_i)^2 plus
    regularization * |x|^2, where p is `target` and c as stored, else 0 and 1. With `bias` the last
    entry of a column's factors is b_i, and 1 in its y_i; that of x is the row's own bias, which is
    not regularised. Without it b is 0. A row without entries is solved at once. The result depends
    on neither the number of threads nor the order of the rows.

    Args:
        confidence: total c of the stored entries, shape (n_rows, n_columns), float32; in range,
            since compiled code trusts it.
        rows: factors of the rows, shape (n_rows, n_factors), float32: the start, and the result.
        columns: factors of the columns, shape (n_columns, n_factors), float32.
        regularization: weight of the squared norm, one for all or one a row, (n_rows,), float32.
        cg_steps: of conjugate gradients, >= 1.
        bias: whether the last column of the factors is a bias.
        n_threads: 0 means all cores.
        target: p of the stored entries.

    Raises:
        DivergedError: factors of the columns are not finite, or too large to be multiplied.

    Source: Takacs, Pilaszy and Tikk, RecSys 2011 (conjugate gradients for WMF). Deviation: none;
    the steps of a block of rows are taken together, one matrix product with the Gram matrix each.
    """
    base, others = np.zeros(len(columns), dtype=np.float32), columns
    own_ridge = np.zeros(len(rows), dtype=np.float32)  # of each row, beside that of all
    ridge = np.zeros(columns.shape[1], dtype=np.float32)
    if np.ndim(regularization):
        own_ridge[:] = regularization
    else:
        ridge[:] = regularization
    if bias:
        base, others = columns[:, -1].copy(), columns.copy()
        others[:, -1], ridge[-1] = 1, 0
        if np.ndim(regularization):
            raise ValueError("a bias needs one regularization for all rows")
    with np.errstate(all="ignore"):  # what is not finite is refused
        gram = others.T @ others + np.diag(ridge)  # (n_factors, n_factors)
    require_finite(gram)
    shift = -(base @ others)  # (n_factors,)
    n_blocks = -(-len(rows) // _BLOCK)
    order = np.random.default_rng(0).permutation(n_blocks)  # long rows come to all threads
    used = loop_threads()
    with one_blas_thread():  # each thread multiplies its own blocks
        try:
            set_num_threads(min(n_threads or used, used))
            _solve(
                *(confidence.indptr, confidence.indices, confidence.data),
                *(rows, others, gram, shift, base, own_ridge, np.float32(target)),
                *(cg_steps, order),
            )
        finally:
            set_num_threads(used)
    rows[np.diff(confidence.indptr) == 0] = np.linalg.lstsq(gram, shift)[0]


def require_finite(gram: np.ndarray) -> None:
    """Raise DivergedError unless the Gram matrix of factors (n_factors, n_factors) is finite."""
    if not np.isfinite(gram).all():
        raise DivergedError(f"the factors are not finite; {NEARER}")


@parallel_njit()  # with fastmath here the run that compiles it rounds otherwise than later ones
def _solve(
    indptr: np.ndarray,
    indices: np.ndarray,
    confidence: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    gram: np.ndarray,
    shift: np.ndarray,
    base: np.ndarray,
    ridge: np.ndarray,
    target: np.float32,
    cg_steps: int,
    order: np.ndarray,
) -> None:
    longest = 0
    for row in range(len(rows)):
        longest = max(longest, indptr[row + 1] - indptr[row])
    nothing = np.zeros(longest, dtype=np.float32)
    for turn in prange(len(order)):
        start = order[turn] * _BLOCK
        x = rows[start : start + _BLOCK]
        residual = shift - np.dot(x, gram)  # (n, n_factors)
        error = np.empty(len(x), dtype=np.float32)
        for j in range(len(x)):
            first, last = indptr[start + j], indptr[start + j + 1]
            own, stored = confidence[first:last], indices[first:last]
            pull = own * target - (own - np.float32(1)) * base[stored]
            for f in range(x.shape[1]):
                residual[j, f] -= ridge[start + j] * x[j, f]
            _add(columns, stored, own, pull, x[j], residual[j])
            error[j] = _dot(residual[j], residual[j])
        direction = residual.copy()
        for _ in range(cg_steps):
            minus = -np.dot(direction, gram)  # what the direction is mapped to, its sign turned
            for j in range(len(x)):
                if error[j] < _TINY:
                    continue
                first, last = indptr[start + j], indptr[start + j + 1]
                own, stored = confidence[first:last], indices[first:last]
                for f in range(x.shape[1]):
                    minus[j, f] -= ridge[start + j] * direction[j, f]
                _add(columns, stored, own, nothing, direction[j], minus[j])
                step = -error[j] / _dot(direction[j], minus[j])
                for f in range(x.shape[1]):
                    x[j, f] += step * direction[j, f]
                    residual[j, f] += step * minus[j, f]
                left = _dot(residual[j], residual[j])
                for f in range(x.shape[1]):
                    direction[j, f] = residual[j, f] + (left / error[j]) * direction[j, f]
                error[j] = left


@njit(fastmath=True, cache=True)
def _dot(x: np.ndarray, y: np.ndarray) -> np.float32:
    total = np.float32(0)
    for f in range(len(x)):
        total += x[f] * y[f]
    return total


@njit(fastmath=True, cache=True)
def _add(
    columns: np.ndarray,
    stored: np.ndarray,
    confidence: np.ndarray,
    pull: np.ndarray,
    x: np.ndarray,
    out: np.ndarray,
) -> None:
    """Add the sum over stored columns i of (pull_i - (c_i - 1) x . y_i) y_i to out (n_factors,).

    Eight columns at a time: x and out are read once for all of them.
    """
    k, one = 0, np.float32(1)
    while k + 8 <= len(stored):
        y0, y1, y2, y3 = _four(columns, stored, k)
        y4, y5, y6, y7 = _four(columns, stored, k + 4)
        t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = np.float32(0)
        for f in range(len(x)):
            own = x[f]
            t0 += y0[f] * own
            t1 += y1[f] * own
            t2 += y2[f] * own
            t3 += y3[f] * own
            t4 += y4[f] * own
            t5 += y5[f] * own
            t6 += y6[f] * own
            t7 += y7[f] * own
        t0 = pull[k] - (confidence[k] - one) * t0
        t1 = pull[k + 1] - (confidence[k + 1] - one) * t1
        t2 = pull[k + 2] - (confidence[k + 2] - one) * t2
        t3 = pull[k + 3] - (confidence[k + 3] - one) * t3
        t4 = pull[k + 4] - (confidence[k + 4] - one) * t4
        t5 = pull[k + 5] - (confidence[k + 5] - one) * t5
        t6 = pull[k + 6] - (confidence[k + 6] - one) * t6
        t7 = pull[k + 7] - (confidence[k + 7] - one) * t7
        for f in range(len(x)):
            out[f] += t0 * y0[f] + t1 * y1[f] + t2 * y2[f] + t3 * y3[f]
            out[f] += t4 * y4[f] + t5 * y5[f] + t6 * y6[f] + t7 * y7[f]
        k += 8
    while k < len(stored):
        y = columns[stored[k]]
        weight = pull[k] - (confidence[k] - one) * _dot(x, y)
        for f in range(len(x)):
            out[f] += weight * y[f]
        k += 1


@njit(cache=True)
def _four(
    columns: np.ndarray, stored: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return (
        columns[stored[k]],
        columns[stored[k + 1]],
        columns[stored[k + 2]],
        columns[stored[k + 3]],
    )
