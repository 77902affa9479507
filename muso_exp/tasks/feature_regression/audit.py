"""The audit of songs with features: what was left out, what the parts share, the targets."""

from __future__ import annotations

from typing import Literal

import numpy as np

from muso_exp.records import Finding, bad_rows
from muso_exp.tasks.feature_regression.feature_songs import FeatureSongs, LeftOut


def audit(songs: FeatureSongs) -> list[Finding]:
    """Return what was left out, what the parts share, and what the targets are."""
    return [
        _quarantine(songs.left_out),
        _unmatched(songs.left_out),
        *bad_rows(songs.left_out.bad_rows),
        _shared_artists(songs),
        _twins(songs),
        _constants(songs),
        *_lengths(songs),
        *_key(songs),
    ]


def _quarantine(left_out: LeftOut) -> Finding:
    bad = left_out.n_bad
    text = f"{bad} sound files cannot be used"
    if len(left_out.quarantine):
        first = left_out.quarantine.iloc[0]
        text += f"; the first is {first['track_id']} ({first['code']}: {first['detail']})"
    return Finding("files_in_quarantine", bad, text, _level(bad > 0))


def _unmatched(left_out: LeftOut) -> Finding:
    text = (
        f"{left_out.without_features} songs with sound are not in the feature table and left out, "
        f"{left_out.without_sound} rows of the table have no sound"
    )
    return Finding("songs_without_features", left_out.without_features, text)


def _shared_artists(songs: FeatureSongs) -> Finding:
    train, test = (songs.artists[songs.parts[name]] for name in ("train", "test"))
    shared = float(np.isin(test, train).mean())
    text = (
        f"{shared:.1%} of the test songs are by an artist with train songs "
        f"(dataset.split.by={songs.group}); a model may know the artist's sound"
    )
    nameless = int((songs.table["artist"] == "").sum())
    if nameless:
        text += f"; {nameless} songs name no artist, so more may be"
    return Finding("test_artists_in_train", shared, text, _level(shared > 0.2))


def _twins(songs: FeatureSongs) -> Finding:
    """Count test songs whose features are those of a train song: one recording under two ids."""
    train, test = (
        {tuple(row) for row in songs.part(name)[songs.features].to_numpy().tolist()}
        for name in ("train", "test")
    )
    text = f"{len(train & test)} test songs have exactly the features of a train song"
    return Finding("test_features_in_train", len(train & test), text, _level(bool(train & test)))


def _constants(songs: FeatureSongs) -> Finding:
    constant = songs.constant_inputs
    text = f"{constant} inputs have one value in all train songs and are always 0"
    return Finding("constant_inputs", constant, text)


def _lengths(songs: FeatureSongs) -> list[Finding]:
    """Return how much the clips' lengths differ: a published bin depends on them."""
    seconds = songs.table["seconds"].dropna()
    if seconds.empty:
        return []
    low, high = float(seconds.min()), float(seconds.max())
    text = f"spectra are of {low:.2f} to {high:.2f} s of sound"
    doubtful = high > 1.05 * low and songs.grouping == "published"
    if doubtful:
        text += "; with grouping=published a bin holds other frequencies in each length"
    return [Finding("shortest_to_longest_clip", low / high, text, _level(doubtful))]


def _key(songs: FeatureSongs) -> list[Finding]:
    if "key" not in songs.features:
        return []
    text = (
        "key is a pitch class on a circle (11 lies beside 0) and is regressed on a line, as "
        "published: its error says little; dataset.drop leaves it out"
    )
    return [Finding("circular_targets", 1, text)]


def _level(doubtful: bool) -> Literal["note", "warning"]:
    return "warning" if doubtful else "note"
