import numpy as np
import pytest
import torch
from pytest import approx
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features import wmf


def case(n_users: int = 30, n_items: int = 20, seed: int = 0) -> tuple[csr_matrix, Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    plays = rng.integers(1, 30, size=(n_users, n_items)) * (rng.random((n_users, n_items)) < 0.2)
    plays[3] = 0  # a user without plays
    factors = rng.normal(size=(n_users + n_items, 5)).astype(np.float32)
    users, items = torch.from_numpy(factors).split([n_users, n_items])
    return csr_matrix(plays, dtype=np.float32), users, items


def dense(confidence: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Return p and c of every cell."""
    stored = confidence.toarray()
    return (stored > 0).astype(float), np.where(stored > 0, stored, 1.0)


def test_log_confidence_bends_at_epsilon() -> None:
    plays = csr_matrix(np.array([[1.0, 0, 3]]))
    weights = wmf.log_confidence(plays, alpha=2, epsilon=1)
    assert weights.toarray()[0] == approx([1 + 2 * np.log(2), 0, 1 + 2 * np.log(4)])


def test_the_published_constants_make_plays_almost_binary() -> None:
    plays = csr_matrix(np.array([[1.0, 10, 100]]))
    strength = wmf.log_confidence(plays, alpha=2, epsilon=1e-6).data - 1
    assert strength.round(1).tolist() == approx([27.6, 32.2, 36.8])


def test_linear_confidence_is_total_not_extra() -> None:
    plays = csr_matrix(np.array([[1.0, 0, 3]]))
    assert wmf.linear_confidence(plays, 0.5).toarray()[0] == approx([3 / 2, 0, 5 / 2])


@pytest.mark.parametrize(
    ("plays", "alpha", "epsilon", "message"),
    [
        ([[1, -2]], 1, 1, r"play counts must be > 0, got -2"),
        ([[1, 2]], -1, 1, r"alpha must be >= 0, got -1"),
        ([[1, 2]], 1, 0, r"epsilon must be > 0, got 0"),
    ],
)
def test_confidence_refuses(plays: list, alpha: float, epsilon: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wmf.log_confidence(csr_matrix(np.array(plays, dtype=float)), alpha, epsilon)


def test_the_objective_is_the_sum_over_all_cells() -> None:
    plays, users, items = case()
    confidence = wmf.linear_confidence(plays, 0.7)
    p, c = dense(confidence)
    scores = users.double().numpy() @ items.double().numpy().T
    norms = float(users.square().sum() + items.square().sum())
    expected = (c * (p - scores) ** 2).sum() + 0.3 * norms
    assert wmf.objective(confidence, users, items, 0.3) == approx(expected, rel=1e-5)


def test_the_biased_objective_leaves_the_biases_unregularised() -> None:
    plays, users, items = case()
    confidence = wmf.linear_confidence(plays, 0.7)
    p, c = dense(confidence)
    x, y = users.double().numpy(), items.double().numpy()
    scores = x[:, :-1] @ y[:, :-1].T + x[:, -1:] + y[:, -1]
    expected = (c * (p - scores) ** 2).sum() + 0.3 * (
        (x[:, :-1] ** 2).sum() + (y[:, :-1] ** 2).sum()
    )
    assert wmf.biased_objective(confidence, users, items, 0.3) == approx(expected, rel=1e-5)


@pytest.mark.parametrize("chunk", [1, 500, 2**23])
def test_the_biased_solve_is_weighted_least_squares(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wmf, "_CHUNK", chunk)
    plays, _, items = case()
    confidence = wmf.log_confidence(plays, 2.0, 1e-6)
    p, c = dense(confidence)
    y = items.double().numpy()
    design, ridge = np.c_[y[:, :-1], np.ones(len(y))], np.diag([0.1] * 4 + [0])
    solved = wmf.solve_biased(confidence, items, 0.1)
    for user in range(len(p)):
        left = design.T @ (c[user][:, None] * design) + ridge
        right = design.T @ (c[user] * (p[user] - y[:, -1]))
        assert solved[user].numpy() == approx(np.linalg.solve(left, right), abs=1e-4)


def test_extended_factors_multiply_to_product_plus_both_biases() -> None:
    users, items = torch.tensor([[2.0, 3.0, 0.5]]), torch.tensor([[5.0, 7.0, 0.25]])
    score = wmf.extend_users(users) @ wmf.extend_items(items).T
    assert score.item() == 2 * 5 + 3 * 7 + 0.5 + 0.25
