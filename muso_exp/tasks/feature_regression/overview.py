"""Songs with sound and audio features, before any model."""

import numpy as np

from muso_exp.records import Finding, bad_rows
from muso_exp.tasks.feature_regression.feature_songs import NAMES, FeatureSongs
from muso_exp.tasks.overview import (
    Overview,
    columns_section,
    frequencies_section,
    histograms_section,
    sample_section,
    tail_section,
)


def songs_overview(songs: FeatureSongs, counts: dict[str, int], seed: int) -> Overview:
    """Return what songs with features hold.

    Args:
        songs: those with sound and features.
        counts: of the task.
        seed: of the sample.
    """
    table = songs.table[[*NAMES, "seconds", *songs.features]]
    values = {name: table[name].to_numpy(np.float64) for name in ("seconds", *songs.features)}
    known = {name: column for name, column in values.items() if np.isfinite(column).any()}
    genres = [frequencies_section(table["genre"], "Genres", "songs", "genres")]
    sections = [
        histograms_section({**known, "level": songs.levels}),
        columns_section(table),
        *(genres if (table["genre"] != "").any() else []),
        tail_section({"artists": np.unique(songs.artists, return_counts=True)[1]}, "songs"),
        sample_section(table, seed, "songs"),
    ]
    return Overview(counts, sections, _notes(songs))


def _notes(songs: FeatureSongs) -> list[Finding]:
    left = songs.left_out
    found = [
        ("bad_files", left.n_bad, "sound files that cannot be used"),
        ("without_features", left.without_features, "songs with sound and without features"),
        ("without_sound", left.without_sound, "rows of the feature table without sound"),
    ]
    notes = [Finding(name, n, f"{n:,} {text}") for name, n, text in found if n]
    return [*bad_rows(left.bad_rows), *notes]
