"""A hybrid recommender: its parts, and a blend learned where plays and whole items are hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.features.als import FactorOptions
from muso_exp.features.audience import artist_listeners
from muso_exp.features.blend_curve import (
    BlendCurve,
    Choices,
    artist_knots_up_to,
    fit_blend,
    knots_up_to,
)
from muso_exp.features.hybrid_parts import (
    LISTENING,
    PARTS,
    FittedListening,
    HybridParts,
    fit_artists,
    fit_content,
    fit_listening,
    has_artists,
    reduced,
)
from muso_exp.features.interactions import keep_entries
from muso_exp.options import Count, Options, Positive, Seed

BLOCK = 64  # rows that are scored at once
BLENDS = ("listening", "content", "same_weights", "artist_unseen")  # beside the hybrid
Vectors = Mapping[str, np.ndarray]  # of each kind of content, (n_items, n_dims), rows of length 1


class HybridOptions(Options, frozen=True, kw_only=True):
    """How the parts are fitted, and how their blend is learned.

    Attributes:
        factors: of WMF.
        ease_regularization: weight of EASE's squared item-to-item weights.
        n_dims: dimensions of metadata and of sound, at most.
        n_choices: hidden plays that the blend is learned from, at most.
        n_others: items that each of them is set beside.
        seed: of all draws.
    """

    factors: FactorOptions = FactorOptions(iterations=15, epsilon=1.0, regularization=10.0)
    ease_regularization: Positive = 250.0
    n_dims: Count = 128
    n_choices: Count = 3000
    n_others: Count = 40
    seed: Seed = 0


@dataclass(frozen=True)
class HybridSolution:
    """A fitted hybrid.

    Attributes:
        parts: fitted on all plays of training.
        curve: how they are blended.
        others: blends to set beside it, learned on the same hidden plays: those of `BLENDS` (the
            last where items share artists), or none where one part alone was asked for.
    """

    parts: HybridParts
    curve: BlendCurve
    others: Mapping[str, BlendCurve]

    def scores(self, rows: csr_matrix) -> np.ndarray:
        """Return the scores of all items for rows of plays (B, n_items), same shape, float32.

        A row without any play gets the listeners of the items: the most popular first.
        """
        return self.blended(rows, [self.curve])[0]

    def blended(self, rows: csr_matrix, curves: Sequence[BlendCurve]) -> list[np.ndarray]:
        """Return the scores (B, n_items) of rows of plays by each of several blends."""
        scores = self.parts.scores(rows)
        return [self._mixed(curve, scores, rows) for curve in curves]

    def variants(self, rows: csr_matrix) -> dict[str, np.ndarray]:
        """Return the scores (B, n_items) of rows by each part alone, each blend, and the hybrid."""
        scores, used = self.parts.scores(rows), self.parts.used()
        found = {PARTS[part]: scores[part] for part in np.flatnonzero(used)}
        blends = {**self.others, "hybrid": self.curve}
        return found | {name: self._mixed(curve, scores, rows) for name, curve in blends.items()}

    def _mixed(self, curve: BlendCurve, scores: np.ndarray, rows: csr_matrix) -> np.ndarray:
        audience = self.parts.audience
        found = curve.mix(scores, audience)
        found[np.diff(rows.indptr) == 0] = audience.item
        return found


@dataclass(frozen=True)
class BlendSubset:
    """What a blend may weigh.

    Attributes:
        chosen: parts that may get a weight, shape (n_parts,), bool; None: all.
        by_listeners: whether the weights may depend on how many listeners an item has.
        by_artist: whether they may depend on those of its artist's other items.
    """

    chosen: np.ndarray | None = None
    by_listeners: bool = True
    by_artist: bool = True


@dataclass(frozen=True)
class Hidden:
    """Plays of training that are hidden, as the test hides others, and what is known without them.

    Attributes:
        which: of the stored plays, those that are hidden, shape (n_plays,), bool.
        vectors: of the items, by kind of content, see `content_vectors`; without what those who
            listen to hidden plays said of their items.
    """

    which: np.ndarray
    vectors: Vectors


@dataclass(frozen=True)
class Validation:
    """Known and hidden plays of training, and the parts fitted to the known ones.

    Attributes:
        known: shape (n_users, n_items).
        hidden: the others, same shape.
        parts: fitted to what is known.
        candidates: items with any listener in training, ascending; those of the test are not known.
    """

    known: csr_matrix
    hidden: csr_matrix
    parts: HybridParts
    candidates: np.ndarray

    @classmethod
    def of(
        cls, plays: csr_matrix, hidden: Hidden, artist: np.ndarray, options: HybridOptions
    ) -> Validation:
        """Hide a part of the plays (n_users, n_items), and fit the parts to the rest.

        Raises:
            ValueError: see `fit_parts` and `fit_listening`.
        """
        known = keep_entries(plays, ~hidden.which)
        listening = fit_listening(known, options.factors, options.ease_regularization)
        parts = fit_parts(known, listening, hidden.vectors, artist)
        return cls(known, keep_entries(plays, hidden.which), parts, np.unique(plays.indices))


def content_vectors(
    vectors: csr_matrix, is_sound: np.ndarray, n_dims: int, seed: int
) -> dict[str, np.ndarray]:
    """Return the reduced vectors of metadata and of sound, those that there are.

    Args:
        vectors: of the items, shape (n_items, n_columns).
        is_sound: which columns are of sound, the others being metadata, shape (n_columns,), bool.
        n_dims: of each, at most.
        seed: of the reduction.
    """
    kinds = {"metadata": ~is_sound, "sound": is_sound}
    own = {kind: csr_matrix(vectors[:, chosen]) for kind, chosen in kinds.items()}
    return {kind: reduced(part, n_dims, seed) for kind, part in own.items() if part.nnz}


def fit_parts(
    plays: csr_matrix, listening: FittedListening, vectors: Vectors, artist: np.ndarray
) -> HybridParts:
    """Fit the parts that rest on content to those that rest on listening, fitted to plays.

    Raises:
        ValueError: fewer than two items with listeners and content.
    """
    content = {kind: fit_content(own, listening) for kind, own in vectors.items()}
    artists = fit_artists(listening, artist)
    return HybridParts(listening, content, artists, artist_listeners(plays, artist))


def learn_curves(
    validation: Validation, options: HybridOptions, asked: Sequence[BlendSubset]
) -> list[BlendCurve]:
    """Return the blends that are asked for, each the one that ranks hidden plays best.

    Args:
        validation: with hidden plays.
        options: of the choices.
        asked: what each may weigh.

    Raises:
        ValueError: no hidden play to learn from.
    """
    parts = validation.parts
    choices = draw_choices(validation, options)
    audience = parts.audience
    knots = knots_up_to(int(audience.item.max())), artist_knots_up_to(int(audience.artist.max()))
    return [_learned(choices, knots, parts.used(), one) for one in asked]


def _learned(
    choices: Choices, knots: tuple[np.ndarray, np.ndarray], used: np.ndarray, asked: BlendSubset
) -> BlendCurve:
    mine = used if asked.chosen is None else used & asked.chosen
    items, artists = knots
    free = items if asked.by_listeners else items[:1], artists if asked.by_artist else artists[:1]
    one = fit_blend(choices, *free, mine)
    sizes = tuple(map(len, knots))
    weights = np.broadcast_to(one.weights, (*sizes, len(used))).copy()
    return BlendCurve(*knots, weights, np.broadcast_to(one.offsets, sizes).copy())


def fit_hybrid(
    plays: csr_matrix,
    vectors: Vectors,
    artist: np.ndarray,
    hidden: Hidden,
    options: HybridOptions,
    chosen: np.ndarray | None = None,
) -> HybridSolution:
    """Learn the blend with plays and items hidden, then fit the parts to all plays.

    Args:
        plays: of training, shape (n_users, n_items), float32, indices ascending.
        vectors: of the items, by kind of content, see `content_vectors`.
        artist: number of each item's artist, shape (n_items,).
        hidden: plays that the blend is learned from.
        options: of parts and blend.
        chosen: parts that may get a weight, shape (n_parts,), bool; None for all.

    Raises:
        ValueError: too few plays or items, more factors than users or items, or a chosen part that
            needs what is not known of the items.
    """
    listening = fit_listening(plays, options.factors, options.ease_regularization)
    parts = fit_parts(plays, listening, vectors, artist)
    names = np.array(PARTS)
    for name in names[[] if chosen is None else chosen & ~parts.used()]:
        raise ValueError(f"no {name} here; there are {', '.join(names[parts.used()])}")
    if chosen is not None and chosen.sum() == 1:
        return HybridSolution(parts, alone(chosen), {})
    validation = Validation.of(plays, hidden, artist, options)
    listening_parts = np.isin(PARTS, LISTENING)
    beside = [
        BlendSubset(listening_parts, by_artist=False),
        BlendSubset(~listening_parts),
        BlendSubset(by_listeners=False, by_artist=False),
        *([BlendSubset(by_artist=False)] if has_artists(artist) else []),
    ]
    asked = [BlendSubset(chosen), *beside]
    curve, *others = learn_curves(validation, options, asked)
    return HybridSolution(parts, curve, dict(zip(BLENDS, others, strict=False)))


def alone(chosen: np.ndarray) -> BlendCurve:
    """Return the blend of one part (n_parts,), bool: its own scores, whatever the listeners."""
    no_listeners = np.zeros(1, dtype=np.int64)
    return BlendCurve(
        no_listeners, no_listeners, chosen[None, None].astype(float), np.zeros((1, 1))
    )


def draw_choices(validation: Validation, options: HybridOptions) -> Choices:
    """Return hidden plays beside items drawn evenly, with the parts' scores of all of them."""
    rng = np.random.default_rng([options.seed, 3])
    hidden, known, parts = validation.hidden, validation.known, validation.parts
    entries = rng.permutation(hidden.nnz)[: options.n_choices]
    user = np.repeat(np.arange(hidden.shape[0]), np.diff(hidden.indptr))[np.sort(entries)]
    items = np.empty((len(user), 1 + options.n_others), dtype=np.int64)
    items[:, 0] = hidden.indices[np.sort(entries)]
    items[:, 1:] = rng.choice(validation.candidates, (len(user), options.n_others))
    taken = csr_matrix(known + hidden)
    possible = ~(csr_matrix(taken[user[:, None], items]).toarray() > 0)
    possible[:, 0] = True
    scores = np.empty((*items.shape, len(parts.used())), dtype=np.float32)
    for rows, users in _by_user(user):
        found = parts.scores(known[users])  # (n_parts, B, n_items)
        place = np.searchsorted(users, user[rows])[:, None]
        scores[rows] = np.moveaxis(found[:, place, items[rows]], 0, -1)
    return Choices(scores, parts.audience.of(items), possible)


def _by_user(user: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of rows and their users, at most BLOCK, of an ascending array (n,)."""
    users = np.unique(user)
    for first in range(0, len(users), BLOCK):
        own = users[first : first + BLOCK]
        start, stop = np.searchsorted(user, own[0]), np.searchsorted(user, own[-1], side="right")
        yield slice(start, stop), own
