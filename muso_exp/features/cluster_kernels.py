"""Compiled loops of `muso_exp.features.clusters`, which checks what they are given (numba).

Rows are taken in blocks, transposed, so that a vector unit works on many rows at once.
"""

import numpy as np
from numba import njit

Array = np.ndarray
State = tuple[Array, Array, Array, Array, Array]  # labels, upper, lower, sums, counts
_BLOCK = 64  # rows
_SLACK = np.float32(1 - 1e-5)  # by which a bound must be beaten: float32 rounding


@njit(cache=True, nogil=True, fastmath=True)
def _two_nearest(
    block: Array, centres: Array, best: Array, least: Array, second: Array, squares: Array
) -> None:
    """Write which centre is nearest to each row of a block, and the two least squared distances.

    Args:
        block: rows, shape (n_features, _BLOCK), n_features even.
        centres: shape (k, n_features), float32.
        best: result, shape (_BLOCK,), int32; the first of equally near ones.
        least: result, shape (_BLOCK,).
        second: result, shape (_BLOCK,).
        squares: room for _BLOCK numbers.
    """
    for r in range(_BLOCK):
        best[r] = 0
        least[r] = np.float32(np.finfo(np.float32).max)
        second[r] = np.float32(np.finfo(np.float32).max)
    for c in range(len(centres)):
        for r in range(_BLOCK):
            squares[r] = np.float32(0)
        for j in range(0, len(block), 2):  # in pairs: sums are loaded and stored half as often
            one, two = centres[c, j], centres[c, j + 1]
            for r in range(_BLOCK):
                gap, other = block[j, r] - one, block[j + 1, r] - two
                squares[r] += gap * gap + other * other
        for r in range(_BLOCK):
            square, own = squares[r], least[r]
            larger = own if own > square else square
            second[r] = larger if larger < second[r] else second[r]
            best[r] = np.int32(c) if square < own else best[r]
            least[r] = square if square < own else own


