"""Confidence in genres, on drawn items whose vectors show their genre with a known probability."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from muso_exp.features.genre_confidence import genre_confidence, listener_vectors


def drawn(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    truth = 1 / (1 + np.exp(-(2 * x[:, :2] - 1)))
    return x, rng.random((n, 2)) < truth, truth, np.arange(n) // 4


def test_confidence_is_the_probability_that_genres_were_drawn_with() -> None:
    x, bears, truth, artist = drawn()
    found = genre_confidence(x, bears, np.ones(len(x), bool), artist)
    assert np.abs(found.confidence - truth).mean() < 0.03
    assert (found.error < 0.03).all() and (found.auc > 0.8).all()


def test_vectors_that_say_nothing_get_the_share_of_the_genre() -> None:
    x, bears, _, artist = drawn()
    noise = np.random.default_rng(1).standard_normal(x.shape)
    found = genre_confidence(noise, bears, np.ones(len(x), bool), artist)
    assert np.abs(found.confidence - bears.mean(axis=0)).mean() < 0.03
    assert found.auc == pytest.approx([0.5, 0.5], abs=0.05)


def test_items_of_which_no_genre_is_known_are_predicted_and_not_learned_from() -> None:
    x, bears, truth, artist = drawn()
    judged = artist % 2 == 0
    wrong = bears.copy()
    wrong[~judged] = False
    found = genre_confidence(x, wrong, judged, artist)
    assert np.abs(found.confidence - truth)[~judged].mean() < 0.04


def test_an_artist_s_own_items_tell_nothing_of_it() -> None:
    rng = np.random.default_rng(2)
    artist = np.arange(600) // 3
    own = rng.standard_normal((200, 150))[artist]  # a vector of the artist alone
    bears = (rng.random(200) < 0.5)[artist][:, None]
    found = genre_confidence(own, bears, np.ones(600, bool), artist)
    assert found.auc[0] == pytest.approx(0.5, abs=0.12)


def test_too_few_artists_are_refused() -> None:
    x, bears, _, _ = drawn(40)
    with pytest.raises(ValueError, match="at least 5 artists with genres are needed"):
        genre_confidence(x, bears, np.ones(40, bool), np.arange(40) // 10)


def test_items_of_the_same_listeners_have_the_same_vector() -> None:
    plays = csr_matrix(np.kron(np.eye(2), np.ones((4, 3))))
    vectors = listener_vectors(plays, 0)
    same = vectors @ vectors.T
    assert same == pytest.approx(np.kron(np.eye(2), np.ones((3, 3))), abs=1e-5)
