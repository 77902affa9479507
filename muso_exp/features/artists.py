"""The artist of a track as its independent unit: tracks of one artist are alike."""

import re
from collections.abc import Iterable

import numpy as np

_FURTHER = re.compile(r"(?:;|,\s|\s[\(\[]?(?:feat|ft|featuring)\b\.?\s).*$", re.IGNORECASE)


def first_artist(names: str) -> str:
    """Return the first of several artists, case-folded, "" of none.

    Names are divided at a semicolon, at a comma before a blank, and at "feat.": "Earth, Wind &
    Fire" becomes "earth", which joins it to another artist only where one has that name.
    """
    whole = " ".join(names.split()).casefold()
    return _FURTHER.sub("", whole).strip() or whole


def artist_units(artists: Iterable[str], ids: Iterable[object]) -> np.ndarray:
    """Return the independent unit of each track: its first artist, or itself where unknown.

    Args:
        artists: name or names of each track's artists, "" where unknown.
        ids: of the tracks.

    Returns:
        Shape (n_tracks,), "artist NAME" or "track ID".
    """
    firsts = map(first_artist, artists)
    pairs = zip(firsts, ids, strict=True)
    return np.array([f"artist {first}" if first else f"track {own}" for first, own in pairs], str)


def artist_means(
    values: np.ndarray, known: np.ndarray, asked: np.ndarray, prior_rows: float = 0.0
) -> np.ndarray:
    """Return the mean row of each artist that is asked for; of an unknown one, that of all rows.

    Args:
        values: of the known tracks, shape (n_known, n_columns).
        known: artist of each known track, shape (n_known,).
        asked: artists, shape (n_asked,).
        prior_rows: rows of the mean of all that each artist's mean starts from.

    Returns:
        Shape (n_asked, n_columns), float64.
    """
    names, group = np.unique(known, return_inverse=True)
    mean = values.mean(axis=0, dtype=np.float64)  # (n_columns,)
    sums = np.zeros((len(names) + 1, values.shape[1]))
    np.add.at(sums, group, values - mean)
    means = mean + sums / (np.append(np.bincount(group), 1) + prior_rows)[:, None]
    place = np.minimum(np.searchsorted(names, asked), len(names) - 1)
    return means[np.where(names[place] == asked, place, len(names))]
