"""EASE in closed form, from either side."""

import numpy as np
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.features.ease import solve_ease


def drawn(n_users: int, n_items: int) -> csr_matrix:
    return csr_matrix(np.random.default_rng(0).random((n_users, n_items)) < 0.3, dtype=np.float32)


def test_the_users_side_gives_the_scores_of_the_items_side() -> None:
    plays = drawn(12, 30)  # fewer users than items
    x = plays.toarray().astype(float)
    inverse = np.linalg.inv(x.T @ x + 5 * np.eye(30))
    weights = np.eye(30) - inverse / np.diag(inverse)
    solution = solve_ease(plays, 5.0)
    assert solution.dual and not np.diag(weights).any()
    assert solution.of_users(np.arange(12)) == approx(x @ weights, abs=1e-4)
    assert solution.of_rows(plays) == approx(x @ weights, abs=1e-4)


def test_fewer_items_than_users_are_solved_on_the_items_side() -> None:
    plays = drawn(30, 12)
    x = plays.toarray().astype(float)
    inverse = np.linalg.inv(x.T @ x + 5 * np.eye(12))
    solution = solve_ease(plays, 5.0)
    assert not solution.dual
    assert solution.of_users(np.arange(30)) == approx(x - x @ inverse / np.diag(inverse), abs=1e-4)
