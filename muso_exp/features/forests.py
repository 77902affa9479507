"""Boosted trees as plain arrays: grown by scikit-learn, asked by numba."""

from typing import NamedTuple

import numpy as np
from numba import prange
from sklearn.ensemble import HistGradientBoostingClassifier

from muso_exp.features.threads import parallel_njit

ALWAYS_LEFT = 1e30  # above every feature, and finite, as the weights of a model must be
BLOCK = 256  # rows that a thread asks all trees about, while they are in its cache


class Forest(NamedTuple):
    """Full binary trees of one depth, whose leaves are added up.

    A node's children are nodes 2 n + 1 and 2 n + 2; where a tree ends early, both ways lead to
    leaves of the same value.

    Attributes:
        baseline: raw score before the first tree, shape (), float64.
        feature: which one a node asks for, shape (n_trees, 2 ** depth - 1), int32.
        split_at: up to which a value goes left, same shape, float32.
        value: raw score of each leaf, from left to right, shape (n_trees, 2 ** depth), float32.
    """

    baseline: np.ndarray
    feature: np.ndarray
    split_at: np.ndarray
    value: np.ndarray

    @classmethod
    def empty(cls) -> "Forest":
        """Return no trees: every score is 0."""
        real = np.zeros((0, 1), dtype=np.float32)
        return cls(np.zeros(()), np.zeros((0, 1), dtype=np.int32), real, real.copy())

    def raw_scores(self, columns: np.ndarray) -> np.ndarray:
        """Return the log-odds (n_rows,), float32, of columns (n_features, n_rows), all finite."""
        out = np.full(columns.shape[1], float(self.baseline), dtype=np.float32)
        _add_trees(columns.astype(np.float32, copy=False), *self[1:], out)
        return out


def grow(
    x: np.ndarray,
    target: np.ndarray,
    learning_rate: float,
    max_iter: int,
    max_depth: int,
    min_samples_leaf: int,
    l2_regularization: float,
) -> Forest:
    """Grow trees by scikit-learn's histogram gradient boosting.

    Args:
        x: features, shape (n_rows, n_features), float32, finite.
        target: 0 or 1, shape (n_rows,).
        learning_rate: shrinkage of each tree.
        max_iter: number of trees.
        max_depth: questions between the root of a tree and a leaf.
        min_samples_leaf: least rows of a leaf.
        l2_regularization: penalty on leaf values.
    """
    fit = HistGradientBoostingClassifier(
        learning_rate=learning_rate,
        max_iter=max_iter,
        max_depth=max_depth,
        max_leaf_nodes=None,
        min_samples_leaf=min_samples_leaf,
        l2_regularization=l2_regularization,
        early_stopping=False,
        random_state=0,
    ).fit(x, target)
    trees = [tree.nodes for (tree,) in fit._predictors]
    n_inner = 2**max_depth - 1
    feature = np.zeros((len(trees), n_inner), dtype=np.int32)
    split_at = np.full(feature.shape, ALWAYS_LEFT, dtype=np.float32)
    value = np.zeros((len(trees), n_inner + 1), dtype=np.float32)
    for row, nodes in enumerate(trees):
        _put(nodes, feature[row], split_at[row], value[row])
    baseline = np.array(float(np.ravel(fit._baseline_prediction)[0]))
    return Forest(baseline, feature, split_at, value)


def _put(nodes: np.ndarray, feature: np.ndarray, split_at: np.ndarray, value: np.ndarray) -> None:
    """Write a tree of scikit-learn as a full one."""
    n_inner = len(feature)
    queue = [(0, 0)]  # place in the full tree, and node of scikit-learn
    for place, old in queue:
        node = nodes[old]
        if place >= n_inner:
            value[place - n_inner] = node["value"]
        elif node["is_leaf"]:  # both ways lead on to the same leaf
            queue += [(2 * place + 1, old), (2 * place + 2, old)]
        else:
            feature[place], split_at[place] = node["feature_idx"], _below(node["num_threshold"])
            queue += [(2 * place + 1, int(node["left"])), (2 * place + 2, int(node["right"]))]


def _below(threshold: float) -> np.float32:
    """Return the largest float32 up to a float64: it parts the same float32 values."""
    near = np.float32(threshold)
    return near if near <= threshold else np.nextafter(near, np.float32(-np.inf))


@parallel_njit()
def _add_trees(columns, feature, split_at, value, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add the leaves' values of each row of columns (n_features, n_rows) to out (n_rows,).

    All nodes of a tree are asked, not those of a row's way alone: a processor compares many rows
    at once, and looks one value up at a time.
    """
    n_features, n_rows = columns.shape
    n_trees, n_inner = feature.shape
    for block in prange((n_rows + BLOCK - 1) // BLOCK):
        low, high = block * BLOCK, min((block + 1) * BLOCK, n_rows)
        rows = np.zeros((n_features, BLOCK), dtype=np.float32)
        rows[:, : high - low] = columns[:, low:high]
        child = np.empty((n_inner, BLOCK), dtype=np.int32)
        place = np.empty(BLOCK, dtype=np.int32)
        total = np.zeros(high - low)
        for tree in range(n_trees):
            for node in range(n_inner):
                asked, limit = feature[tree, node], split_at[tree, node]
                for row in range(BLOCK):
                    child[node, row] = 2 * node + 1 + (rows[asked, row] > limit)
            place[:] = 0
            level = n_inner
            while level:
                for row in range(BLOCK):
                    place[row] = child[place[row], row]
                level //= 2
            for row in range(high - low):
                total[row] += value[tree, place[row] - n_inner]
        for row in range(low, high):
            out[row] += total[row - low]
