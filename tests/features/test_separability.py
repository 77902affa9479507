"""How well lists are separated, and how alike they are: by hand, and of noise."""

import numpy as np
from pytest import approx

from muso_exp.features.separability import (
    artist_cosine,
    permutation_p,
    separability,
    shared_share,
)


def noise(n: int, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (n, 3))


def test_lists_of_one_distribution_are_not_told_apart() -> None:
    artists = np.arange(400).astype(str)
    found = [separability(noise(200), noise(200, seed=1), artists, 5, seed) for seed in range(5)]
    assert 0.42 < np.mean(found) < 0.58


def test_lists_far_apart_are_told_apart() -> None:
    assert separability(noise(50), noise(50, 4.0, 1), np.arange(100).astype(str), 5, 0) > 0.99


def test_an_artist_that_is_known_from_training_gives_nothing_away() -> None:
    """Each artist has a sound of its own: within folds by artist this is of no use."""
    rng = np.random.default_rng(0)
    own = np.repeat(rng.normal(0, 5, (20, 3)), 10, axis=0)  # 10 tracks of each of 20 artists
    x = own + rng.normal(0, 0.01, own.shape)
    artists = np.repeat(np.arange(20), 10).astype(str)
    found = [
        separability(x[order[:100]], x[order[100:]], artists[order], 5, 0)
        for order in (np.argsort(rng.permutation(20).repeat(10), kind="stable") for _ in range(9))
    ]
    assert 0.2 < np.median(found) < 0.7


def test_one_artist_a_list_leaves_nothing_to_learn_from() -> None:
    artists = np.repeat(["a", "b"], 20)
    assert separability(noise(20), noise(20, 4.0, 1), artists, 2, 0) == 0.5


def test_the_cosine_counts_tracks_of_each_artist() -> None:
    first, second = np.array(["a", "a", "b"]), np.array(["a", "c"])
    assert artist_cosine(first, second) == approx(2 / np.sqrt(5 * 2))
    assert artist_cosine(first, np.array(["d"])) == 0
    assert artist_cosine(first, first) == approx(1)


def test_the_share_is_of_the_shorter_list() -> None:
    assert shared_share(np.array(["1", "2", "3"]), np.array(["3", "4"])) == 0.5


def test_the_permutation_finds_a_relation_of_pairs_and_none_in_noise() -> None:
    rng = np.random.default_rng(0)
    pairs = np.array([(a, b) for a in range(14) for b in range(a + 1, 14)])
    place = rng.normal(size=14)
    apart = np.abs(place[pairs[:, 0]] - place[pairs[:, 1]])
    assert permutation_p(apart, apart + rng.normal(0, 0.1, len(pairs)), pairs, 199, 0) == 1 / 200
    p = [permutation_p(apart, rng.normal(size=len(pairs)), pairs, 99, n) for n in range(20)]
    assert np.mean(np.array(p) <= 0.05) < 0.25
