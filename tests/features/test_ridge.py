import numpy as np
import pytest
from pytest import approx
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from muso_exp.features.ridge import fit_ridge


def drawn(n_rows: int, n_inputs: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(loc=2, size=(n_rows, n_inputs))
    y = x[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(n_rows, 3)) + 5
    return x, y


def penalty(x: np.ndarray, strength: float) -> float:
    return strength * ((x - x.mean(axis=0)) ** 2).sum() / len(x)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12), (12, 12)])
def test_the_solution_is_scikit_learns_in_the_dual_and_in_the_primal(shape: tuple) -> None:
    x, y = drawn(*shape)
    solution = fit_ridge(x, y, np.array([0.3]))
    expected = Ridge(alpha=penalty(x, 0.3)).fit(x, y)
    assert solution.weight == approx(expected.coef_.T)
    assert solution.bias == approx(expected.intercept_)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
def test_left_out_errors_are_those_of_leaving_each_row_out(shape: tuple) -> None:
    x, y = drawn(*shape)
    strengths = np.array([0.01, 0.3, 10.0])
    solution = fit_ridge(x, y, strengths)
    for place, strength in enumerate(strengths):
        model = Ridge(alpha=penalty(x, strength))
        preds = cross_val_predict(model, x, y, cv=LeaveOneOut())
        assert solution.left_out[place] == approx(((preds - y) ** 2).mean(axis=0))


def test_each_output_gets_the_strength_that_leaving_out_likes_best() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 40))
    y = np.stack([x @ rng.normal(size=40), rng.normal(size=60)], axis=1)  # exact, and noise
    solution = fit_ridge(x, y, np.array([1e-6, 1.0, 1e3]))
    assert solution.strength.tolist() == [1e-6, 1e3]


def test_a_constant_input_gets_no_weight() -> None:
    x, y = drawn(20, 3)
    x[:, 1] = 7
    assert fit_ridge(x, y, np.array([0.1])).weight[1] == approx(np.zeros(3), abs=1e-12)


def test_large_inputs_are_read_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = drawn(12, 30)
    whole = fit_ridge(x, y, np.array([0.3]))
    monkeypatch.setattr("muso_exp.features.ridge._BLOCK", 50)
    assert fit_ridge(x, y, np.array([0.3])).weight == approx(whole.weight)


def test_inputs_that_never_vary_are_refused() -> None:
    with pytest.raises(ValueError, match="the inputs are the same in all rows"):
        fit_ridge(np.ones((5, 3)), np.arange(5.0)[:, None], np.array([1.0]))


def test_one_row_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two rows are needed, got 1"):
        fit_ridge(np.ones((1, 3)), np.ones((1, 1)), np.array([1.0]))


@pytest.mark.parametrize("strengths", [[], [1.0, 0.0]])
def test_a_strength_that_is_not_positive_is_refused(strengths: list) -> None:
    with pytest.raises(ValueError, match="strengths must be positive numbers"):
        fit_ridge(*drawn(5, 2), np.array(strengths))
