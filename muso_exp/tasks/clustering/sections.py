"""The sections of the report on one clustering: features, profiles, map, tree, similar tracks."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from muso_exp.features.clusters import means, ward
from muso_exp.figures import clusters as plots_clusters
from muso_exp.metrics.clustering import evenly_spaced
from muso_exp.records import Section
from muso_exp.tasks.clustering.audit import variance_shares
from muso_exp.tasks.clustering.clustered_tracks import ClusteredTracks, ClusterOptions
from muso_exp.tasks.clustering.recommendations import recommended
from muso_exp.tasks.clustering.tsne import cached_array, tsne_map

N_LEAVES = 30
KEYS = ("none", "C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def sections(
    tracks: ClusteredTracks, options: ClusterOptions, cluster: np.ndarray
) -> list[Section]:
    """Return shares of the variance, profiles, map, tree, and similar tracks.

    Args:
        tracks: with their split.
        options: of the report.
        cluster: of each test track, shape (n_rows,).
    """
    return [
        variance(tracks, cluster),
        profiles(tracks, cluster),
        *tsne(tracks, options, cluster),
        *tree(tracks, options),
        *recommended(tracks, options, cluster),
    ]


def variance(tracks: ClusteredTracks, cluster: np.ndarray) -> Section:
    """Return each feature's share in the variance, and how much of it the clusters explain."""
    x = tracks.x("test")
    _, index = np.unique(cluster, return_inverse=True)
    centres = means(x, index, index.max() + 1)
    explained = 1 - (x - centres[index]).var(axis=0) / np.maximum(x.var(axis=0), 1e-30)
    shares = {
        "share in the variance (train)": variance_shares(tracks),
        "share of its own variance that the clusters explain (test)": explained,
    }
    figure = partial(
        plots_clusters.shares_figure, tracks.features, shares, f"share, scaling {tracks.scaling}"
    )
    text = (
        "A feature of large numbers rules the distances; of the others the clusters "
        "then explain only what goes along with it."
    )
    return Section("variance", "Which features make the clusters?", text, figure=figure)


def profiles(tracks: ClusteredTracks, cluster: np.ndarray) -> Section:
    """Return the mean of each feature in each cluster of test tracks."""
    x = tracks.x("test") / tracks.spread
    labels, index, sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    centred = means(x - x.mean(axis=0), index, len(labels))
    names = [f"{label} ({size:,})" for label, size in zip(labels, sizes, strict=True)]
    raw = means(tracks.values("test"), index, len(labels))
    table = pd.DataFrame(raw, columns=tracks.features).round(3)
    table.insert(0, "tracks", sizes)
    table.insert(0, "cluster", labels)
    figure = partial(plots_clusters.profiles_figure, centred, names, tracks.features)
    text = "Test tracks of each cluster (their number in brackets); the table has the raw means."
    return Section("profiles", "What is in the clusters?", text, table, figure)


def tsne(tracks: ClusteredTracks, options: ClusterOptions, cluster: np.ndarray) -> list[Section]:
    """Return a map of test tracks, coloured by cluster and by key; nothing where switched off."""
    x = tracks.inputs["test"].numpy()
    rows = evenly_spaced(len(x), options.samples.tsne_rows)
    if len(rows) < 10:
        return []
    points = cached_array(options.cache, "tsne", x[rows], tsne_map)
    labels, index = np.unique(cluster[rows], return_inverse=True)
    groups = {"by cluster": (index, [str(label) for label in labels])}
    if "key" in tracks.features:
        keys = tracks.part("test")["key"].to_numpy()[rows].astype(int)
        found, index = np.unique(keys, return_inverse=True)
        groups["by key"] = (index, [KEYS[key + 1] for key in found])
    text = (
        f"t-SNE of {len(rows):,} test tracks as the model sees them (scaling {tracks.scaling}, "
        "perplexity 30 or less). Distances between far islands mean nothing."
    )
    return [
        Section("tsne", "Map", text, figure=partial(plots_clusters.maps_figure, points, groups))
    ]


def tree(tracks: ClusteredTracks, options: ClusterOptions) -> list[Section]:
    """Return the top of Ward's tree of train tracks; nothing where switched off."""
    x = tracks.x("train")
    rows = evenly_spaced(len(x), options.samples.tree_rows)
    if len(rows) < 3:
        return []
    merges = cached_array(options.cache, "ward", x[rows], ward)
    figure = partial(plots_clusters.tree_figure, merges, N_LEAVES, options.n_clusters)
    text = (
        f"Ward's tree of {len(rows):,} train tracks (scaling {tracks.scaling}), its last "
        f"{N_LEAVES} branches. The document shows one without saying where to cut it."
    )
    return [Section("dendrogram", "Tree", text, figure=figure)]
