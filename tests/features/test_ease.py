"""EASE in closed form, from either side."""

import numpy as np
import pytest
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.features.ease import solve_ease
from muso_exp.features.play_weights import Weighting


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


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
@pytest.mark.parametrize("weighting", ["log", "relative_log"])
def test_weights_of_plays_give_the_same_scores_as_by_hand(
    shape: tuple[int, int], weighting: Weighting
) -> None:
    rng = np.random.default_rng(1)
    plays = csr_matrix(np.where(rng.random(shape) < 0.4, rng.integers(1, 90, shape), 0))
    x = np.log1p(plays.toarray().astype(float))
    if weighting == "relative_log":
        x /= (x.sum(1) / (x > 0).sum(1))[:, None]
    x *= (x > 0).sum(0) ** -0.25
    x /= np.sqrt((x[x > 0] ** 2).mean())
    inverse = np.linalg.inv(x.T @ x + 5 * np.eye(shape[1]))
    expected = x - x @ inverse / np.diag(inverse)
    solution = solve_ease(plays, 5.0, weighting, 0.25)
    assert solution.of_rows(plays) == approx(expected, abs=1e-4)
    assert solution.of_users(np.arange(shape[0])) == approx(expected, abs=1e-4)


@pytest.mark.parametrize("shape", [(70, 3000), (3000, 1500)])
def test_half_the_precision_gives_nearly_the_same(shape: tuple[int, int]) -> None:
    plays = drawn(*shape)
    whole, half = (solve_ease(plays, 250.0, precision=bits) for bits in (64, 32))
    rows = plays[:20]
    assert half.inverse.dtype == np.float32
    assert half.of_rows(rows) == approx(whole.of_rows(rows), abs=2e-3)


def test_the_inverse_is_whole_where_it_takes_several_blocks() -> None:
    solution = solve_ease(drawn(2000, 1100), 250.0)
    x = drawn(2000, 1100).toarray().astype(float)
    assert solution.inverse == approx(np.linalg.inv(x.T @ x + 250 * np.eye(1100)), abs=1e-7)


@pytest.mark.parametrize("shape", [(20, 9), (9, 20)])
@pytest.mark.parametrize("strength", [1e39, 1e300])
def test_weights_beyond_32_bits_are_refused(shape: tuple[int, int], strength: float) -> None:
    with pytest.raises(ValueError, match=r"EASE: its weights are not finite at model\."):
        solve_ease(drawn(*shape), strength)
