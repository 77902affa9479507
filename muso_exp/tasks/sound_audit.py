"""The audit of clips of sound: files left out, and what train and test have in common."""

from __future__ import annotations

from typing import Literal

import numpy as np

from muso_exp.records import Finding
from muso_exp.tasks.sound_clips import SoundClips


def audit(clips: SoundClips) -> list[Finding]:
    """Return what was left out, and what train and test have in common."""
    return [
        *_quarantine(clips),
        _lost_genres(clips),
        _left_out(clips),
        _without_artist(clips),
        _shared_artists(clips),
        _shared_sound(clips),
        _padding(clips),
        _balance(clips),
    ]


def _quarantine(clips: SoundClips) -> list[Finding]:
    """Return how many files cannot be used, and one finding for each reason."""
    bad = clips.quarantine
    text = f"{len(bad)} of {clips.n_read} sound files cannot be used"
    findings = [Finding("files_in_quarantine", len(bad), text, _level(len(bad) > 0))]
    for code, files in bad.groupby("code"):
        first = f"{files['track_id'].iloc[0]} ({files['detail'].iloc[0]})"
        text = f"{len(files)} files in quarantine as {code}; the first is {first}"
        findings.append(Finding(f"quarantine_{code}", len(files), text))
    return findings


def _lost_genres(clips: SoundClips) -> Finding:
    lost = clips.lost_genres
    text = f"genres of which no file can be used: {', '.join(lost) or 'none'}"
    return Finding("lost_genres", len(lost), text, _level(bool(lost)))


def _left_out(clips: SoundClips) -> Finding:
    decoded = clips.n_decoded
    unused = decoded - len(clips.tracks)
    text = f"{unused} of {decoded} decoded clips have no target, or no part of a published split"
    return Finding("clips_without_target", unused, text)


def _without_artist(clips: SoundClips) -> Finding:
    nameless = int((clips.tracks["artist"] == "").sum())
    n_clips = len(clips.tracks)
    text = f"{nameless} of {n_clips} clips have no artist; each counts as an artist of its own"
    several = nameless > 0 and clips.split == "artist"
    if several:
        text += "; whether the split is disjoint in artists cannot be known"
    return Finding("clips_without_artist", nameless, text, _level(several))


def _shared_artists(clips: SoundClips) -> Finding:
    train, test = (clips.artists[clips.parts[name]] for name in ("train", "test"))
    shared = np.isin(test, train)
    text = (
        f"{int(shared.sum())} of {len(test)} test clips are by an artist with train clips "
        f"(dataset.split.by={clips.split}); a network may know the artist's sound, or "
        "the record's, rather than the music"
    )
    return Finding("test_artists_in_train", float(shared.mean()), text, _level(bool(shared.any())))


def _shared_sound(clips: SoundClips) -> Finding:
    """Count test clips that are the same recording as a train clip, sample by sample."""
    digests = clips.digests
    same = np.isin(digests[clips.parts["test"]], digests[clips.parts["train"]])
    n_repeated = len(digests) - len(np.unique(digests))
    text = (
        f"{int(same.sum())} of {len(same)} test clips are the same sound as a train clip; "
        f"{n_repeated} of all {len(digests)} clips repeat another one"
    )
    return Finding("test_sound_in_train", int(same.sum()), text, _level(bool(same.any())))


def _padding(clips: SoundClips) -> Finding:
    short = int((clips.n_filled < clips.n_samples).sum())
    text = (
        f"{short} of {len(clips.n_filled)} files are shorter than {clips.seconds:g} s; "
        "crops and windows are cut from what is there"
    )
    return Finding("short_files", short, text)


def _balance(clips: SoundClips) -> Finding:
    """Return the share of the most frequent genre, in train and in test."""
    genres = clips.tracks["genre"].replace("", "unknown")
    train, test = (genres.iloc[clips.parts[name]].value_counts() for name in ("train", "test"))
    share = float(test.max() / test.sum())
    listed = ", ".join(
        f"{name} {train.get(name, 0)} and {test.get(name, 0)}"
        for name in sorted(set(train.index) | set(test.index))[:12]
    )
    text = f"genres in train and test: {listed}; the commonest is {share:.1%} of the test"
    return Finding("commonest_genre_share", share, text)


def _level(doubtful: bool) -> Literal["note", "warning"]:
    return "warning" if doubtful else "note"
