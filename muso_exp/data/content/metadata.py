"""The metadata of items, field by field, as TF-IDF vectors."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.features.artists import first_artist
from muso_exp.features.item_vectors import ItemVectors, tf_idf, value_counts
from muso_exp.features.tag_kinds import KINDS, tag_kind
from muso_exp.formats.listening.interactions import Interactions

FIELDS = ("artist", "genre", "tags", "year", "place")
Counts = Mapping[str, csr_matrix]  # of each field how often an item bears each value


def listening_fields(data: Interactions) -> dict[str, csr_matrix]:
    """Return the fields of played items: the artist, and the tags by what they say.

    Where the items are artists themselves, the artist is no field: no two items share it. Tags of a
    genre, of years and of places are fields of their own, see `muso_exp.features.tag_kinds`.

    Returns:
        Counts (n_items, n_values) of each field that any item has.
    """
    found = {}
    if any(data.items["title"]):
        found["artist"] = value_counts([[first_artist(name)] for name in data.items["artist"]])
    if data.tags is not None:
        kinds = np.array([tag_kind(name) for name in data.tags.names])
        found |= {kind: csr_matrix(data.tags.weights[:, kinds == kind]) for kind in KINDS}
    return {name: counts for name, counts in found.items() if counts.nnz}


def track_fields(tracks: pd.DataFrame) -> dict[str, csr_matrix]:
    """Return the fields of tracks of sound: artist, genre, and the tags by what they say.

    Args:
        tracks: `artist`, `genre`, `tags` (a list each), a row per track; and where they are there,
            `year` and `place`.

    Returns:
        Counts (n_tracks, n_values) of each field that any track has.
    """
    values: dict[str, list[list[str]]] = {
        "artist": [[first_artist(name)] for name in tracks["artist"].astype(str)]
    }
    by_kind = [[(tag_kind(tag), tag) for tag in tags] for tags in tracks["tags"]]
    for kind in KINDS:
        own = tracks[kind].astype(str) if kind != "tags" and kind in tracks else [""] * len(tracks)
        values[kind] = [
            [name, *(tag for found, tag in tags if found == kind)]
            for name, tags in zip(own, by_kind, strict=True)
        ]
    counts = {name: value_counts(column) for name, column in values.items()}
    return {name: found for name, found in counts.items() if found.nnz}


def metadata_vectors(
    counts: Counts, fields: Sequence[str], train: np.ndarray
) -> dict[str, ItemVectors]:
    """Return the TF-IDF vectors of each field that is asked for and there.

    Args:
        counts: of `listening_fields` or `track_fields`.
        fields: some of FIELDS.
        train: items that document frequencies are counted on.
    """
    return {name: tf_idf(counts[name], name, train) for name in fields if name in counts}
