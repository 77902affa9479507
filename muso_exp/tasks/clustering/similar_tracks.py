"""Similar tracks: the first known tracks of the own cluster, or the nearest by features."""

from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors


@dataclass(frozen=True)
class Pool:
    """Tracks to recommend, or to recommend for.

    Attributes:
        ids: shape (n_tracks,).
        x: features, each of unit variance, shape (n_tracks, n_features).
        cluster: shape (n_tracks,).
    """

    ids: np.ndarray
    x: np.ndarray
    cluster: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Pool":
        """Return the pool of these rows."""
        return Pool(self.ids[rows], self.x[rows], self.cluster[rows])

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.ids)


def first_listed(queries: Pool, known: Pool, n: int) -> np.ndarray:
    """Return the first n known tracks of each query's cluster, itself left out.

    Returns:
        Rows of `known`, shape (n_queries, n); -1 where the cluster has no more.

    Source: the code of document 4, with n = 10. Deviation: none.
    """
    first = {
        label: np.flatnonzero(known.cluster == label)[: n + 1]
        for label in np.unique(queries.cluster)
    }
    candidates = [first[label] for label in queries.cluster]
    return _without_itself(queries, known, candidates, n)


def nearest_listed(queries: Pool, known: Pool, n: int) -> np.ndarray:
    """Return the n known tracks nearest to each query by features, itself left out.

    Returns:
        Rows of `known`, nearest first, shape (n_queries, n); -1 where there are no more.
    """
    index = NearestNeighbors(n_neighbors=min(n + 1, len(known))).fit(known.x)
    candidates = list(index.kneighbors(queries.x, return_distance=False))
    return _without_itself(queries, known, candidates, n)


def similar_ids(
    queries: Pool, known: Pool, n: int, names: np.ndarray | None = None
) -> dict[str, list[str]]:
    """Return ids of known tracks, joined by spaces: first of the cluster, and nearest.

    Args:
        queries: tracks to recommend for.
        known: tracks to recommend.
        n: how many for each.
        names: of the known tracks, (n_known,); with them the names too, joined by semicolons.
    """
    ways = {"recommended": first_listed, "nearest": nearest_listed}
    found = {name: listed(queries, known, n) for name, listed in ways.items()}
    columns = {name: _joined(known.ids, rows, " ") for name, rows in found.items()}
    if names is not None:
        columns |= {f"{name}_songs": _joined(names, rows, "; ") for name, rows in found.items()}
    return columns


def _joined(texts: np.ndarray, listed: np.ndarray, by: str) -> list[str]:
    return [by.join(texts[rows[rows >= 0]]) for rows in listed]


def mean_distance(queries: Pool, known: Pool, listed: np.ndarray) -> np.ndarray:
    """Return the mean distance of each query to its listed tracks, (n_queries,); NaN of none."""
    gaps = np.linalg.norm(known.x[listed] - queries.x[:, None], axis=2)  # (n_queries, n)
    there = listed >= 0
    with np.errstate(invalid="ignore"):
        return np.where(there, gaps, 0).sum(axis=1) / there.sum(axis=1)


def overlap(listed: np.ndarray, other: np.ndarray) -> float:
    """Return the mean share of the listed rows that the other list of the same query has too."""
    shared = (listed[:, :, None] == other[:, None]) & (listed >= 0)[:, :, None]
    return float(shared.any(axis=2).sum() / max((listed >= 0).sum(), 1))


def _without_itself(queries: Pool, known: Pool, candidates: list[np.ndarray], n: int) -> np.ndarray:
    listed = np.full((len(queries), n), -1, dtype=np.int64)
    for row, (own, rows) in enumerate(zip(queries.ids, candidates, strict=True)):
        others = rows[known.ids[rows] != own][:n]
        listed[row, : len(others)] = others
    return listed
