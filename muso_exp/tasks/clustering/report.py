"""What the report says of clusters of tracks: the audit, and the sections with figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from muso_exp.data.base import Predict
from muso_exp.features.clusters import kmeans, means, nearest, ward
from muso_exp.figures import clusters as plots_clusters
from muso_exp.metrics.clustering import Silhouette, evenly_spaced
from muso_exp.records import Finding, Section
from muso_exp.tasks.clustering.similar_tracks import (
    Pool,
    first_listed,
    mean_distance,
    nearest_listed,
    overlap,
)
from muso_exp.tasks.clustering.tsne import cached_array, tsne_map

if TYPE_CHECKING:
    from muso_exp.data.track_features import TrackFeatures

RULING = 0.9  # share of the variance from which one or two features rule the distances
N_QUERIES, N_ASKED = 4, 1000  # queries that are shown, and that are averaged over
N_LEAVES = 30
LIKENESS = ("energy", "acousticness", "loudness", "key")  # told of a track without a title
KEYS = ("none", "C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
PUBLISHED_SEED = 1  # of the document's k-means


def audit(data: TrackFeatures) -> list[Finding]:
    """Return which features rule the distances, and tracks that are the same."""
    return [*_variance(data), _repeats(data), _test_repeats(data), _two_valued(data)]


def variance_shares(data: TrackFeatures) -> np.ndarray:
    """Return the share of each scaled feature in the variance of train, (n_features,)."""
    return data.spread**2 / (data.spread**2).sum()


def _variance(data: TrackFeatures) -> list[Finding]:
    shares = variance_shares(data)
    order = np.argsort(-shares, kind="stable")
    listed = ", ".join(f"{data.features[i]} {shares[i]:.1%}" for i in order)
    two = float(shares[order[:2]].sum())
    text = f"share of each feature in the squared distances (scaling {data.how}): {listed}"
    ruled = len(shares) > 2 and two > RULING
    names = " and ".join(data.features[i] for i in order[:2])
    verdict = f"{names} hold {two:.1%} of the variance" + (
        ": the clusters are clusters of these two" if ruled else ""
    )
    return [
        Finding("share_of_widest_feature", float(shares[order[0]]), text),
        Finding("share_of_two_widest", two, verdict, "warning" if ruled else "note"),
    ]


def _repeats(data: TrackFeatures) -> Finding:
    n = data.n_read - data.n_distinct
    done = "left out" if data.distinct_rows else "kept"
    text = (
        f"{n} of {data.n_read} tracks equal an earlier one in all {len(data.features)} features; "
        f"{done} (dataset.distinct_rows)"
    )
    return Finding("repeated_rows", n, text)


def _test_repeats(data: TrackFeatures) -> Finding:
    train = data.of_split("train")[data.features].drop_duplicates()
    both = data.of_split("test")[data.features].merge(train, on=data.features)
    text = f"{len(both)} of {len(data.rows['test'])} test tracks have a twin in the train split"
    return Finding("test_tracks_with_twin_in_train", len(both), text)


def _two_valued(data: TrackFeatures) -> Finding:
    names = [name for name in data.features if data.tracks[name].nunique() == 2]
    text = f"features with two values only, which no mean has: {len(names)} of {len(data.features)}"
    listed = f", {', '.join(names)}" if names else ""
    return Finding("two_valued_features", len(names), text + listed)


def sections(data: TrackFeatures, predictions: pd.DataFrame, predict: Predict) -> list[Section]:
    """Return elbow, shares of the variance, profiles, map, tree, and who is recommended."""
    cluster = predictions["cluster"].to_numpy()
    return [
        elbow(data, predict),
        variance(data, cluster),
        profiles(data, cluster),
        *tsne(data, cluster),
        *tree(data),
        *recommended(data, cluster),
    ]


def elbow(data: TrackFeatures, predict: Predict) -> Section:
    """Return the sum of squares and the silhouette over the number of clusters."""
    train = predict({"x": data.splits["train"].x})["curve_squared_distance"].double()
    wcss = train.sum(dim=0).numpy()
    x = data.splits["test"].x
    labels = predict({"x": x})["curve_cluster"]
    one = torch.ones(1, len(x), dtype=torch.float64)
    silhouette = np.array(
        [
            float(Silhouette(data.silhouette_rows).score(one, cluster=own, target=x)[0])
            for own in labels.T.contiguous()
        ]
    )
    names, null = best_null_sums(data)
    table = pd.DataFrame({"k": data.curve, "WCSS, train": wcss})
    comparable = data.published and data.how == "none"  # a sum grows with rows and units
    reported = data.reported if comparable else []
    if reported:
        table["the paper's code"] = reported
        table["measured / the paper's"] = wcss / np.array(reported)
    table["best null model's"], table["best null model"] = null, names
    table["silhouette, test"] = silhouette
    figure = plots_clusters.elbow_figure(
        data.curve, wcss, null, reported, silhouette, data.n_clusters
    )
    text = (
        "The document looks for the bend of the left curve. The sum of squares falls with any k, "
        "of noise and of null models too; the silhouette need not."
    )
    if reported:
        text += " " + one_curve(data, train.std(dim=0).numpy(), null)
    return Section("elbow", "How many clusters?", text, table, figure)


def best_null_sums(data: TrackFeatures) -> tuple[list[str], np.ndarray]:
    """Return the null model of least squares on train for each k of the curve, and its sum."""
    nulls = data.nulls("train")
    sums = np.stack([c["curve_squared_distance"].sum(dim=0).numpy() for c in nulls.values()])
    return [list(nulls)[best] for best in sums.argmin(axis=0)], sums.min(axis=0)


def one_curve(data: TrackFeatures, spread: np.ndarray, null: np.ndarray) -> str:
    """Return how far the verdicts on the reported sums can be trusted.

    Args:
        data: the published table.
        spread: standard deviation of a train track's squared distance, shape (n_ks,).
        null: sums of the best null model, shape (n_ks,).
    """
    n_train, n_tracks = len(data.rows["train"]), len(data.tracks)
    half = 1.96 * np.sqrt(n_train) * spread  # of the card's interval
    alike = np.abs(null - np.array(data.reported)) <= half
    at = ", ".join(str(k) for k, near in zip(data.curve, alike, strict=True) if near)
    shared = n_train / n_tracks
    return (
        "The verdicts on the reported sums are on one curve of one draw of tracks: they stand or "
        "fall together and are no independent trials. Two draws of "
        f"{n_train:,} of {n_tracks:,} tracks have {shared:.0%} of them in common on average, and "
        f"differ {np.sqrt(2 * (1 - shared)):.2f} times as much as the card's intervals allow, "
        "which take the tracks for a draw from endlessly many. A null model's sum lies within "
        f"such an interval of the reported one at {f'k = {at}' if at else 'no k'}: there the "
        "number tells nothing of the clustering."
    )


def variance(data: TrackFeatures, cluster: np.ndarray) -> Section:
    """Return each feature's share in the variance, and how much of it the clusters tell."""
    x = data.splits["test"].x.double().numpy()
    _, index = np.unique(cluster, return_inverse=True)
    centres = means(x, index, index.max() + 1)
    told = 1 - (x - centres[index]).var(axis=0) / np.maximum(x.var(axis=0), 1e-30)
    shares = {
        "share in the variance (train)": variance_shares(data),
        "share of its own variance that the clusters tell (test)": told,
    }
    figure = plots_clusters.shares_figure(data.features, shares, f"share, scaling {data.how}")
    text = (
        "A feature of large numbers rules the distances; of the others the clusters then tell only "
        "what goes along with it."
    )
    return Section("variance", "Which features make the clusters?", text, figure=figure)


