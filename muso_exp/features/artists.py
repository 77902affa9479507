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
