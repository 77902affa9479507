"""What is known of each played item without its listeners, as one vector."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.data.content.clip_sound import ClipSound
from muso_exp.data.content.metadata import listening_fields, metadata_vectors, track_fields
from muso_exp.errors import ConfigError
from muso_exp.features.item_vectors import SOUND, ItemVectors, join, standardised
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.options import Options

Field = Literal["artist", "genre", "tags", "year", "place", "sound"]


class ContentOptions(Options, frozen=True, kw_only=True):
    """What is known of items without their listeners.

    Attributes:
        fields: artist, genre, tags, year, place, sound; those that the data lack are left out.
        shuffled: deal the vectors out anew among the items: the null of every representation.
    """

    fields: Sequence[Field]
    shuffled: bool = False


def item_content(
    data: Interactions,
    options: ContentOptions,
    sound: ClipSound | None,
    train: np.ndarray,
    seed: int,
) -> ItemVectors:
    """Return one vector for each played item.

    Fields come from the files of the plays (artist, tags) and, where they lack a field, from the
    table of the sound (artist, genre, tags).

    Args:
        data: the plays, with names and tags of their items.
        options: which fields.
        sound: clips of some items; None without.
        train: items that frequencies and scales are taken of, shape (n_train,).
        seed: of the shuffling.

    Raises:
        ConfigError: none of the fields is there; `sound` without clips; no clip of a train item.
    """
    counts, parts = listening_fields(data), {}
    if sound is None and SOUND in options.fields:
        raise ConfigError(
            "dataset.content.fields names sound, but there is no dataset.sound; give it, or leave "
            "sound out"
        )
    if sound is not None:
        tracks, vectors = sound.read(data)
        n_items = len(data.items)
        own = track_fields(tracks).items()
        counts = {name: carried(tracks, n_items, values) for name, values in own} | counts
        if SOUND in options.fields:
            parts[SOUND] = _sound(vectors, tracks, len(data.items), train)
    parts |= metadata_vectors(counts, options.fields, train)
    if not parts:
        there = ", ".join([*counts, *([SOUND] if sound else [])]) or "nothing"
        raise ConfigError(
            f"dataset.content.fields={list(options.fields)}: these data have none of them; they "
            f"have {there}"
        )
    joined = join([parts[name] for name in options.fields if name in parts])
    return joined.shuffled(seed) if options.shuffled else joined


def _sound(
    vectors: np.ndarray, tracks: pd.DataFrame, n_items: int, train: np.ndarray
) -> ItemVectors:
    """Return the sound of each item; of several clips of one item the first counts."""
    items, first = np.unique(tracks["item"].to_numpy(), return_index=True)
    try:
        return standardised(vectors[first], items, n_items, SOUND, train)
    except ValueError as error:
        raise ConfigError(f"dataset.content: {error}; hold out fewer items") from error


def carried(tracks: pd.DataFrame, n_items: int, counts: csr_matrix) -> csr_matrix:
    """Return counts of tracks (n_tracks, n_values) as those of their items (n_items, n_values).

    Those of several tracks of one item add up.

    Args:
        tracks: the number of each one's item as `item`.
        n_items: all items.
        counts: of the tracks.
    """
    ones, own = np.ones(len(tracks)), np.arange(len(tracks))
    place = csr_matrix((ones, (tracks["item"].to_numpy(), own)), (n_items, len(tracks)))
    return csr_matrix(place @ counts)
