"""The audit of clusters of tracks: which features rule the distances, which tracks are the same."""

from __future__ import annotations

import numpy as np

from muso_exp.records import Finding, bad_rows
from muso_exp.tasks.clustering.clustered_tracks import ClusteredTracks

RULING = 0.9  # share of the variance from which one or two features rule the distances


def audit(tracks: ClusteredTracks) -> list[Finding]:
    """Return which features rule the distances, and tracks that are the same."""
    repeats = [_repeats(tracks), _test_repeats(tracks), _two_valued(tracks)]
    return [*_variance(tracks), *repeats, *bad_rows(tracks.left_out)]


def variance_shares(tracks: ClusteredTracks) -> np.ndarray:
    """Return the share of each scaled feature in the variance of train, (n_features,)."""
    return tracks.spread**2 / (tracks.spread**2).sum()


def _variance(tracks: ClusteredTracks) -> list[Finding]:
    shares = variance_shares(tracks)
    order = np.argsort(-shares, kind="stable")
    listed = ", ".join(f"{tracks.features[i]} {shares[i]:.1%}" for i in order)
    two = float(shares[order[:2]].sum())
    text = f"share of each feature in the squared distances (scaling {tracks.scaling}): {listed}"
    ruled = len(shares) > 2 and two > RULING
    names = " and ".join(tracks.features[i] for i in order[:2])
    verdict = f"{names} hold {two:.1%} of the variance" + (
        ": the clusters are clusters of these two" if ruled else ""
    )
    return [
        Finding("share_of_widest_feature", float(shares[order[0]]), text),
        Finding("share_of_two_widest", two, verdict, "warning" if ruled else "note"),
    ]


def _repeats(tracks: ClusteredTracks) -> Finding:
    n, n_features = tracks.n_read - tracks.n_distinct, len(tracks.features)
    done = "left out" if tracks.distinct_rows else "kept"
    text = (
        f"{n} of {tracks.n_read} tracks equal an earlier one in all {n_features} features; {done} "
        "(dataset.distinct_rows)"
    )
    return Finding("repeated_rows", n, text)


def _test_repeats(tracks: ClusteredTracks) -> Finding:
    train = tracks.part("train")[tracks.features].drop_duplicates()
    both = tracks.part("test")[tracks.features].merge(train, on=tracks.features)
    text = f"{len(both)} of {len(tracks.rows['test'])} test tracks have a twin in the train split"
    return Finding("test_tracks_with_twin_in_train", len(both), text)


def _two_valued(tracks: ClusteredTracks) -> Finding:
    names = [name for name in tracks.features if tracks.tracks[name].nunique() == 2]
    text = (
        f"features with two values only, which no mean has: {len(names)} of {len(tracks.features)}"
    )
    listed = f", {', '.join(names)}" if names else ""
    return Finding("two_valued_features", len(names), text + listed)