def profiles(data: TrackFeatures, cluster: np.ndarray) -> Section:
    """Return the mean of each feature in each cluster of test tracks."""
    x = data.splits["test"].x.double().numpy() / data.spread
    labels, index, sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    centred = means(x - x.mean(axis=0), index, len(labels))
    names = [f"{label} ({size:,})" for label, size in zip(labels, sizes, strict=True)]
    raw = means(data.values("test"), index, len(labels))
    table = pd.DataFrame(raw, columns=data.features).round(3)
    table.insert(0, "tracks", sizes)
    table.insert(0, "cluster", labels)
    figure = plots_clusters.profiles_figure(centred, names, data.features)
    text = "Test tracks of each cluster (their number in brackets); the table has the raw means."
    return Section("profiles", "What is in the clusters?", text, table, figure)


def tsne(data: TrackFeatures, cluster: np.ndarray) -> list[Section]:
    """Return a map of test tracks, coloured by cluster and by key; nothing where switched off."""
    x = data.splits["test"].x.numpy()
    rows = evenly_spaced(len(x), data.tsne_rows)
    if len(rows) < 10:
        return []
    points = cached_array(data.cache, "tsne", x[rows], tsne_map)
    labels, index = np.unique(cluster[rows], return_inverse=True)
    groups = {"by cluster": (index, [str(label) for label in labels])}
    if "key" in data.features:
        keys = data.of_split("test")["key"].to_numpy()[rows].astype(int)
        found, index = np.unique(keys, return_inverse=True)
        groups["by key"] = (index, [KEYS[key + 1] for key in found])
    text = (
        f"t-SNE of {len(rows):,} test tracks as the model sees them (scaling {data.how}, "
        "perplexity 30 or less). Distances between far islands mean nothing."
    )
    return [Section("tsne", "Map", text, figure=plots_clusters.maps_figure(points, groups))]


