import numpy as np
import pytest
from scipy.sparse import csr_matrix

from muso_exp.features.networks import (
    FRIENDS,
    MATCHED,
    RANDOM,
    Network,
    edges,
    friendships,
    pair_scores,
)
from muso_exp.features.pair_fusion import (
    TreeOptions,
    feature_rows,
    fit_fusion,
    parts_without_friends,
)

SMALL = TreeOptions(max_iter=20, min_samples_leaf=5)


@pytest.fixture(scope="module")
def network() -> Network:
    """Two circles of friends who listen to other things."""
    rng = np.random.default_rng(1)
    circle = np.arange(80) % 2
    near = (circle[:, None] == circle) & (rng.random((80, 80)) < 0.25)
    pairs = np.argwhere(np.triu(near, 1))
    plays = rng.poisson(np.where(circle[:, None] == np.arange(30) % 2, 2.0, 0.2))
    return Network(friendships(pairs, 80), csr_matrix(plays.astype(np.float32)))


def labelled(network: Network) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    held = rng.permutation(edges(network))[:80]
    others = rng.integers(0, 80, (800, 2))
    known = network.friends[others[:, 0], others[:, 1]].A1 > 0
    others = others[~known & (others[:, 0] != others[:, 1])]
    kind = np.where(np.arange(len(others)) % 2, RANDOM, MATCHED)
    pairs = np.concatenate([held, others])
    return pairs, np.concatenate([np.full(80, FRIENDS), kind]), np.arange(len(pairs)) % 2


def test_each_part_lacks_its_own_friendships_only(network: Network) -> None:
    pairs, kind, fold = labelled(network)
    first, second = parts_without_friends(network, pairs, kind, fold)
    for part, other in ((first, second), (second, first)):
        own = part.pairs[part.kind == FRIENDS]
        assert part.network.friends[own[:, 0], own[:, 1]].sum() == 0
        theirs = other.pairs[other.kind == FRIENDS]
        assert (part.network.friends[theirs[:, 0], theirs[:, 1]] == 1).all()


@pytest.mark.parametrize("groups", [("graph",), ("taste",), ("graph", "taste")])
def test_features_are_symmetric_and_finite(network: Network, groups: tuple[str, ...]) -> None:
    for column in feature_rows(network, groups)(np.arange(80)):
        assert np.isfinite(column).all() and column.dtype == np.float32
        assert column == pytest.approx(column.T, rel=1e-3, abs=1e-4)


def test_learned_trees_part_friends_from_others(network: Network) -> None:
    pairs, kind, fold = labelled(network)
    fusion = fit_fusion(parts_without_friends(network, pairs, kind, fold), ("taste",), SMALL)
    score, _ = fusion.pair_scores(network, pairs)
    assert np.median(score[kind == FRIENDS]) > np.quantile(score[kind == RANDOM], 0.6)


def test_scores_of_rows_and_of_pairs_are_the_same(network: Network) -> None:
    pairs, kind, fold = labelled(network)
    fusion = fit_fusion(parts_without_friends(network, pairs, kind, fold), ("graph",), SMALL)
    for rows, found in zip(
        fusion.row_scores(network), fusion.pair_scores(network, pairs), strict=True
    ):
        assert pair_scores(rows, pairs, 80) == pytest.approx(found, abs=1e-5)


def test_no_pairs_and_unknown_groups_are_refused(network: Network) -> None:
    with pytest.raises(ValueError, match=r"no friendships to fit on; set dataset.split.fit_share"):
        fit_fusion([], ("graph",), SMALL)
    with pytest.raises(ValueError, match=r"groups must be some of graph, taste, got \['sound'\]"):
        fit_fusion([], ("sound",), SMALL)
