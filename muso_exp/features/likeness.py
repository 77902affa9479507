"""How alike vectors are: cosines, and where one lies among those of all pairs."""

import numpy as np

MOST_ROWS = 3000  # whose pairs are compared; of more rows a sample


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the cosines of rows (n, d) with other rows (m, d), shape (n, m); of a zero row 0."""
    return _units(one) @ _units(other).T


def pair_cosines(vectors: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the cosines of all pairs of different rows, ascending.

    Args:
        vectors: shape (n_rows, d); of more than `MOST_ROWS` rows so many are drawn.
        seed: of the draw.
    """
    if len(vectors) > MOST_ROWS:
        rng = np.random.default_rng(seed)
        vectors = vectors[rng.choice(len(vectors), MOST_ROWS, replace=False)]
    every = cosines(vectors, vectors)
    return np.sort(every[np.triu_indices(len(vectors), 1)])


def percentiles(values: np.ndarray, every: np.ndarray) -> np.ndarray:
    """Return which share of `every` (n,), ascending, is smaller, in percent; ties count half."""
    below, upto = (np.searchsorted(every, values, side) for side in ("left", "right"))
    return 100 * (below + upto) / (2 * max(len(every), 1))


def _units(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)
