"""Groups among what one person plays: items that the same listeners like."""

from __future__ import annotations

from dataclasses import dataclass

import fastcluster
import numpy as np
import pandas as pd
from scipy.spatial.distance import squareform
from sklearn.metrics import silhouette_score

from muso_exp.features.clusters import cut
from muso_exp.tasks.recommendation.fold_in import KnownItems

MOST_ITEMS = 300  # the most played ones, which are grouped
LEAST_ITEMS = 6
KS = range(2, 9)
N_NAMED = 6  # items of a group
N_TAGS = 3


@dataclass(frozen=True)
class Groups:
    """Groups of the items that a person plays most.

    Attributes:
        table: a row per group: items, share (of the plays of the grouped items), most_played, tags
            (that mark it, where there are tags), the most played group first.
        group: of each grouped item, as a row of `table`, the most played item first, (n_grouped,).
        silhouette: how far apart they are, -1 to 1; near 0 they run into each other.
    """

    table: pd.DataFrame
    group: np.ndarray
    silhouette: float


def find_groups(mine: pd.DataFrame, similarity: np.ndarray, known: KnownItems) -> Groups | None:
    """Group items by Ward's tree, cut where the silhouette is largest; None of too few items.

    Args:
        mine: item, name, plays; the most played first.
        similarity: cosines of these items, shape (n_items, n_items).
        known: for the tags of the items.
    """
    mine = mine.head(MOST_ITEMS)
    n = len(mine)
    if n < LEAST_ITEMS:
        return None
    distance = np.sqrt(2 * np.clip(1 - similarity[:n, :n].astype(np.float64), 0, None))
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0)
    ks = [k for k in KS if k < n]
    cuts = cut(fastcluster.linkage(squareform(distance, checks=False), "ward"), ks)
    scores = [_silhouette(distance, labels) for labels in cuts.T]
    best = int(np.argmax(scores))
    label = cuts[:, best]
    total = np.bincount(label, mine["plays"])
    place = np.empty(len(total), dtype=np.int64)
    place[np.argsort(-total, kind="stable")] = np.arange(len(total))
    group = place[label]
    return Groups(_described(mine, group, known), group, scores[best])


def _silhouette(distance: np.ndarray, labels: np.ndarray) -> float:
    """Return the silhouette of groups, -1 where ties leave a single one."""
    if len(np.unique(labels)) < 2:
        return -1.0
    return float(silhouette_score(distance, labels, metric="precomputed"))


def _described(mine: pd.DataFrame, group: np.ndarray, known: KnownItems) -> pd.DataFrame:
    plays = mine["plays"].to_numpy()
    rows = []
    for number in range(group.max() + 1):
        own = group == number
        rows.append(
            {
                "items": int(own.sum()),
                "share": plays[own].sum() / plays.sum(),
                "most_played": ", ".join(mine["name"][own].head(N_NAMED)),
                "tags": _marking_tags(mine[own], mine, known),
            }
        )
    return pd.DataFrame(rows)


def _marking_tags(own: pd.DataFrame, mine: pd.DataFrame, known: KnownItems) -> str:
    """Return the tags of whose share a group has most more than all grouped items together."""
    tags = known.catalogue.tags
    if tags is None:
        return ""
    inside, overall = (
        np.asarray(tags.weights[rows["item"].to_numpy()].mean(axis=0)).ravel()
        for rows in (own, mine)
    )
    order = np.argsort(overall - inside, kind="stable")[:N_TAGS]
    return ", ".join(tags.names[tag] for tag in order if inside[tag] > overall[tag])
