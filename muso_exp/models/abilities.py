"""What a model can do beyond its prediction columns: Protocols, asked by `isinstance`.

A model has an ability if it has the method. A task that needs one asks for it, and calls the method
through `ask`:

    if isinstance(model, HasItemFactors):
        factors = ask(model.factors)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import MethodType
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

import numpy as np
import torch
from lightning_fabric.utilities.apply_func import move_data_to_device
from torch import Tensor

from muso_exp.features.networks import Network, RowScores
from muso_exp.records import Batch

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def ask(
    method: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Answer:
    """Call a model's method as Lightning calls `predict_step`, for use outside its loops.

    The model is in evaluation mode meanwhile and records no gradients; tensors of the arguments
    move to its device, those of the answer to the CPU.

    Args:
        method: bound to a model, a LightningModule.
        *args: of the method; tensors, or containers of tensors (dict, tuple, dataclass).
        **kwargs: of the method, as `args`.
    """
    model = cast(Any, cast(MethodType, method).__self__)
    args, kwargs = move_data_to_device((args, kwargs), model.device)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            answer = method(*args, **kwargs)
    finally:
        model.train(was_training)
    return move_data_to_device(answer, torch.device("cpu"))


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Keep a model in evaluation mode for the time of a block: several threads may `ask` in it."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


class LatentFactors(NamedTuple):
    """Vectors whose products score a user's items.

    Attributes:
        users: shape (n_users, n_factors).
        items: shape (n_items, n_factors).
    """

    users: Tensor
    items: Tensor


@runtime_checkable
class HasItemFactors(Protocol):
    """A recommender with latent factors of users and items."""

    def factors(self) -> LatentFactors:
        """Return the factors of all users and items."""
        ...


@runtime_checkable
class ChoosesSettings(Protocol):
    """A model that chose some of its settings on a part of the training set."""

    def settings_chosen(self) -> dict[str, float]:
        """Return what was chosen, by the name of the option; nothing where all were given."""
        ...


@runtime_checkable
class HasNeighbours(Protocol):
    """A recommender that knows how similar items are."""

    def item_block(self, items: Tensor) -> Tensor:
        """Return the similarities of all items to items (B,), shape (B, n_items)."""
        ...


class Neighbours(NamedTuple):
    """The items most similar to some items, the most similar first.

    Attributes:
        items: their numbers, shape (B, k).
        similarity: of each, shape (B, k).
    """

    items: Tensor
    similarity: Tensor


def nearest_items(model: HasNeighbours, items: Tensor, k: int) -> Neighbours:
    """Return the k items most similar to items (B,), themselves left out, fewer where there are."""
    similarity = ask(model.item_block, items)  # (B, n_items)
    similarity = similarity.scatter(1, items[:, None], -torch.inf)
    values, places = similarity.topk(min(k, similarity.shape[1] - 1), dim=1)
    return Neighbours(places, values)


@runtime_checkable
class FoldsIn(Protocol):
    """A recommender that scores rows that were not in training: new users, new playlists."""

    def score_new(self, batch: Batch) -> Tensor:
        """Return the scores of all items for the rows of a batch as of train, (B, n_items).

        Nothing is learned from them. A train user's row gets the user's own scores: exactly where
        a model scores rows, else as far as it has converged.
        """
        ...


def only_known_users(model: object) -> str:
    """Return why a model cannot be asked about users who are in no training."""
    return (
        f"{type(model).__name__} has a place for the users of its training only, and "
        "dataset.split.by=users asks about others; take a model that folds in (wmf, ease, ials, "
        "item_knn), or another split"
    )


@runtime_checkable
class KeepsPlays(Protocol):
    """A recommender that keeps the plays of its users of training."""

    def plays_of(self, user: int) -> tuple[Tensor, Tensor]:
        """Return the items that a user plays, ascending, (n,), long, and the plays of each."""
        ...


@runtime_checkable
class ComparesListeners(Protocol):
    """A recommender whose vectors of users can be compared, also with that of a new one."""

    def listener_vectors(self) -> Tensor:
        """Return the vectors of the users of training, (n_users, D), whose cosine is likeness."""
        ...

    def new_vectors(self, batch: Batch) -> Tensor:
        """Return those of the rows of a batch as of train, (B, D); nothing is learned of them."""
        ...


@runtime_checkable
class ScoresUserPairs(Protocol):
    """A model that scores how likely users are friends."""

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users of a network with all of its users, ready to be asked for.

        Arrays in, arrays out: it needs no `ask`.
        """
        ...


@runtime_checkable
class GivesEmbedding(Protocol):
    """A model with an inner representation of its inputs, for another model to learn from.

    Attributes:
        embedding_dim: its length D.
    """

    embedding_dim: int

    def embedding(self, x: Tensor) -> Tensor:
        """Return the representation of inputs, first dimension B, shape (B, D)."""
        ...


class NearestSeeds(NamedTuple):
    """Which items of a listener are most like recommended ones.

    Attributes:
        seeds: their numbers, the most alike first, shape (n, k).
        how: in what, before their names, one for each recommended item.
    """

    seeds: Tensor
    how: list[str]


@runtime_checkable
class ExplainsBySeeds(Protocol):
    """A recommender that knows which of a listener's items speak for a recommendation."""

    def nearest_seeds(self, batch: Batch, items: np.ndarray, k: int) -> NearestSeeds:
        """Return the k items of a row that are most like each of some items.

        Args:
            batch: one row as of train.
            items: recommended ones, shape (n,).
            k: how many, fewer where the row has fewer.
        """
        ...


@runtime_checkable
class MovesToContent(Protocol):
    """A hybrid whose blend can be moved from listening to content, and back, without refitting."""

    def part_scores(self, batch: Batch) -> Tensor:
        """Return the z-scores of the parts for the rows of a batch as of train, (P, B, n_items)."""
        ...

    def blended(self, parts: Tensor, content_share: float) -> Tensor:
        """Return the blend of parts (P, B, n_items), shape (B, n_items).

        A share of 0.5 leaves the blend as it was learned; 0 is listening alone, 1 content alone.
        """
        ...

    def content_vectors(self) -> Tensor:
        """Return what is known of the items, rows of length 1 or 0, shape (n_items, D)."""
        ...


@runtime_checkable
class ReadsFeatures(Protocol):
    """A recommender that reads the audio features of tracks.

    Attributes:
        features: their names.
        n_items: number of tracks.
    """

    features: list[str]
    n_items: int

    def shuffled_feature(self, name: str, seed: int) -> AbstractContextManager[None]:
        """Shuffle a feature among the tracks, for the time of a block."""
        ...

    def ranked_to(self, k: int) -> AbstractContextManager[None]:
        """Answer with the columns at one cutoff, without lists, for the time of a block."""
        ...
