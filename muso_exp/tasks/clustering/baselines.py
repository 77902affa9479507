"""Clusterings without learning, with no more clusters than the model has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.clusters import kmeans, means

Group = Callable[[np.ndarray], np.ndarray]  # rows (n_rows, n_features) -> group of each (n_rows,)


def null_groups(train: np.ndarray, features: Sequence[str], k: int, seed: int) -> dict[str, Group]:
    """Return ways to group rows into at most k groups, by name.

    Args:
        train: the train rows, shape (n_rows, n_features).
        features: their names.
        k: most groups.
        seed: of the random groups.

    Returns:
        `one_cluster`: all alike. `random`: drawn. `by_key`: neighbouring pitch classes, equally
        many in a group; where the key is among the features. `grid`: the cells of two features,
        each cut by itself, see `grid_cells`.
    """
    groups: dict[str, Group] = {
        "one_cluster": lambda x: np.zeros(len(x), dtype=np.int64),
        "random": lambda x: np.random.default_rng([seed, k, len(x)]).integers(k, size=len(x)),
    }
    if "key" in features:
        column = list(features).index("key")
        keys = np.unique(train[:, column])
        n_groups = min(k, len(keys))
        groups["by_key"] = lambda x: (
            np.searchsorted(keys, x[:, column]).clip(max=len(keys) - 1) * n_groups // len(keys)
        )
    groups["grid"] = grid_cells(train, k)
    return groups


def null_columns(
    train: np.ndarray, rows: np.ndarray, features: Sequence[str], n_clusters: int, seed: int
) -> dict[str, dict[str, Tensor]]:
    """Return `cluster`, `centre` and `squared_distance` of each null model for `rows`.

    The centre of a group is the mean of its train rows; a group without any has the mean of all.

    Args:
        train: the train rows, shape (n_train, n_features).
        rows: what is grouped, shape (n_rows, n_features).
        features: names of the columns.
        n_clusters: most groups.
        seed: of the random groups.
    """
    return {
        name: {
            "cluster": torch.from_numpy(cluster),
            "centre": torch.from_numpy(centre),
            "squared_distance": torch.from_numpy(squared),
        }
        for name, (cluster, centre, squared) in _columns(
            train, rows, features, n_clusters, seed
        ).items()
    }


def null_curves(
    train: np.ndarray, features: Sequence[str], curve: Sequence[int], seed: int
) -> dict[str, dict[str, Tensor]]:
    """Return `curve_squared_distance` (n_train, n_ks) of each null model for the train rows.

    Args:
        train: the train rows, shape (n_train, n_features).
        features: names of the columns.
        curve: most groups of each column.
        seed: of the random groups.
    """
    by_k = [_columns(train, train, features, k, seed) for k in curve]
    return {
        name: {
            "curve_squared_distance": torch.from_numpy(
                np.stack([columns[name][2] for columns in by_k], axis=1)
            )
        }
        for name in by_k[0]
    }


def _columns(
    train: np.ndarray, rows: np.ndarray, features: Sequence[str], k: int, seed: int
) -> Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return group, its mean and the squared distance to it of each row, by null model."""
    result = {}
    for name, group in null_groups(train, features, k, seed).items():
        centres = means(train, group(train), k)
        centres = np.where(np.isnan(centres), train.mean(axis=0), centres)
        own = group(rows)
        result[name] = own, centres[own], ((rows - centres[own]) ** 2).sum(axis=1)
    return result


@dataclass(frozen=True)
class Cells:
    """The cells of a grid over two features; called with rows, it returns the cell of each.

    Attributes:
        columns: of the two features.
        cuts: the values, ascending, at which each is cut.
    """

    columns: tuple[int, int]
    cuts: tuple[np.ndarray, np.ndarray]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the cell of each row of x (n_rows, n_features), int64 (n_rows,)."""
        first, second = (
            np.searchsorted(cut, x[:, column], side="right")
            for cut, column in zip(self.cuts, self.columns, strict=True)
        )
        return first * (len(self.cuts[1]) + 1) + second


def grid_cells(train: np.ndarray, k: int) -> Cells:
    """Return the grid of at most k cells that leaves the fewest squares of the train rows.

    The features are the one whose halving takes away most squares, and the one whose halving does
    beside it. Every number of cuts of the one and the other is tried, evenly spaced; those of the
    best are then also placed to least squares of each feature by itself.

    Args:
        train: shape (n_rows, n_features).
        k: most cells, >= 1.
    """
    columns = _best_pair(train)
    first, second = train[:, columns[0]], train[:, columns[1]]
    shapes = [(n, k // n) for n in range(1, k + 1)]
    grids = [Cells(columns, (_even_cuts(first, a), _even_cuts(second, b))) for a, b in shapes]
    a, b = shapes[int(np.argmin([_squares_left(train, grid(train)) for grid in grids]))]
    grids.append(Cells(columns, (_least_squares_cuts(first, a), _least_squares_cuts(second, b))))
    return min(grids, key=lambda grid: _squares_left(train, grid(train)))


def _best_pair(train: np.ndarray) -> tuple[int, int]:
    """Return the feature whose halving leaves the fewest squares, and the one beside it."""
    halves = np.stack([x > cut for x in train.T for cut in _even_cuts(x, 2)])  # (n_features, n)
    first = int(np.argmin([_squares_left(train, half) for half in halves]))
    quarters = 2 * halves[first] + halves  # (n_features, n_rows)
    return first, int(np.argmin([_squares_left(train, quarter) for quarter in quarters]))


def _even_cuts(x: np.ndarray, n: int) -> np.ndarray:
    """Return the n - 1 cuts into equal widths of what lies between the 1 % and 99 % quantiles."""
    low, high = np.quantile(x, (0.01, 0.99))
    return np.linspace(low, high, n + 1)[1:-1]


def _least_squares_cuts(x: np.ndarray, n: int) -> np.ndarray:
    """Return the cuts between the at most n centres of k-means of one feature."""
    centres = kmeans(x[:, None], min(n, len(np.unique(x))), "k-means++").centres
    centres = np.sort(centres[:, 0])
    return (centres[1:] + centres[:-1]) / 2


def _squares_left(train: np.ndarray, group: np.ndarray) -> float:
    """Return the sum of squared distances of rows (n_rows, n_features) to their group's mean."""
    x = train - train.mean(axis=0)
    group = group.astype(np.int64)
    n_groups = int(group.max()) + 1
    explained = np.nansum(
        np.bincount(group, minlength=n_groups)[:, None] * means(x, group, n_groups) ** 2
    )
    return float(np.square(x).sum() - explained)
