"""Clusterings that nobody had to learn, with no more clusters than the model has."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.clusters import means

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
        many in a group; where the key is among the features. `grid`: the two features that vary
        most, each cut at its train quantiles.
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
    if train.shape[1] > 1:
        groups["grid"] = _grid(train, k)
    return groups


def null_columns(
    train: np.ndarray,
    rows: np.ndarray,
    features: Sequence[str],
    n_clusters: int,
    curve: Sequence[int],
    seed: int,
) -> dict[str, dict[str, Tensor]]:
    """Return the prediction columns of each null model for `rows`.

    The centre of a group is the mean of its train rows; a group without any has the mean of all.

    Args:
        train: the train rows, shape (n_train, n_features).
        rows: what is grouped, shape (n_rows, n_features).
        features: names of the columns.
        n_clusters: most groups of `cluster`, `centre`, `squared_distance`.
        curve: most groups of each column of `curve_squared_distance`.
        seed: of the random groups.
    """
    whole = {k: _columns(train, rows, features, k, seed) for k in {*curve, n_clusters}}
    columns: dict[str, dict[str, Tensor]] = {}
    for name, (cluster, centre, squared) in whole[n_clusters].items():
        on_curve = np.stack([whole[k][name][2] for k in curve], axis=1)
        columns[name] = {
            "cluster": torch.from_numpy(cluster),
            "centre": torch.from_numpy(centre),
            "squared_distance": torch.from_numpy(squared),
            "curve_squared_distance": torch.from_numpy(on_curve),
        }
    return columns


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


def _grid(train: np.ndarray, k: int) -> Group:
    first, second = np.argsort(-train.var(axis=0), kind="stable")[:2]
    n_first = int(np.ceil(np.sqrt(k)))
    n_second = k // n_first
    edges = [
        np.quantile(train[:, column], np.arange(1, n) / n)
        for column, n in ((first, n_first), (second, n_second))
    ]

    def group(x: np.ndarray) -> np.ndarray:
        cells = [
            np.searchsorted(edge, x[:, column], side="right")
            for edge, column in zip(edges, (first, second), strict=True)
        ]
        return cells[0] * n_second + cells[1]

    return group