def tree(data: TrackFeatures) -> list[Section]:
    """Return the top of Ward's tree of train tracks; nothing where switched off."""
    x = data.splits["train"].x.double().numpy()
    rows = evenly_spaced(len(x), data.tree_rows)
    if len(rows) < 3:
        return []
    merges = cached_array(data.cache, "ward", x[rows], ward)
    figure = plots_clusters.tree_figure(merges, N_LEAVES, data.n_clusters)
    text = (
        f"Ward's tree of {len(rows):,} train tracks (scaling {data.how}), its last {N_LEAVES} "
        "branches. The document shows one without saying where to cut it."
    )
    return [Section("dendrogram", "Tree", text, figure=figure)]


def recommended(data: TrackFeatures, cluster: np.ndarray) -> list[Section]:
    """Return what is recommended by these clusters, by unscaled ones, and by nearness."""
    pools = {"these clusters": _pool(data, cluster)}
    if data.how != "none":
        pools["unscaled clusters, as published"] = _pool(data, _published_clusters(data))
    own = pools["these clusters"]
    asked = evenly_spaced(len(own), N_ASKED)
    lists = {name: first_listed(pool[asked], pool, data.n_listed) for name, pool in pools.items()}
    lists["nearest by features"] = nearest_listed(own[asked], own, data.n_listed)
    reference = list(lists)[-2]
    rows = [
        {
            "recommended by": name,
            "mean distance": float(np.nanmean(mean_distance(own[asked], own, listed))),
            f"shared with {reference}": overlap(listed, lists[reference]),
            "shared with the nearest": overlap(listed, lists["nearest by features"]),
            "different tracks": len(np.unique(listed[listed >= 0])),
        }
        for name, listed in lists.items()
    ]
    text = (
        f"{data.n_listed} tracks for each of {len(asked):,} test tracks. Clusters recommend their "
        "first test tracks in the order of the file, whoever asks. Distances are of features of "
        "unit variance."
    )
    summary = Section("recommended", "Who is recommended?", text, pd.DataFrame(rows))
    return [summary, _examples(data, own, asked, lists)]


def _examples(
    data: TrackFeatures, own: Pool, asked: np.ndarray, lists: dict[str, np.ndarray]
) -> Section:
    """Return the lists of a few tracks."""
    labels = _labels(data)
    rows = []
    for place in evenly_spaced(len(asked), N_QUERIES):
        query = own[asked[place : place + 1]]
        for name, listed in lists.items():
            chosen = listed[place : place + 1]
            rows.append(
                {
                    "for": labels[asked[place]],
                    "recommended by": name,
                    "mean distance": float(mean_distance(query, own, chosen)[0]),
                    "first three": ", ".join(labels[row] for row in chosen[0, :3] if row >= 0),
                }
            )
    text = "Some test tracks, and what each way recommends for them."
    return Section("recommended_examples", "Some recommendations", text, pd.DataFrame(rows))


def _labels(data: TrackFeatures) -> np.ndarray:
    """Return artist and title of each test track; of a nameless one its id and what it is like."""
    rows = data.of_split("test")
    told = [name for name in LIKENESS if name in data.features]
    like = [", ".join(f"{n} {row[n]:.3g}" for n in told) for row in rows[told].to_dict("records")]
    nameless = [f"{i} ({words})" if words else i for i, words in zip(rows["id"], like, strict=True)]
    named = rows["artist"] + ": " + rows["title"]
    return np.where(rows["title"] == "", nameless, named).astype(str)


def _pool(data: TrackFeatures, cluster: np.ndarray) -> Pool:
    x = data.splits["test"].x.double().numpy() / data.spread
    return Pool(data.of_split("test")["id"].to_numpy(dtype=str), x, cluster)


def _published_clusters(data: TrackFeatures) -> np.ndarray:
    """Return the clusters of the test tracks that unscaled features give, (n_rows,)."""
    found = kmeans(data.values("train"), data.n_clusters, seed=PUBLISHED_SEED)
    return nearest(data.values("test"), found.centres)[0]
