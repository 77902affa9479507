"""What a model can show of its training in a report: Protocols, asked as those of `abilities`."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from torch import Tensor

from muso_exp.records import Batch


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
    """How a hybrid weighs its parts by how many listeners an item and its artist have.

    Attributes:
        parts: names of the parts.
        listeners: of an item, at which the weights are known, ascending, shape (n_knots,).
        artist_listeners: the same of its artist's other items, shape (n_artist_knots,).
        weights: of each part's z-scores, shape (n_knots, n_artist_knots, n_parts).
    """

    parts: tuple[str, ...]
    listeners: Tensor
    artist_listeners: Tensor
    weights: Tensor


@runtime_checkable
class HasPartWeights(Protocol):
    """A hybrid whose parts are weighted by the listeners of an item and its artist."""

    def part_weights(self) -> PartWeights:
        """Return the learned weights."""
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


@runtime_checkable
class HasVariants(Protocol):
    """A recommender of several parts that scores new rows by each of them too."""

    def variant_scores(self, batch: Batch) -> dict[str, Tensor]:
        """Return the scores (B, n_items) of new rows by each part, each blend, and the whole."""
        ...
