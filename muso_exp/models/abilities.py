"""What a model can do beyond its prediction columns: Protocols, asked by `isinstance`.

A model has an ability if it has the method. A task that needs one asks for it, and calls the method
through `ask`:

    if isinstance(model, HasItemFactors):
        factors = ask(model.factors)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import MethodType
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

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


class SelectionPath(NamedTuple):
    """A backward selection of features.

    Attributes:
        dropped: features in the order in which they went, shape (n_features - 1,).
        loss: mean log loss of the validation folds with none, one, two, ... of them gone, shape
            (n_features,).
        deviation: its standard deviation over the folds, shape (n_features,).
        folds: how many.
    """

    dropped: Tensor
    loss: Tensor
    deviation: Tensor
    folds: int


@runtime_checkable
class SelectsFeatures(Protocol):
    """A model that chose among its inputs on a part of the training set."""

    def selection_path(self) -> SelectionPath:
        """Return the order in which features were dropped, and what each step cost."""
        ...


class BlendWeights(NamedTuple):
    """How a mix of recommenders weighs its parts.

    Attributes:
        parts: names of the parts.
        seeds: least number of seeds of each level, shape (n_levels,).
        weights: of each part's z-scores, shape (n_levels, n_parts).
    """

    parts: tuple[str, ...]
    seeds: Tensor
    weights: Tensor


@runtime_checkable
class HasBlendWeights(Protocol):
    """A mix of recommenders, weighted by the number of seeds of a playlist."""

    def blend_weights(self) -> BlendWeights:
        """Return the chosen weights."""
        ...


class PartWeights(NamedTuple):
    """How a hybrid weighs its parts by how many listeners an item has.

    Attributes:
        parts: names of the parts.
        listeners: at which the weights are known, ascending, shape (n_knots,).
        weights: of each part's z-scores, shape (n_knots, n_parts).
    """

    parts: tuple[str, ...]
    listeners: Tensor
    weights: Tensor


@runtime_checkable
class HasPartWeights(Protocol):
    """A hybrid whose parts are weighted by the listeners of an item."""

    def part_weights(self) -> PartWeights:
        """Return the learned weights."""
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


class DevError(NamedTuple):
    """Squared errors of held-out songs' rows of co-occurrence counts.

    Attributes:
        songs: their numbers, shape (n,).
        squared_error: mean squared error of each row, shape (n,).
        train: numbers of the songs whose rows were learned, shape (n_train,).
    """

    songs: Tensor
    squared_error: Tensor
    train: Tensor


@runtime_checkable
class PredictsCooccurrence(Protocol):
    """A model that predicts beside which other songs a song stands in playlists."""

    def dev_error(self) -> DevError:
        """Return the errors of songs held out from training."""
        ...


class TrainingProgress(NamedTuple):
    """Whether training changed a net.

    Attributes:
        gradient: largest norm of a step's gradient, shape ().
        weights_moved: share of its norm by which the first layer moved, shape ().
    """

    gradient: Tensor
    weights_moved: Tensor


@runtime_checkable
class RecordsProgress(Protocol):
    """A net that records whether its training changed it."""

    def training_progress(self) -> TrainingProgress:
        """Return the largest gradient and how far the weights moved."""


class CurveClusters(NamedTuple):
    """Clusterings of the same rows for several numbers of clusters.

    Attributes:
        cluster: of each row, shape (B, n_ks).
        squared_distance: to its centre, shape (B, n_ks).
    """

    cluster: Tensor
    squared_distance: Tensor


@runtime_checkable
class ClustersAtEachK(Protocol):
    """A clustering for each number of clusters of the data set's curve, beside its own."""

    def at_each_k(self, x: Tensor) -> CurveClusters:
        """Return the clusters of rows x (B, n_features) for each number of clusters."""
        ...
