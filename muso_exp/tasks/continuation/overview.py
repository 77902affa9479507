"""Playlists, before any model."""

import numpy as np
import pandas as pd

from muso_exp.features.tracks import FEATURES
from muso_exp.records import Finding, Section
from muso_exp.tasks.continuation.continuation import ContinuedPlaylists
from muso_exp.tasks.overview import (
    Overview,
    columns_section,
    counted_section,
    frequencies_section,
    histograms_section,
    ordered_counts,
    sample_section,
    tail_section,
)

N_NAMED = 3  # tracks of a sampled playlist


def playlists_overview(
    continued: ContinuedPlaylists,
    features: np.ndarray,
    counts: dict[str, int],
    notes: list[Finding],
    seed: int,
) -> Overview:
    """Return what playlists hold: those of training, and the seeds of those to be continued.

    Args:
        continued: all playlists.
        features: of the tracks, NaN where there is none, shape (n_tracks, 13).
        counts: of the task.
        notes: what was found while reading.
        seed: of the sample.
    """
    known = continued.continuation.known
    tracks = continued.data.tracks
    names = [" - ".join(part for part in pair if part) for pair in zip(
        tracks["artist"], tracks["title"], strict=True)]  # fmt: skip
    popularity = np.bincount(known.indices, minlength=known.shape[1])
    most = ordered_counts(popularity, names)
    by_artist = np.bincount(continued.artists(), weights=popularity)
    titles = [title or "" for title in continued.continuation.titles(continued.data)]
    lengths = np.diff(known.indptr)
    sections = [
        tail_section({"tracks": popularity, "artists": by_artist}, "playlists"),
        histograms_section(
            {"tracks of a playlist": lengths.astype(np.float64)}, "Lengths", "lengths"
        ),
        counted_section(most, "Tracks in most playlists", "playlists", "most"),
        *_titles(titles),
        *_features(features),
        columns_section(_with_features(tracks, features), "Tracks and what is missing of them"),
        sample_section(_rows(continued, titles, names), seed, "playlists"),
    ]
    return Overview(counts, sections, notes)


def _titles(titles: list[str]) -> list[Section]:
    named = [title.strip().casefold() for title in titles]
    return [frequencies_section(named, "Titles", "playlists", "titles")] if any(named) else []


def _features(features: np.ndarray) -> list[Section]:
    known = {
        name: values[np.isfinite(values)].astype(np.float64)
        for name, values in zip(FEATURES, features.T, strict=True)
        if np.isfinite(values).any()
    }
    return [histograms_section(known, "Features of tracks", "features")] if known else []


def _with_features(tracks: pd.DataFrame, features: np.ndarray) -> pd.DataFrame:
    known = pd.DataFrame(features, columns=list(FEATURES)).dropna(axis=1, how="all")
    return pd.concat([tracks[["id", "artist", "title"]].reset_index(drop=True), known], axis=1)


def _rows(continued: ContinuedPlaylists, titles: list[str], names: list[str]) -> pd.DataFrame:
    known = continued.continuation.known
    first = [
        "; ".join(names[track] for track in known.indices[start : min(start + N_NAMED, end)])
        for start, end in zip(known.indptr[:-1], known.indptr[1:], strict=True)
    ]
    return pd.DataFrame(
        {
            "title": titles,
            "seeds": continued.continuation.category,
            "tracks": np.diff(known.indptr),
            "some of them": first,
        }
    )
