"""Partition of rows: k-means and Ward's tree, by least squares within clusters."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import fastcluster
import numpy as np
from scipy.cluster.hierarchy import fcluster
from sklearn.cluster import kmeans_plusplus

from muso_exp.errors import ConfigError
from muso_exp.features import cluster_kernels
from muso_exp.features.threads import loop_threads

INITS = ("random", "k-means++")


@dataclass(frozen=True)
class Partition:
    """A clustering of rows.

    Attributes:
        centres: mean of each cluster, shape (k, n_features), float64.
        inertia: sum of the squared distances of all rows to their nearest centre (WCSS).
        n_iter: iterations that the best start took.
    """

    centres: np.ndarray
    inertia: float
    n_iter: int


def kmeans(
    x: np.ndarray,
    k: int,
    init: str = "random",
    n_init: int = 10,
    max_iter: int = 300,
    tol: float = 1e-4,
    seed: int = 1,
) -> Partition:
    """Find k clusters of least squares from several starts; the best one counts.

    The starts are those that scikit-learn's `KMeans` draws from the same seed and the iterations
    stop where its do, so that the result is the same but for rounding. Rows are float32; bounds on
    the distances spare most of them (Hamerly, SDM 2010), and the starts share the threads of
    numba.

    Args:
        x: rows, shape (n_rows, n_features).
        k: number of clusters.
        init: `random`, k of the rows, or `k-means++`.
        n_init: number of starts.
        max_iter: most iterations of a start.
        tol: share of the mean variance of a feature; the centres' squared shift at which to stop.
        seed: of the starts.

    Raises:
        ConfigError: k is below 1 or above the number of rows.
        ValueError: `init` is not known, or n_init or max_iter is below 1.

    Source: Lloyd 1982; the document's code calls scikit-learn. Deviation: float32.
    """
    if init not in INITS:
        raise ValueError(f"init must be one of {', '.join(INITS)}, got {init!r}; set model.init")
    if n_init < 1 or max_iter < 1:
        raise ValueError(f"n_init and max_iter must be >= 1, got {n_init} and {max_iter}")
    check_k(k, len(x))
    mean = x.mean(axis=0, dtype=np.float64)
    rows = _centred(x, mean)
    random_state = np.random.RandomState(seed)
    starts = [_start(rows, k, init, random_state) for _ in range(n_init)]
    # squared distances to the mean
    total = float(np.einsum("ij,ij->", rows, rows, dtype=np.float64, casting="safe"))
    stop = tol * total / rows.size
    with ThreadPoolExecutor(loop_threads()) as pool:
        found = list(pool.map(lambda c: cluster_kernels.lloyd(rows, c, max_iter, stop), starts))
    best = int(np.argmax([explained for _, explained in found]))
    n_iter, explained = found[best]
    return Partition(starts[best] + mean, max(total - explained, 0.0), n_iter)


def check_k(k: int, n_rows: int) -> None:
    """Raise ConfigError unless k clusters of n_rows rows can be made."""
    if not 1 <= k <= n_rows:
        raise ConfigError(
            f"{k} clusters of {n_rows} train tracks: 1 to {n_rows} are possible; set "
            "dataset.n_clusters or dataset.curve"
        )


def nearest(x: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each row, int64, and its squared distance, float32."""
    labels, squared = np.empty(len(x), dtype=np.int64), np.empty(len(x), dtype=np.float32)
    mean = centres.mean(axis=0)
    rows = _centred(x, mean)
    cluster_kernels.nearest(rows, centres - mean, labels, squared)
    return labels, squared


def ward(x: np.ndarray) -> np.ndarray:
    """Return Ward's tree as scipy has it, shape (n_rows - 1, 4), in O(n_rows) memory.

    Raises:
        ConfigError: fewer than two rows.

    Source: Ward 1963; Mullner, fastcluster, JSS 2013. Deviation: none.
    """
    if len(x) < 2:
        raise ConfigError(f"a tree of {len(x)} tracks: at least 2 are needed")
    return fastcluster.linkage_vector(np.asarray(x, dtype=np.float64), method="ward")


def cut(tree: np.ndarray, ks: Sequence[int]) -> np.ndarray:
    """Return the cluster of each row when the tree is cut into k, shape (n_rows, len(ks)).

    Raises:
        ConfigError: a k that is below 1 or above the number of rows.
    """
    n_rows = len(tree) + 1
    for k in ks:
        check_k(k, n_rows)
    return np.stack([_cut_once(tree, k) for k in ks], axis=1)


def means(x: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Return the mean row of each of k clusters, shape (k, n_features); NaN of an empty one."""
    counts = np.bincount(labels, minlength=k)
    sums = np.stack([np.bincount(labels, column, minlength=k) for column in x.T], axis=1)
    with np.errstate(invalid="ignore"):
        return sums / counts[:, None]


def _centred(x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return x (n_rows, n_features) minus `mean`, float32, without a float64 copy of all of it."""
    rows = np.empty(x.shape, dtype=np.float32)
    return np.subtract(x, mean, out=rows, casting="same_kind")


def _start(rows: np.ndarray, k: int, init: str, random_state: np.random.RandomState) -> np.ndarray:
    if init == "k-means++":
        return kmeans_plusplus(rows, k, random_state=random_state)[0].astype(np.float64)
    share = np.full(len(rows), 1 / len(rows))
    chosen = random_state.choice(len(rows), size=k, replace=False, p=share)
    return rows[chosen].astype(np.float64)


def _cut_once(tree: np.ndarray, k: int) -> np.ndarray:
    """Return clusters numbered by their first row, shape (n_rows,)."""
    labels = fcluster(tree, k, criterion="maxclust")
    _, first, index = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[index]
