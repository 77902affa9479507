"""k-means and Ward's tree against scikit-learn and scipy, and by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pytest import approx
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans

from muso_exp.errors import ConfigError
from muso_exp.features.clusters import cut, kmeans, means, nearest, ward

CORNERS = np.array([[0.0, 0.0], [0.0, 2.0], [10.0, 0.0], [10.0, 2.0]])


def blobs(n_rows: int = 500, n_features: int = 5, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(scale=2, size=(6, n_features))
    return centres[rng.integers(6, size=n_rows)] + rng.normal(size=(n_rows, n_features)) + 20


@pytest.mark.parametrize("init", ["random", "k-means++"])
@pytest.mark.parametrize("k", [1, 2, 7, 20])
def test_the_same_seed_gives_the_clusters_of_scikit_learn(init: str, k: int) -> None:
    x = blobs().astype(np.float32)
    found = kmeans(x, k, init, n_init=3, seed=1)
    reference = KMeans(k, init=init, n_init=3, random_state=1).fit(x)
    assert found.inertia == approx(reference.inertia_, rel=1e-5)
    order, other = (np.lexsort(c.T) for c in (found.centres, reference.cluster_centers_))
    assert_allclose(found.centres[order], reference.cluster_centers_[other], atol=1e-3)


def test_two_far_pairs_are_two_clusters() -> None:
    found = kmeans(CORNERS, 2)
    assert_allclose(found.centres[np.argsort(found.centres[:, 0])], [[0, 1], [10, 1]], atol=1e-5)
    assert found.inertia == approx(4 * 1.0)


def test_as_many_clusters_as_rows_leave_nothing() -> None:
    assert kmeans(CORNERS, 4).inertia == approx(0, abs=1e-9)


def test_more_starts_are_never_worse() -> None:
    x = blobs(seed=3)
    assert kmeans(x, 12, n_init=20).inertia <= kmeans(x, 12, n_init=1).inertia


def test_bounds_change_nothing_on_rows_far_from_the_origin() -> None:
    x = blobs(2000, 3, seed=5) + 5000
    reference = KMeans(9, init="random", n_init=1, random_state=4).fit(x)
    assert kmeans(x, 9, n_init=1, seed=4).inertia == approx(reference.inertia_, rel=1e-4)


def test_equal_rows_leave_no_cluster_without_a_centre() -> None:
    x = np.repeat(CORNERS[:2], 5, axis=0)
    found = kmeans(x, 4, n_init=2)
    assert np.isfinite(found.centres).all() and found.inertia == approx(0, abs=1e-9)


@pytest.mark.parametrize("max_iter", [1, 300])  # stopped short, and run to the end
def test_the_inertia_is_the_sum_of_squares_to_the_nearest_centre(max_iter: int) -> None:
    x = blobs(seed=2)
    found = kmeans(x, 5, max_iter=max_iter)
    squared = ((x[:, None] - found.centres) ** 2).sum(axis=2)
    labels, own = nearest(x, found.centres)
    assert_array_equal(labels, squared.argmin(axis=1))
    assert_allclose(own, squared.min(axis=1), rtol=1e-3, atol=1e-4)
    assert found.inertia == approx(squared.min(axis=1).sum(), rel=1e-5)


@pytest.mark.parametrize("k", [0, 5])
def test_more_clusters_than_rows_are_refused(k: int) -> None:
    with pytest.raises(ConfigError, match=f"{k} clusters of 4 train tracks: 1 to 4 are possible"):
        kmeans(CORNERS, k)


def test_an_unknown_start_is_refused() -> None:
    with pytest.raises(ValueError, match=r"init must be one of random, k-means\+\+, got 'best'"):
        kmeans(CORNERS, 2, init="best")


@pytest.mark.parametrize("given", [{"n_init": 0}, {"max_iter": 0}])
def test_no_start_or_no_iteration_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="n_init and max_iter must be >= 1"):
        kmeans(CORNERS, 2, **given)


def test_the_tree_is_that_of_scipy() -> None:
    x = blobs(200)
    assert_allclose(ward(x)[:, 2], linkage(x, "ward")[:, 2])


def test_a_tree_needs_two_rows() -> None:
    with pytest.raises(ConfigError, match="a tree of 1 tracks: at least 2 are needed"):
        ward(CORNERS[:1])


def test_a_cut_tree_has_its_clusters_in_the_order_of_the_rows() -> None:
    assert_array_equal(cut(ward(CORNERS), [1, 2, 4]), [[0, 0, 0], [0, 0, 1], [0, 1, 2], [0, 1, 3]])


def test_a_cut_is_a_partition_of_scipy() -> None:
    tree = ward(blobs(200))
    ours, theirs = cut(tree, [6])[:, 0], fcluster(tree, 6, criterion="maxclust")
    assert len(set(zip(ours, theirs, strict=True))) == len(set(ours)) == 6


def test_a_tree_cannot_be_cut_into_more_clusters_than_rows() -> None:
    with pytest.raises(ConfigError, match="5 clusters of 4 train tracks"):
        cut(ward(CORNERS), [2, 5])


def test_the_mean_of_an_empty_cluster_is_unknown() -> None:
    result = means(CORNERS, np.array([0, 0, 2, 2]), 3)
    assert_array_equal(result, [[0, 1], [np.nan, np.nan], [10, 1]])
