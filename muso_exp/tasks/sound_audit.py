"""What every data set of sound says of itself: the audit and the fingerprint."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import numpy as np

from muso_exp.records import Finding

if TYPE_CHECKING:
    from muso_exp.data.sound.clip_data import AudioData


def identity(data: AudioData) -> str:
    """Return a hash of the clips' samples, the targets and the split."""
    digest = hashlib.sha256(data.store.fingerprint.encode())
    digest.update("\0".join(data.tracks["track_id"].astype(str)).encode())
    digest.update(np.ascontiguousarray(data.labels.numpy()).tobytes())
    for rows in data.parts.values():
        digest.update(rows.astype(np.int64).tobytes())
    return digest.hexdigest()


def audit(data: AudioData) -> list[Finding]:
    """Return what was left out, and what train and test have in common."""
    return [
        *_quarantine(data),
        _left_out(data),
        _without_artist(data),
        _shared_artists(data),
        _shared_sound(data),
        _padding(data),
        _balance(data),
    ]


def _quarantine(data: AudioData) -> list[Finding]:
    """Return how many files cannot be used, and one finding for each reason."""
    bad = data.store.quarantine
    text = f"{len(bad)} of {data.n_read} sound files cannot be used"
    findings = [Finding("files_in_quarantine", len(bad), text, _level(len(bad) > 0))]
    for code, files in bad.groupby("code"):
        first = f"{files['track_id'].iloc[0]} ({files['detail'].iloc[0]})"
        text = f"{len(files)} files in quarantine as {code}; the first is {first}"
        findings.append(Finding(f"quarantine_{code}", len(files), text))
    return findings


def _left_out(data: AudioData) -> Finding:
    decoded = len(data.store)
    unused = decoded - len(data.tracks)
    text = f"{unused} of {decoded} decoded clips have no target, or no part of a published split"
    return Finding("clips_without_target", unused, text)


def _without_artist(data: AudioData) -> Finding:
    nameless = int((data.tracks["artist"] == "").sum())
    n_clips = len(data.tracks)
    text = f"{nameless} of {n_clips} clips have no artist; each counts as an artist of its own"
    several = nameless > 0 and data.split_options.kind == "artist"
    if several:
        text += "; whether the split is disjoint in artists cannot be known"
    return Finding("clips_without_artist", nameless, text, _level(several))


def _shared_artists(data: AudioData) -> Finding:
    train, test = (data.artists[data.parts[name]] for name in ("train", "test"))
    shared = np.isin(test, train)
    text = (
        f"{int(shared.sum())} of {len(test)} test clips are by an artist with train clips "
        f"(dataset.split={data.split_options.kind}); a network may know the artist's sound, or "
        "the record's, rather than the music"
    )
    return Finding("test_artists_in_train", float(shared.mean()), text, _level(bool(shared.any())))


def _shared_sound(data: AudioData) -> Finding:
    """Count test clips that are the same recording as a train clip, sample by sample."""
    digests = data.store.index["digest"].to_numpy()[data.clips]
    same = np.isin(digests[data.parts["test"]], digests[data.parts["train"]])
    n_repeated = len(digests) - len(np.unique(digests))
    text = (
        f"{int(same.sum())} of {len(same)} test clips are the very same sound as a train clip; "
        f"{n_repeated} of all {len(digests)} clips repeat another one"
    )
    return Finding("test_sound_in_train", int(same.sum()), text, _level(bool(same.any())))


def _padding(data: AudioData) -> Finding:
    n_filled = data.store.index["n_filled"].to_numpy()[data.clips]
    short = int((n_filled < data.store.n_samples).sum())
    text = (
        f"{short} of {len(n_filled)} files are shorter than {data.store_options.seconds:g} s; "
        "crops and windows are cut from what is there"
    )
    return Finding("short_files", short, text)


def _balance(data: AudioData) -> Finding:
    """Return the share of the most frequent genre, in train and in test."""
    genres = data.tracks["genre"].replace("", "unknown")
    train, test = (genres.iloc[data.parts[name]].value_counts() for name in ("train", "test"))
    share = float(test.max() / test.sum())
    listed = ", ".join(
        f"{name} {train.get(name, 0)} and {test.get(name, 0)}"
        for name in sorted(set(train.index) | set(test.index))[:12]
    )
    text = f"genres in train and test: {listed}; the commonest is {share:.1%} of the test"
    return Finding("commonest_genre_share", share, text)


def _level(doubtful: bool) -> Literal["note", "warning"]:
    return "warning" if doubtful else "note"
