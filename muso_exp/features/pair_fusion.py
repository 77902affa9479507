"""Graph and taste scores of pairs of users, fused by boosted trees."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np
from msgspec import Meta
from scipy.sparse import csr_matrix

from muso_exp.features import graph_scores
from muso_exp.features.forests import Forest, grow
from muso_exp.features.networks import (
    FRIENDS,
    MATCHED,
    RANDOM,
    Network,
    RowScores,
    pair_columns,
)
from muso_exp.features.taste_scores import (
    shared_items,
    svd_vectors,
    taste_cosine,
    vector_cosine,
)
from muso_exp.options import Count, NotNegative, Options, Positive

# Users (B,) -> one array of scores with all users, (B, n_users), for each feature.
FeatureRows = Callable[[np.ndarray], list[np.ndarray]]

Depth = Annotated[int, Meta(ge=1, le=10)]  # a full tree has 2 ** depth leaves
Group = Literal["graph", "taste"]
GROUPS: tuple[Group, ...] = ("graph", "taste")
DECAYS, STEPS = (0.5, 0.85, 0.95), 40  # of paths
LENGTHS = (2, 3, 4)  # of paths that count alone
N_DIMS = (16, 64)  # of spectral vectors
TASTE_DIMS = 64


class TreeOptions(Options, frozen=True, kw_only=True):
    """How the trees are grown.

    Attributes:
        learning_rate: shrinkage of each tree.
        max_iter: number of trees.
        max_depth: questions between the root of a tree and a leaf.
        min_samples_leaf: least pairs of a leaf.
        l2_regularization: penalty on leaf values.
    """

    learning_rate: Positive = 0.08
    max_iter: Count = 150
    max_depth: Depth = 4
    min_samples_leaf: Count = 40
    l2_regularization: NotNegative = 1.0


class FitPart(NamedTuple):
    """Pairs to learn from, and the network without the friendships among them.

    Attributes:
        network: all scores of these pairs rest on it.
        pairs: users, shape (n_pairs, 2).
        kind: FRIENDS, RANDOM or MATCHED, shape (n_pairs,).
    """

    network: Network
    pairs: np.ndarray
    kind: np.ndarray


def parts_without_friends(
    network: Network, pairs: np.ndarray, kind: np.ndarray, fold: np.ndarray
) -> list[FitPart]:
    """Return the pairs of each fold (n_pairs,) with the network without its friendships."""
    parts = []
    for number in np.unique(fold):
        rows = fold == number
        held = pairs[rows & (kind == FRIENDS)]
        parts.append(FitPart(network.without(held), pairs[rows], kind[rows]))
    return parts


class Fusion(NamedTuple):
    """Trees over scores of pairs.

    Attributes:
        groups: of features, some of `GROUPS`.
        forests: one against random pairs, and one against matched ones.
    """

    groups: Sequence[str]
    forests: tuple[Forest, Forest]

    def row_scores(self, network: Network) -> tuple[RowScores, RowScores]:
        """Return the log-odds of friendship against random and against matched pairs."""
        rows = feature_rows(network, self.groups)

        def ask(forest: Forest) -> RowScores:
            return lambda users: _of_rows(rows(users), forest)

        return ask(self.forests[0]), ask(self.forests[1])

    def pair_scores(self, network: Network, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both scores of pairs (n_pairs, 2), each (n_pairs,), float32."""
        columns = pair_columns(feature_rows(network, self.groups), pairs, network.n_users)
        return self.forests[0].raw_scores(columns), self.forests[1].raw_scores(columns)


def fit_fusion(parts: Sequence[FitPart], groups: Sequence[str], trees: TreeOptions) -> Fusion:
    """Grow the trees on the pairs of all parts.

    Args:
        parts: pairs, each with the network without its friendships; all with the same listening.
        groups: of features.
        trees: how they are grown.

    Raises:
        ValueError: an unknown group, or no pairs.
    """
    if not groups or not set(groups) <= set(GROUPS):
        raise ValueError(f"groups must be some of {', '.join(GROUPS)}, got {list(groups)}")
    if not parts:
        raise ValueError("no friendships to fit on; set dataset.split.fit_share above 0")
    taste = taste_features(parts[0].network) if "taste" in groups else None  # the same in all
    columns = [
        pair_columns(feature_rows(part.network, groups, taste), part.pairs, part.network.n_users)
        for part in parts
    ]
    x, kind = np.concatenate(columns, axis=1).T, np.concatenate([part.kind for part in parts])
    forests = []
    for against in (RANDOM, MATCHED):
        rows = (kind == FRIENDS) | (kind == against)
        options = {name: getattr(trees, name) for name in trees.__struct_fields__}
        forests.append(grow(x[rows], kind[rows] == FRIENDS, **options))
    return Fusion(tuple(groups), (forests[0], forests[1]))


