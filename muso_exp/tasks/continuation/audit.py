"""The audit of playlists to be continued: repeats, unseen tracks, tracks without features."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.models.abilities import ask
from muso_exp.models.shown_abilities import RecordsProgress
from muso_exp.records import Finding
from muso_exp.tasks.continuation.continuation import ContinuedPlaylists
from muso_exp.tasks.recommendation.split_plays import HeldOut


def audit(continued: ContinuedPlaylists, held: HeldOut, model: Any) -> list[Finding]:
    """Return repeats, unseen seeds and held-out tracks, tracks without features, and training."""
    n_repeats, n_short = continued.continuation.n_repeats, continued.continuation.n_short
    return [
        Finding(
            "repeated_tracks",
            n_repeats,
            f"{n_repeats} tracks stood in a playlist a second time and were left out",
        ),
        *_seed_findings(continued, held),
        *continued.file_findings,
        *_track_findings(continued, held),
        Finding(
            "unfilled_kinds",
            n_short,
            f"{n_short} playlists are missing to share them out evenly to the kinds of seeds, for "
            "want of long ones",
        ),
        *_training_findings(model),
    ]


def _seed_findings(continued: ContinuedPlaylists, held: HeldOut) -> list[Finding]:
    """Return how many playlists have no seeds, or none that anything is known of."""
    with_features = held.of_candidates(continued.file_order >= 0)
    own = np.bincount(held.seen.indices, minlength=len(with_features))
    popularity = held.of_candidates(continued.continuation.popularity())
    elsewhere = popularity - own  # in playlists of training
    n, some = len(held.users), np.diff(held.seen.indptr) > 0
    unseen = int((_rows_with(held.seen, elsewhere > 0) == 0)[some].sum())
    without_features = int((_rows_with(held.seen, with_features) == 0)[some].sum())
    of_features = Finding(
        "seeds_without_features",
        without_features,
        f"{without_features} of {n} continued playlists have seeds, none of which has features",
    )
    return [
        Finding(
            "playlists_without_seeds",
            float((~some).sum()),
            f"{(~some).sum()} of {n} continued playlists have no seeds (their title only); "
            "`titles` alone, and a mix with it, reads titles",
        ),
        Finding(
            "unseen_seeds",
            unseen,
            f"{unseen} of {n} continued playlists have seeds, none of which is in a playlist of "
            "training",
        ),
        *([of_features] if with_features.any() else []),
    ]


def _track_findings(continued: ContinuedPlaylists, held: HeldOut) -> list[Finding]:
    """Return the shares of held-out tracks in no playlist, and of tracks without features."""
    positives, missing = continued.continuation.held_out, continued.file_order < 0
    unseen = float((continued.continuation.popularity()[positives.indices] == 0).mean())
    left = len(np.unique(positives.nonzero()[0])) - len(held.users)
    text = f"{unseen:.1%} of the {positives.nnz} held-out entries are of tracks that are in no "
    text += "other playlist; playlists alone cannot rank them"
    if continued.warm:
        n_cold = len(missing) - held.n_items
        text += f": left out, with all {n_cold} such tracks, and {left} playlists that have none "
        text += "but them (dataset.candidates=warm)"
    return [
        Finding("unseen_test_entries", unseen, text, "warning" if unseen > 0.1 else "note"),
        _without_features(missing),
    ]


def _without_features(missing: np.ndarray) -> Finding:
    """Return how many tracks have no audio features, given which lack them, (n_tracks,)."""
    share, name = float(missing.mean()), "tracks_without_features"
    if missing.all():
        text = "no track has audio features (dataset.feature_table, or track_features.csv beside "
        text += "the playlists): a mix leaves out what needs them, and a recommender by features "
        return Finding(name, share, text + "alone is refused", "note")
    text = f"{missing.sum()} of {len(missing)} tracks ({share:.1%}) are not in the feature table; "
    text += "recommenders by features put them last"
    return Finding(name, share, text, "warning" if share > 0.1 else "note")


def _rows_with(matrix: csr_matrix, chosen: np.ndarray) -> np.ndarray:
    """Return how many of the chosen columns (n,) each row of a 0/1 matrix has, (n_rows,)."""
    return np.asarray(matrix @ chosen.astype(np.int64)).ravel()


def _training_findings(model: Any) -> list[Finding]:
    """Return whether training changed the net, where the model records it."""
    if not isinstance(model, RecordsProgress):
        return []
    gradient, moved = map(float, ask(model.training_progress))
    text = f"the largest gradient of a step has norm {gradient:.3g}; the first layer moved by "
    text += f"{moved:.1%} of its norm"
    if gradient == 0:
        text += ": nothing was learned, the weights are those of the start"
    return [
        Finding("gradient", gradient, text, "warning" if gradient == 0 else "note"),
        Finding("weights_moved", moved, f"the first layer moved by {moved:.1%} of its norm"),
    ]
