"""The genres of played items, with a confidence in each."""

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.data.content.clip_sound import ClipSound
from muso_exp.data.content.item_content import carried
from muso_exp.features.genre_confidence import N_FOLDS, genre_confidence, listener_vectors
from muso_exp.features.hybrid_parts import reduced
from muso_exp.features.item_vectors import ItemVectors, value_counts
from muso_exp.features.tag_kinds import tag_kind
from muso_exp.formats.listening.interactions import Interactions, ItemTags
from muso_exp.tasks.recommendation.item_genres import ItemGenres

GENRE = "genre"
MIN_ITEMS = 10  # that bear a genre, or it is none to learn
N_DIMS = 64  # of metadata and sound


def named_genres(data: Interactions, sound: ClipSound | None) -> ItemTags | None:
    """Return how often each item is called by each genre; None where no file names any.

    Genres are tags whose last word names one; where the plays have no tags, those of the sound.
    """
    if data.tags is not None:
        kept = [tag_kind(name) == GENRE for name in data.tags.names]
        names = [name for name, own in zip(data.tags.names, kept, strict=True) if own]
        return ItemTags(csr_matrix(data.tags.weights[:, np.flatnonzero(kept)]), names)
    if sound is None:
        return None
    tracks = sound.read(data)[0]
    if GENRE not in tracks:
        return None
    values = [[name] if name else [] for name in tracks[GENRE].astype(str)]
    names = sorted({name for own in values for name in own})
    return (
        ItemTags(carried(tracks, len(data.items), value_counts(values)), names) if names else None
    )


def item_genres(
    data: Interactions,
    named: ItemTags | None,
    vectors: ItemVectors,
    train: csr_matrix,
    artist: np.ndarray,
    n_genres: int,
    seed: int,
) -> ItemGenres | None:
    """Return the commonest genres of the items, and how sure what else is known is of them.

    Args:
        data: the plays, with tags or without.
        named: how often each item is called by each genre; None: by none.
        vectors: what is known of the items; its columns of genres are not read.
        train: plays to learn from, shape (n_users, n_items).
        artist: number of each item's artist, shape (n_items,).
        n_genres: at most so many.
        seed: of the reduction.

    Returns:
        None where no genre is borne by enough items.
    """
    if named is None:
        return None
    borne = csr_matrix(named.weights, dtype=np.float64)
    count = np.bincount(borne.indices, minlength=borne.shape[1])
    chosen = np.argsort(-count, kind="stable")[:n_genres]
    chosen = chosen[count[chosen] >= MIN_ITEMS]
    every = borne if data.tags is None else data.tags.weights
    judged = np.asarray(every.sum(axis=1)).ravel() > 0
    if not len(chosen) or len(np.unique(artist[judged])) < N_FOLDS:
        return None
    others = vectors.of([field for field in np.unique(vectors.fields) if field != GENRE])
    x = listener_vectors(train, seed)
    if others.vectors.nnz:
        x = np.hstack([reduced(others.vectors, N_DIMS, seed), x])
    kept = csr_matrix(borne[:, chosen])
    found = genre_confidence(x, kept.toarray() > 0, judged, artist)
    return ItemGenres([named.names[place] for place in chosen], kept, judged, found)
