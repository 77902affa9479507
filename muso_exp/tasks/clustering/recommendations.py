"""The sections on similar tracks: what clusters recommend, and what the nearest features do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from muso_exp.features.clusters import kmeans, nearest
from muso_exp.metrics.clustering import evenly_spaced
from muso_exp.records import Section
from muso_exp.tasks.clustering.clustered_tracks import ClusteredTracks, ClusterOptions
from muso_exp.tasks.clustering.similar_tracks import (
    Pool,
    first_listed,
    mean_distance,
    nearest_listed,
    overlap,
)

N_QUERIES, N_ASKED = 4, 1000  # queries that are shown, and that are averaged over
LIKENESS = ("energy", "acousticness", "loudness", "key")  # shown of a track without a title
PUBLISHED_SEED = 1  # of the document's k-means


def recommended(
    tracks: ClusteredTracks, options: ClusterOptions, cluster: np.ndarray
) -> list[Section]:
    """Return what is recommended by these clusters, by unscaled ones, and by nearness."""
    pools = {"these clusters": _pool(tracks, cluster)}
    if tracks.scaling != "none":
        pools["unscaled clusters, as published"] = _pool(
            tracks, _published_clusters(tracks, options.n_clusters)
        )
    own = pools["these clusters"]
    asked = evenly_spaced(len(own), N_ASKED)
    lists = {
        name: first_listed(pool[asked], pool, options.n_listed) for name, pool in pools.items()
    }
    lists["nearest by features"] = nearest_listed(own[asked], own, options.n_listed)
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
        f"{options.n_listed} tracks for each of {len(asked):,} test tracks. Clusters recommend "
        "their first test tracks in the order of the file, whatever the track. Distances are of "
        "features of unit variance."
    )
    summary = Section("recommended", "Which tracks are recommended?", text, pd.DataFrame(rows))
    return [summary, _examples(tracks, own, asked, lists)]


def _examples(
    tracks: ClusteredTracks, own: Pool, asked: np.ndarray, lists: dict[str, np.ndarray]
) -> Section:
    """Return the lists of a few tracks."""
    labels = _labels(tracks)
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


def _labels(tracks: ClusteredTracks) -> np.ndarray:
    """Return artist and title of each test track; of a nameless one its id and what it is like."""
    rows = tracks.part("test")
    shown = [name for name in LIKENESS if name in tracks.features]
    like = [", ".join(f"{n} {row[n]:.3g}" for n in shown) for row in rows[shown].to_dict("records")]
    nameless = [f"{i} ({words})" if words else i for i, words in zip(rows["id"], like, strict=True)]
    named = rows["artist"] + ": " + rows["title"]
    return np.where(rows["title"] == "", nameless, named).astype(str)


def _pool(tracks: ClusteredTracks, cluster: np.ndarray) -> Pool:
    x = tracks.x("test") / tracks.spread
    return Pool(tracks.part("test")["id"].to_numpy(dtype=str), x, cluster)


def _published_clusters(tracks: ClusteredTracks, n_clusters: int) -> np.ndarray:
    """Return the clusters of the test tracks that unscaled features give, (n_rows,)."""
    found = kmeans(tracks.values("train"), n_clusters, seed=PUBLISHED_SEED)
    return nearest(tracks.values("test"), found.centres)[0]
