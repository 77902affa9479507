"""What the data set says of itself: the audit, the null models, the fingerprint."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from muso_exp.records import Finding

if TYPE_CHECKING:
    from muso_exp.data.spectra import Spectra

PRIOR_SONGS = 2.0  # songs of mean features that an artist's mean starts from


def fingerprint(data: Spectra) -> str:
    """Return the hash of ids, inputs, features and split."""
    digest = hashlib.sha256("\n".join(data.table["id"]).encode())
    digest.update(np.ascontiguousarray(data.labels.numpy()).tobytes())
    if data.songs.values is not None:
        for row in data.songs.rows:
            digest.update(np.ascontiguousarray(data.songs.values[row]).tobytes())
    for rows in data.parts.values():
        digest.update(rows.astype(np.int64).tobytes())
    return digest.hexdigest()


def nulls(data: Spectra) -> dict[str, dict[str, Tensor]]:
    """Return the train mean (0 in standard units) and the shrunk mean of the artist's songs."""
    target = data.labels[torch.from_numpy(data.parts["train"])]
    mean = torch.zeros(len(data.parts["test"]), target.shape[1])
    train, test = (data.artists[data.parts[name]] for name in ("train", "test"))
    if not np.isin(test, train).any():
        return {"train_mean": {"preds": mean}}
    names, group = np.unique(train, return_inverse=True)
    sums = torch.zeros(len(names), target.shape[1]).index_add_(0, torch.from_numpy(group), target)
    counts = torch.from_numpy(np.bincount(group))
    artist = sums / (counts + PRIOR_SONGS)[:, None]  # (n_artists, n_features)
    place = np.searchsorted(names, test).clip(max=len(names) - 1)
    known = torch.from_numpy(names[place] == test)[:, None]
    return {
        "train_mean": {"preds": mean},
        "artist_mean": {"preds": torch.where(known, artist[place], mean)},
    }


def audit(data: Spectra) -> list[Finding]:
    """Return what was left out, what the parts share, and what the targets are."""
    return [
        _quarantine(data),
        _unmatched(data),
        _shared_artists(data),
        _twins(data),
        _constants(data),
        *_lengths(data),
        *_key(data),
    ]


def _quarantine(data: Spectra) -> Finding:
    bad = len(data.songs.quarantine) + len(data.songs.table) - len(data.table)
    text = f"{bad} sound files cannot be used"
    if len(data.songs.quarantine):
        first = data.songs.quarantine.iloc[0]
        text += f"; the first is {first['track_id']} ({first['code']}: {first['detail']})"
    return Finding("files_in_quarantine", bad, text, _level(bad > 0))


def _unmatched(data: Spectra) -> Finding:
    songs = data.songs
    text = (
        f"{songs.without_features} songs with sound are not in the feature table and left out, "
        f"{songs.without_sound} rows of the table have no sound"
    )
    return Finding("songs_without_features", songs.without_features, text)


def _shared_artists(data: Spectra) -> Finding:
    train, test = (data.artists[data.parts[name]] for name in ("train", "test"))
    shared = float(np.isin(test, train).mean())
    text = (
        f"{shared:.1%} of the test songs are by an artist with train songs "
        f"(dataset.group={data.group}); a model may know the artist's sound"
    )
    nameless = int((data.table["artist"] == "").sum())
    if nameless:
        text += f"; {nameless} songs name no artist, so more may be"
    return Finding("test_artists_in_train", shared, text, _level(shared > 0.2))


def _twins(data: Spectra) -> Finding:
    """Count test songs whose features are those of a train song: one recording under two ids."""
    train, test = (
        {tuple(row) for row in data.part(name)[data.features].to_numpy().tolist()}
        for name in ("train", "test")
    )
    text = f"{len(train & test)} test songs have the very features of a train song"
    return Finding("test_features_in_train", len(train & test), text, _level(bool(train & test)))


def _constants(data: Spectra) -> Finding:
    constant = data.inputs.constant
    text = f"{constant} inputs have one value in all train songs and are always 0"
    return Finding("constant_inputs", constant, text)


def _lengths(data: Spectra) -> list[Finding]:
    """Return how much the clips' lengths differ: on them hangs what a published bin holds."""
    seconds = data.table["seconds"].dropna()
    if seconds.empty:
        return []
    low, high = float(seconds.min()), float(seconds.max())
    text = f"spectra are of {low:.2f} to {high:.2f} s of sound"
    doubtful = high > 1.05 * low and data.read_options.spectrum.grouping == "published"
    if doubtful:
        text += "; with grouping=published a bin holds other frequencies in each length"
    return [Finding("shortest_to_longest_clip", low / high, text, _level(doubtful))]


def _key(data: Spectra) -> list[Finding]:
    if "key" not in data.features:
        return []
    text = (
        "key is a pitch class on a circle (11 lies beside 0) and is regressed on a line, as "
        "published: its error says little; dataset.drop leaves it out"
    )
    return [Finding("circular_targets", 1, text)]


def _level(doubtful: bool) -> Literal["note", "warning"]:
    return "warning" if doubtful else "note"