class PairTaste(NamedTuple):
    """What pairs of users have in common by their listening.

    Attributes:
        rows: the taste features.
        vectors: of users in the leading singular vectors, shape (n_users, n_dims).
    """

    rows: FeatureRows
    vectors: np.ndarray


def feature_rows(
    network: Network, groups: Sequence[str], taste: PairTaste | None = None
) -> FeatureRows:
    """Return all features of the groups, a block of users at a time.

    Args:
        network: of the users.
        groups: some of `GROUPS`; of both, also what joins them.
        taste: where it is known from the same listening.
    """
    parts = [graph_features(network)] if "graph" in groups else []
    if "taste" in groups:
        taste = taste or taste_features(network)
        parts.append(taste.rows)
        if len(parts) == 2:
            parts.append(circle_features(network, taste.vectors))
    return lambda users: [column for part in parts for column in part(users)]


def graph_features(network: Network) -> FeatureRows:
    """Return degrees, common friends, paths, walks and the spectral embedding."""
    friends, degrees = network.friends, network.degrees.astype(np.float32)
    common = [
        graph_scores.common_friends(friends, weight)
        for weight in ("adamic_adar", "resource_allocation", "jaccard")
    ]
    paths = graph_scores.normalised_paths(friends, DECAYS, STEPS, LENGTHS)
    spectral = graph_scores.spectral_products(friends, N_DIMS)
    of_friends = (friends @ degrees / np.maximum(degrees, 1)).astype(np.float32)
    clustering = graph_scores.clustering(friends)

    def rows(users: np.ndarray) -> list[np.ndarray]:
        few, many = _ends(degrees, users)
        reached = paths(users)
        walks = reached[1] / np.sqrt(np.maximum(few * many, 1))  # over the friends of both
        return [
            few,
            many,
            *(score(users) for score in common),
            *reached,
            walks,
            walks * few,  # of the walks with restart, the rarer way round
            walks * many,
            *spectral(users),
            *_ends(of_friends, users),
            *_ends(clustering, users),
        ]

    return rows


def taste_features(network: Network) -> PairTaste:
    """Return cosines of plays, shared items, cosines of SVD vectors, and how much each plays."""
    plays = network.plays
    cosines = [taste_cosine(plays, weight) for weight in ("raw", "log", "idf")]
    vectors = [svd_vectors(plays, weight, TASTE_DIMS) for weight in ("idf", "log", "raw")]
    scores = [
        *cosines,
        shared_items(plays, rare=True),
        *map(vector_cosine, vectors),
    ]
    amount = np.log1p(np.asarray(plays.sum(axis=1)).ravel()).astype(np.float32)
    width = np.diff(plays.indptr).astype(np.float32)

    def rows(users: np.ndarray) -> list[np.ndarray]:
        return [*(score(users) for score in scores), *_ends(amount, users), *_ends(width, users)]

    return PairTaste(rows, vectors[0])


def circle_features(network: Network, vectors: np.ndarray) -> FeatureRows:
    """Return how near each user's taste is to the mean taste of the other's friends.

    Args:
        network: of the users.
        vectors: of their tastes, shape (n_users, n_dims).
    """
    share = 1 / np.maximum(network.degrees, 1)
    circle = (csr_matrix(network.friends.multiply(share[:, None])) @ vectors).astype(np.float32)

    def rows(users: np.ndarray) -> list[np.ndarray]:
        one, other = circle[users] @ vectors.T, vectors[users] @ circle.T
        return [np.minimum(one, other), np.maximum(one, other), circle[users] @ circle.T]

    return rows


def _ends(value: np.ndarray, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the smaller and the larger value of both users of each pair, (B, n_users) each."""
    own = value[users][:, None]
    return np.minimum(own, value), np.maximum(own, value)


def _of_rows(features: list[np.ndarray], forest: Forest) -> np.ndarray:
    shape = features[0].shape
    return forest.raw_scores(np.stack([column.ravel() for column in features])).reshape(shape)
