"""Drawn plays of users who love one genre, and what is known of the items: genre and artist."""

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.features.als import FactorOptions
from muso_exp.features.hidden_items import hide_plays
from muso_exp.features.hybrid import Hidden, HybridOptions, Vectors

OPTIONS = HybridOptions(
    factors=FactorOptions(n_factors=6, iterations=8, epsilon=1.0, regularization=1.0),
    ease_regularization=20.0,
    n_dims=16,
    n_choices=800,
    n_others=20,
)


def genre_world(
    n_users: int = 80, n_items: int = 120, n_genres: int = 4, seed: int = 0
) -> tuple[csr_matrix, csr_matrix, np.ndarray]:
    """Plays (n_users, n_items), one-hot genres with noise (n_items, 10), artists of three items."""
    rng = np.random.default_rng(seed)
    genre = np.arange(n_items) // 3 % n_genres  # an artist has one genre
    own = rng.integers(0, n_genres, n_users)
    chance = np.where(own[:, None] == genre, 0.4, 0.04)
    plays = csr_matrix((rng.random(chance.shape) < chance) * rng.integers(1, 9, chance.shape))
    plays = csr_matrix(plays, dtype=np.float32)
    plays.sort_indices()
    vectors = np.hstack([np.eye(n_genres)[genre], 0.2 * rng.random((n_items, 10 - n_genres))])
    return plays, csr_matrix(vectors, dtype=np.float32), np.arange(n_items) // 3


def hidden_within(plays: csr_matrix, vectors: Vectors, artist: np.ndarray) -> Hidden:
    """Items, artists and plays of training that the blend is learned from."""
    return Hidden(hide_plays(plays, artist, 0.1, 0.1, 0.2, 0).which, vectors)
