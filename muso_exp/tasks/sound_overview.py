"""Clips of sound, before any model: what is known of them, their genres, artists and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from muso_exp.records import Finding, Section
from muso_exp.tasks.overview import (
    Overview,
    columns_section,
    counted_section,
    frequencies_section,
    histograms_section,
    sample_section,
    tail_section,
)
from muso_exp.tasks.sound_clips import SoundClips

COLUMNS = ["track_id", "artist", "title", "genre", "tags"]  # those of a table of tracks


def clips_overview(
    clips: SoundClips,
    values: Mapping[str, np.ndarray],
    seed: int,
    counts: Mapping[str, int],
    further: Sequence[Section] = (),
) -> Overview:
    """Return what clips of sound hold.

    Args:
        clips: those that are used.
        values: further numbers of each clip, by name, shapes (n_clips,).
        seed: of the sample.
        counts: of the task.
        further: sections on what is learned of the clips.
    """
    table = clips.tracks[[name for name in COLUMNS if name in clips.tracks]].copy()
    table["seconds of sound"] = clips.n_filled * clips.seconds / clips.n_samples
    spread = {"seconds of sound": table["seconds of sound"].to_numpy(np.float64), **values}
    genres = [frequencies_section(table["genre"], "Genres", "clips", "genres")]
    sections = [
        *(genres if (table["genre"] != "").any() else []),
        *_tags(table),
        *further,
        histograms_section(spread),
        columns_section(table),
        tail_section({"artists": np.unique(clips.artists, return_counts=True)[1]}, "clips"),
        sample_section(table, seed, "clips"),
    ]
    return Overview(counts, sections, _notes(clips))


def loudness_values(loudness: np.ndarray) -> dict[str, np.ndarray]:
    """Return the loudness of clips (n_clips, 3) by name: see `muso_exp.sound.loudness`."""
    names = ("level, dB", "moments, mean dB", "moments, spread dB")
    return dict(zip(names, loudness.T.astype(np.float64), strict=True))


def _tags(table: pd.DataFrame) -> list[Section]:
    if "tags" not in table or not table["tags"].str.len().any():
        return []
    counts = table["tags"].explode().dropna().astype(str).value_counts()
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    per_clip = table["tags"].str.len().to_numpy(np.float64)
    tails = {"tags": counts.to_numpy(np.float64), "clips": per_clip}
    return [
        counted_section(counts, "Tags", "clips", "tags"),
        tail_section(tails, "clips of a tag, tags of a clip", "Tags of clips", "tags_of_clips"),
    ]


def _notes(clips: SoundClips) -> list[Finding]:
    failed = clips.n_read - clips.n_decoded
    codes = clips.quarantine["code"].value_counts()
    reasons = ", ".join(f"{number} {code}" for code, number in codes.items())
    padded = int((clips.n_filled < clips.n_samples).sum())
    used = f"{len(clips.tracks):,} of {clips.n_read:,} sound files are used"
    found = [Finding("used", len(clips.tracks), used)]
    if failed:
        text = f"{failed:,} files cannot be used: {reasons}"
        found.append(Finding("bad_files", failed, text, "warning"))
    if clips.lost_genres:
        names = ", ".join(clips.lost_genres)
        text = f"no file of these genres could be decoded: {names}"
        found.append(Finding("lost_genres", len(clips.lost_genres), text, "warning"))
    if padded:
        text = f"{padded:,} clips are shorter than {clips.seconds:g} s, and end in silence"
        found.append(Finding("padded", padded, text))
    same = len(clips.digests) - len(np.unique(clips.digests))
    if same:
        found.append(Finding("same_sound", same, f"{same:,} clips have the sound of another one"))
    return found
