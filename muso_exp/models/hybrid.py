"""A hybrid of listening and content, blended by how many listeners an item has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn.functional import normalize, pad

from muso_exp.errors import ConfigError
from muso_exp.features import hybrid
from muso_exp.features.audience import Audience
from muso_exp.features.blend_curve import BlendCurve
from muso_exp.features.ease import EaseSolution
from muso_exp.features.hybrid import HybridOptions
from muso_exp.features.hybrid_parts import (
    ARTIST,
    CONTENT,
    LISTENING,
    PARTS,
    Artists,
    Content,
    FittedListening,
    HybridParts,
)
from muso_exp.features.play_weights import PlayWeights
from muso_exp.models.abilities import NearestSeeds
from muso_exp.models.content import batch_content
from muso_exp.models.ranking import RowRanker, read_csr, register_csr
from muso_exp.models.shown_abilities import PartWeights
from muso_exp.options import Count, Cutoffs, UpToOne
from muso_exp.records import Batch

CONTENT_GROUP = ~np.isin(PARTS, LISTENING)  # which parts rest on content, shape (n_parts,), bool
EVEN = 0.5  # share of content that leaves the blend as it was learned
_CURVE = ("knots", "artist_knots", "weights", "offsets")
_BLEND = ("listeners", "artist_listeners", *_CURVE)
_STATE = (  # buffers of what is learned, beside the plays of training
    *("inverse", "diagonal", "item_factors", "artist", "artists", *_BLEND),
    *(f"{kind}_{what}" for kind in CONTENT for what in ("vectors", "factors")),
    *("other_weights", "other_offsets"),
)


class Hybrid(RowRanker):
    """Scores by `muso_exp.features.hybrid`: listening where an item has listeners, content else.

    EASE and weighted factors (WMF) speak for items with listeners; for all: factors predicted from
    metadata and from sound, the likeness of an item's content to the user's profile, the mean
    factors of the artist, and how many of the artist's items the user plays. Their weights are
    smooth functions of the number of listeners of an item and of its artist's other items, learned
    on plays, items and artists hidden within training. A user without any play gets the most
    popular items first.

    Learned state in buffers; what the data lack has no elements.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        n_content: length of an item's vector, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        fit: how parts and blend are fitted.
        parts: some of `muso_exp.features.hybrid_parts.PARTS`; empty: all. One alone is not blended:
            its own scores rank.
        content_share: 0.5 leaves the blend as it was learned; 0 is listening alone, 1 content.
        n_top: length of the recommended lists.

    Raises:
        ConfigError: an unknown part.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        n_content: int,
        cutoffs: Cutoffs = (10, 100, 500),
        fit: HybridOptions = HybridOptions(),  # noqa: B008, it is frozen
        parts: Sequence[str] = (),
        content_share: UpToOne = EVEN,
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        for name in set(parts) - set(PARTS):
            raise ConfigError(f"model.parts: no part {name!r}; choose of {', '.join(PARTS)}")
        self.n_content, self.fit_options = n_content, fit
        self.parts, self.content_share = list(parts), content_share
        for name in _STATE:
            self.register_buffer(name, torch.zeros(0))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Hide plays and items to learn the blend, then fit the parts to all plays."""
        plays, options = self.plays(batch), self.fit_options
        artist, which = (batch[name].cpu().numpy() for name in ("artist", "hidden"))
        chosen = np.isin(PARTS, self.parts) if self.parts else None
        vectors = self._vectors(batch, "content")
        unseen = self._vectors(batch, "val_content") if "val_content_crow" in batch else vectors
        try:
            hidden = hybrid.Hidden(which, unseen)
            found = hybrid.fit_hybrid(plays, vectors, artist, hidden, options, chosen)
        except ValueError as error:
            raise ConfigError(f"model=hybrid: {error}") from error
        self._keep(found, plays)

    def _vectors(self, batch: Batch, name: str) -> hybrid.Vectors:
        """Return the reduced vectors of a batch, by kind of content."""
        is_sound, options = batch[f"{name}_is_sound"].cpu().numpy(), self.fit_options
        content = batch_content(batch, self.n_items, len(is_sound), name)
        return hybrid.content_vectors(content, is_sound, options.n_dims, options.seed)

    def _keep(self, found: hybrid.HybridSolution, plays: csr_matrix) -> None:
        """Put what was learned, and the plays (n_users, n_items), into the buffers."""
        listening, content = found.parts.listening, found.parts.content
        empty = np.zeros((0, 0), dtype=np.float32)
        artists = found.parts.artists or Artists(np.zeros(0, dtype=np.int64), empty)
        arrays = {
            "inverse": listening.ease.inverse,
            "diagonal": listening.ease.diagonal,
            "item_factors": listening.item_factors,
            "listeners": listening.listeners,
            "artist": artists.number,
            "artists": artists.factors,
            "artist_listeners": found.parts.artist_listeners,
            **{
                f"{kind}_{what}": getattr(content[kind], what) if kind in content else empty
                for kind in CONTENT
                for what in ("vectors", "factors")
            },
            "knots": found.curve.knots,
            "artist_knots": found.curve.artist_knots,
            "weights": found.curve.weights,
            "offsets": found.curve.offsets,
            "other_weights": np.array([curve.weights for curve in found.others.values()]),
            "other_offsets": np.array([curve.offsets for curve in found.others.values()]),
        }
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))
        register_csr(self, "known", plays)

    @property
    def solution(self) -> hybrid.HybridSolution:
        """What was learned, as the buffers keep it, with the blend as it was learned."""
        kept = {name: self.get_buffer(name).cpu().numpy() for name in _STATE}
        options = self.fit_options
        heard = csr_matrix(read_csr(self, "known", self.n_items) > 0, dtype=np.float32)
        binary = PlayWeights("binary", np.ones(self.n_items, dtype=np.float32))
        strength = options.ease_regularization
        ease = EaseSolution(kept["inverse"], kept["diagonal"], heard, strength, binary)
        listening = FittedListening(ease, kept["item_factors"], kept["listeners"], options.factors)
        content = {
            kind: Content(kept[f"{kind}_vectors"], kept[f"{kind}_factors"])
            for kind in CONTENT
            if kept[f"{kind}_vectors"].size
        }
        artists = Artists(kept["artist"], kept["artists"]) if kept["artists"].size else None
        knots = kept["knots"], kept["artist_knots"]
        curve = BlendCurve(*knots, kept["weights"], kept["offsets"])
        beside = zip(hybrid.BLENDS, kept["other_weights"], kept["other_offsets"], strict=False)
        others = {name: BlendCurve(*knots, *own) for name, *own in beside}
        parts = HybridParts(listening, content, artists, kept["artist_listeners"])
        return hybrid.HybridSolution(parts, curve, others)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up what was learned; earlier versions knew less of the artists."""
        state = checkpoint["state_dict"]
        if "artist_knots" not in state:
            state["artist_knots"] = torch.zeros(1, dtype=torch.int64)
            state["artist_listeners"] = torch.zeros_like(state["listeners"])
            for name, axis in (("weights", -2), ("offsets", -1)):
                for learned in (name, f"other_{name}"):
                    if state[learned].numel():  # one part alone has no other blends
                        state[learned] = state[learned].unsqueeze(axis)
        if "artist" not in state:
            state["artist"] = torch.zeros(0, dtype=torch.int64)
            for learned in ("weights", "other_weights"):
                if state[learned].numel():
                    state[learned] = pad(state[learned], (0, 1))  # of artist_profile
        super().on_load_checkpoint(checkpoint)

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return the blend for rows of plays, shape (B, n_items); of an empty row popularity."""
        return torch.from_numpy(self.moved(self.content_share).scores(rows))

    def new_plays(self, batch: Batch) -> csr_matrix:
        """Return the plays (B, n_items) of new rows, checked; all of them may be without any."""
        if len(batch["col_indices"]) == 0:
            return csr_matrix((len(batch["crow_indices"]) - 1, self.n_items), dtype=np.float32)
        return super().new_plays(batch)

    def variant_scores(self, batch: Batch) -> dict[str, Tensor]:
        """Return the scores (B, n_items) of new rows by each part alone, and by each blend."""
        found = self.moved(self.content_share).variants(self.new_plays(batch))
        return {name: torch.from_numpy(scores) for name, scores in found.items()}

    def nearest_seeds(self, batch: Batch, items: np.ndarray, k: int) -> NearestSeeds:
        """Return the k items of a row that are most like each of some items (n,).

        By the factors of those who listen, where an item has listeners; else by its content.
        """
        own = self.solution.parts
        seeds = self.new_plays(batch).indices
        heard = own.listening.listeners[items] > 0
        content = [one.vectors for one in own.content.values()]
        factors = normalize(torch.from_numpy(own.listening.item_factors), dim=1).numpy()
        alike = factors[items] @ factors[seeds].T  # (n, n_seeds)
        known = sum(vectors[items] @ vectors[seeds].T for vectors in content)
        likeness = np.where(heard[:, None], alike, known)
        order = np.argsort(-likeness, axis=1, kind="stable")[:, :k]
        how = np.where(heard, "its listeners also play", "its content is like that of")
        return NearestSeeds(torch.from_numpy(seeds[order].astype(np.int64)), how.tolist())

    def moved(self, content_share: float) -> hybrid.HybridSolution:
        """Return what was learned with the weights moved towards content, see `content_share`."""
        own = self.solution
        return replace(own, curve=own.curve.moved(CONTENT_GROUP, content_share))

    def part_scores(self, batch: Batch) -> Tensor:
        """Return the z-scores of the parts for new rows, shape (n_parts, B, n_items)."""
        return torch.from_numpy(self.solution.parts.scores(self.new_plays(batch)))

    def blended(self, parts: Tensor, content_share: float) -> Tensor:
        """Return the blend of parts (n_parts, B, n_items), see `content_share`, (B, n_items)."""
        kept = {name: self.get_buffer(name).cpu().numpy() for name in _BLEND}
        audience = Audience(kept.pop("listeners"), kept.pop("artist_listeners"))
        curve = BlendCurve(**kept).moved(CONTENT_GROUP, content_share)
        return torch.from_numpy(curve.mix(parts.cpu().numpy(), audience))

    def content_vectors(self) -> Tensor:
        """Return metadata and sound of the items side by side, rows of length 1 or 0."""
        kinds = [self.get_buffer(f"{kind}_vectors") for kind in CONTENT]
        return normalize(torch.cat([kind for kind in kinds if kind.numel()], dim=1), dim=1)

    def part_weights(self) -> PartWeights:
        """Return the weights of the parts by listeners, of those that the data have."""
        own = self.moved(self.content_share)
        used = own.parts.used()
        weights = torch.from_numpy(own.curve.weights[..., used].copy())
        names = np.array(PARTS)[used]
        weights[0, :, np.isin(names, LISTENING)] = 0  # unread: there they know nothing
        weights[:, 0, np.isin(names, ARTIST)] = 0  # the same for an artist without listeners
        items, artists = map(torch.from_numpy, (own.curve.knots, own.curve.artist_knots))
        return PartWeights(tuple(names.tolist()), items, artists, weights)
