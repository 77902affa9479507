"""Boosted trees as plain arrays: grown by scikit-learn, asked by numba."""

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from sklearn.ensemble import HistGradientBoostingClassifier


class Forest(NamedTuple):
    """Binary trees whose leaves are added up.

    Attributes:
        baseline: raw score before the first tree, shape (), float64.
        feature: which one a node asks for, shape (n_trees, n_nodes), int64; -1 of a leaf.
        split_at: up to which a value goes left, same shape, float64; a NaN goes right.
        child: the left child of a node, the right one is the next, same shape, int64.
        value: raw score of a leaf, same shape, float64.
    """

    baseline: np.ndarray
    feature: np.ndarray
    split_at: np.ndarray
    child: np.ndarray
    value: np.ndarray

    @classmethod
    def empty(cls) -> "Forest":
        """Return no trees: every score is 0."""
        whole, real = np.zeros((0, 1), dtype=np.int64), np.zeros((0, 1))
        return cls(np.zeros(()), whole, real, whole.copy(), real.copy())

    def raw_scores(self, columns: np.ndarray) -> np.ndarray:
        """Return the log-odds (n_rows,), float32, of feature columns (n_features, n_rows)."""
        out = np.full(columns.shape[1], float(self.baseline), dtype=np.float32)
        _add_trees(columns, self.feature, self.split_at, self.child, self.value, out)
        return out


def grow(
    x: np.ndarray,
    target: np.ndarray,
    learning_rate: float,
    max_iter: int,
    max_leaf_nodes: int,
    min_samples_leaf: int,
    l2_regularization: float,
) -> Forest:
    """Grow trees by scikit-learn's histogram gradient boosting.

    Args:
        x: features, shape (n_rows, n_features), finite.
        target: 0 or 1, shape (n_rows,).
        learning_rate: shrinkage of each tree.
        max_iter: number of trees.
        max_leaf_nodes: leaves of a tree.
        min_samples_leaf: least rows of a leaf.
        l2_regularization: penalty on leaf values.
    """
    fit = HistGradientBoostingClassifier(
        learning_rate=learning_rate,
        max_iter=max_iter,
        max_leaf_nodes=max_leaf_nodes,
        min_samples_leaf=min_samples_leaf,
        l2_regularization=l2_regularization,
        early_stopping=False,
        random_state=0,
    ).fit(x, target)
    trees = [tree.nodes for (tree,) in fit._predictors]
    shape = (len(trees), max(map(len, trees)))
    feature, child = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    split_at, value = np.zeros(shape), np.zeros(shape)
    for row, nodes in enumerate(trees):
        _put(nodes, feature[row], split_at[row], child[row], value[row])
    baseline = np.array(float(np.ravel(fit._baseline_prediction)[0]))
    return Forest(baseline, feature, split_at, child, value)


def _put(
    nodes: np.ndarray,
    feature: np.ndarray,
    split_at: np.ndarray,
    child: np.ndarray,
    value: np.ndarray,
) -> None:
    """Write a tree of scikit-learn breadth first, so that two children stand side by side."""
    place, queue = {0: 0}, [0]
    for old in queue:
        node, new = nodes[old], place[old]
        if node["is_leaf"]:
            value[new] = node["value"]
            continue
        feature[new], split_at[new] = node["feature_idx"], node["num_threshold"]
        child[new] = len(place)
        for other in (int(node["left"]), int(node["right"])):
            place[other] = len(place)
            queue.append(other)


@njit(cache=True, parallel=True, fastmath=False)
def _add_trees(columns, feature, split_at, child, value, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add the leaves' values of each row of columns (n_features, n_rows) to out (n_rows,)."""
    n_rows = columns.shape[1]
    block = 4096
    for start in prange((n_rows + block - 1) // block):
        low, high = start * block, min((start + 1) * block, n_rows)
        total = np.zeros(high - low)
        for tree in range(feature.shape[0]):
            for row in range(low, high):
                node = 0
                while feature[tree, node] >= 0:
                    right = not columns[feature[tree, node], row] <= split_at[tree, node]
                    node = child[tree, node] + right
                total[row - low] += value[tree, node]
        for row in range(low, high):
            out[row] += total[row - low]