@njit(cache=True, nogil=True)
def _rooms(centres: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return what `_two_nearest` takes: centres and block, with a feature of zeros if odd."""
    k, n_features = centres.shape
    block = np.zeros((n_features + n_features % 2, _BLOCK), dtype=np.float32)
    points = np.zeros((k, len(block)), dtype=np.float32)
    points[:, :n_features] = centres
    floats = np.zeros((3, _BLOCK), dtype=np.float32)
    return block, points, np.zeros(_BLOCK, dtype=np.int32), floats[0], floats[1], floats[2]


@njit(cache=True, nogil=True)
def nearest(x: Array, centres: Array, labels: Array, squared: Array) -> None:
    """Write the nearest centre (n_rows,) of each row and the squared distance to it."""
    block, points, best, least, second, squares = _rooms(centres)
    for start in range(0, len(x), _BLOCK):
        n = min(_BLOCK, len(x) - start)
        for j in range(x.shape[1]):
            for r in range(n):
                block[j, r] = x[start + r, j]
        _two_nearest(block, points, best, least, second, squares)
        labels[start : start + n] = best[:n]
        squared[start : start + n] = least[:n]


@njit(cache=True, nogil=True)
def _gaps(centres: Array) -> Array:
    """Return half the distance of each centre to the nearest other one, shape (k,), float32."""
    k, n_features = centres.shape
    result = np.full(k, np.inf)
    for a in range(k):
        for b in range(a):
            square = 0.0
            for j in range(n_features):
                square += (centres[a, j] - centres[b, j]) ** 2
            result[a], result[b] = min(result[a], square), min(result[b], square)
    return (np.sqrt(result) / 2).astype(np.float32)


@njit(cache=True, nogil=True, inline="always")  # a call costs as much as the move
def _moved(x: Array, labels: Array, sums: Array, counts: Array, i: int, new: int) -> None:
    """Move row i to cluster `new` in the running sums and counts."""
    old = labels[i]
    for j in range(x.shape[1]):
        value = x[i, j]
        sums[new, j] += value
        if old >= 0:
            sums[old, j] -= value
    counts[new] += 1
    if old >= 0:
        counts[old] -= 1
    labels[i] = new


@njit(cache=True, nogil=True)
def _doubtful(
    labels: Array, upper: Array, lower: Array, half: Array, shifts: Array, rows: Array
) -> Array:
    """Move the bounds by what the centres moved; return the rows that may change, ascending.

    They are written into `rows` (n_rows,): fresh memory for each iteration costs as much as it.
    """
    farthest = np.argmax(shifts)
    most, rest = shifts[farthest], np.float32(0)  # rest: the largest shift of the other centres
    for c in range(len(shifts)):
        if c != farthest and shifts[c] > rest:
            rest = shifts[c]
    n = 0
    for i in range(len(labels)):
        own = labels[i]
        above = upper[i] + shifts[own]
        below = lower[i] - (rest if own == farthest else most)
        upper[i], lower[i] = above, below
        bound = half[own] if half[own] > below else below
        rows[n] = i
        n += above > bound * _SLACK
    return rows[:n]


@njit(cache=True, nogil=True)
def _reassign(x: Array, centres: Array, rows: Array, state: State) -> int:
    """Give each of `rows` to its nearest centre; return how many changed."""
    labels, upper, lower, sums, counts = state
    block, points, best, least, second, squares = _rooms(centres)
    changed = 0
    for start in range(0, len(rows), _BLOCK):
        own = rows[start : start + _BLOCK]
        for j in range(x.shape[1]):
            for r in range(len(own)):
                block[j, r] = x[own[r], j]
        _two_nearest(block, points, best, least, second, squares)
        for r in range(len(own)):
            i = own[r]
            upper[i], lower[i] = np.sqrt(least[r]), np.sqrt(second[r])
            if best[r] != labels[i]:
                changed += 1
                _moved(x, labels, sums, counts, i, best[r])
    return changed


@njit(cache=True, nogil=True)
def _refill(x: Array, centres: Array, state: State) -> None:
    """Give each empty cluster the row that lies farthest from its own centre."""
    labels, upper, lower, sums, counts = state
    for c in range(len(centres)):
        if counts[c] > 0:
            continue
        far, most = -1, -1.0
        for i in range(len(x)):
            if counts[labels[i]] > 1:
                square = 0.0
                for j in range(x.shape[1]):
                    square += (x[i, j] - centres[labels[i], j]) ** 2
                if square > most:
                    far, most = i, square
        if far >= 0:
            _moved(x, labels, sums, counts, far, c)
            upper[far], lower[far] = np.float32(np.inf), np.float32(0)


@njit(cache=True, nogil=True)
def _recentre(centres: Array, sums: Array, counts: Array, shifts: Array) -> float:
    """Move the centres to the means of their rows; return their squared shift together."""
    total = 0.0
    for c in range(len(centres)):
        square = 0.0
        for j in range(centres.shape[1]):
            mean = sums[c, j] / max(counts[c], 1)
            square += (mean - centres[c, j]) ** 2
            centres[c, j] = mean
        shifts[c] = np.sqrt(square)
        total += square
    return total


@njit(cache=True, nogil=True)
def lloyd(x: Array, centres: Array, max_iter: int, tol: float) -> tuple[int, float]:
    """Run Lloyd's iterations with Hamerly's bounds; `centres` (k, n_features) is overwritten.

    Args:
        x: rows, shape (n_rows, n_features), float32, contiguous.
        centres: starts, float64; the result when done.
        max_iter: at most so many iterations.
        tol: squared shift of all centres together at which to stop.

    Returns:
        The number of iterations; by how much the sum of the rows' squared distances to their
        nearest centres is below that to the origin.
    """
    n_rows, k = len(x), len(centres)
    labels = np.full(n_rows, -1, dtype=np.int32)
    upper, lower = np.empty(n_rows, dtype=np.float32), np.empty(n_rows, dtype=np.float32)
    sums, counts = np.zeros(centres.shape), np.zeros(k, dtype=np.int64)
    state = (labels, upper, lower, sums, counts)
    shifts, room = np.zeros(k, dtype=np.float32), np.arange(n_rows, dtype=np.uint32)
    rows, n_iter, shift = room, 0, np.inf
    while _reassign(x, centres, rows, state) > 0 and shift > tol and n_iter < max_iter:
        _refill(x, centres, state)
        shift = _recentre(centres, sums, counts, shifts)
        rows = _doubtful(labels, upper, lower, _gaps(centres), shifts, room)
        n_iter += 1
    weighted = np.expand_dims(counts, 1) * centres
    return n_iter, float(((2 * sums - weighted) * centres).sum())
