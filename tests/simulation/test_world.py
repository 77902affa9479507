import numpy as np
import pytest
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from muso_exp.simulation.catalogue import make_catalogue
from muso_exp.simulation.world import World, simulate_world


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(n_users=300, n_artists=2000, n_genres=6, seed=1)


def same(a: csr_matrix, b: csr_matrix) -> bool:
    return a.shape == b.shape and (a != b).nnz == 0


def test_the_same_seed_gives_the_same_world_on_any_number_of_threads(world: World) -> None:
    with threadpool_limits(1):
        again = simulate_world(n_users=300, n_artists=2000, n_genres=6, seed=1)
    assert same(world.plays, again.plays)
    assert same(world.friends, again.friends)
    assert (world.catalogue.track_factors == again.catalogue.track_factors).all()


def test_another_seed_gives_another_world(world: World) -> None:
    other = simulate_world(n_users=300, n_artists=2000, n_genres=6, seed=2)
    assert not same(world.friends, other.friends)


def test_friendships_do_not_change_what_is_played(world: World) -> None:
    lonely = simulate_world(n_users=300, n_artists=2000, n_genres=6, seed=1, mean_degree=4)
    assert same(world.plays, lonely.plays)


def test_artist_and_album_plays_add_up_to_the_track_plays(world: World) -> None:
    dense = world.plays.toarray()
    catalogue = world.catalogue
    artist, album = 5, 7
    assert (
        world.artist_plays().toarray()[:, artist]
        == dense[:, catalogue.track_artist == artist].sum(axis=1)
    ).all()
    assert (
        world.album_plays().toarray()[:, album]
        == dense[:, catalogue.track_album == album].sum(axis=1)
    ).all()
    assert world.artist_plays().sum() == world.album_plays().sum() == world.plays.sum()


def test_summing_by_artist_leaves_the_track_plays_alone(world: World) -> None:
    before = world.plays.copy()
    world.artist_plays()
    assert same(before, world.plays)


def test_stored_plays_are_positive_whole_numbers(world: World) -> None:
    assert world.plays.dtype == np.int64
    assert world.plays.data.min() >= 1
    assert world.plays.has_canonical_format


def test_popularity_sums_to_one_where_it_is_shared(world: World) -> None:
    catalogue = world.catalogue
    assert catalogue.style_popularity.sum() == pytest.approx(1)
    assert np.bincount(catalogue.artist_style, catalogue.artist_popularity) == pytest.approx(1)
    assert np.bincount(catalogue.track_artist, catalogue.track_popularity) == pytest.approx(1)


def test_every_artist_has_tags_of_weight_1_to_100_and_a_first_one(world: World) -> None:
    tags = world.catalogue.artist_tags
    assert (tags.max(axis=1).toarray() == 100).all()
    assert tags.data.min() >= 1
    assert tags.shape[1] == len(world.catalogue.tag_names)


def test_artists_and_tags_have_names_of_their_own(world: World) -> None:
    for names in (world.catalogue.artist_names, world.catalogue.tag_names):
        assert len(set(names)) == len(names)
    assert {"NA", "null", "None"} <= set(world.catalogue.artist_names)


def test_every_track_has_a_place_near_its_artist(world: World) -> None:
    catalogue = world.catalogue
    offset = catalogue.track_factors - catalogue.artist_factors[catalogue.track_artist]
    assert offset.std() == pytest.approx(0.3, rel=0.02)


def test_users_play_artists_near_their_taste(world: World) -> None:
    plays = world.artist_plays().tocoo()
    gap = world.listeners.user_factors[plays.row] - world.catalogue.artist_factors[plays.col]
    strangers = np.random.default_rng(0).permutation(plays.row)
    far = world.listeners.user_factors[strangers] - world.catalogue.artist_factors[plays.col]
    assert (gap**2).sum(axis=1).mean() < 3 / 4 * (far**2).sum(axis=1).mean()


def test_a_catalogue_needs_an_artist_for_each_style() -> None:
    with pytest.raises(ValueError, match=r"at least n_genres x styles_per_genre = 20, got 19"):
        make_catalogue(19, 4, 5, 2, 1.0, np.random.default_rng(0))


def test_a_world_needs_two_users() -> None:
    with pytest.raises(ValueError, match="n_users must be at least 2, got 1"):
        simulate_world(n_users=1, n_artists=200)


def test_the_smallest_world_is_two_friends() -> None:
    tiny = simulate_world(n_users=2, n_artists=200)
    assert tiny.friends.toarray().tolist() == [[0, 1], [1, 0]]
