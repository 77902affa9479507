from collections.abc import Callable

import numpy as np
import pytest
import torch
from pytest import approx
from scipy.sparse import csr_matrix, random_array

from muso_exp.errors import DivergedError
from muso_exp.features import als_device, wmf
from muso_exp.features.als import Sweep
from muso_exp.features.als_device import solve_on_device
from muso_exp.features.als_kernel import solve_rows

N_ROWS, N_COLUMNS, N_FACTORS, WEIGHT = 70, 40, 11, 0.3
EMPTY = 5  # a row without entries


def on_device(
    confidence: csr_matrix, rows: np.ndarray, columns: np.ndarray, *rest: object, **more: float
) -> None:
    solve_on_device(confidence, torch.from_numpy(rows), torch.from_numpy(columns), *rest, **more)


SOLVERS = pytest.mark.parametrize("solve", [solve_rows, on_device])


def case() -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    """Return confidence with rows of 0 to 40 entries, and factors of rows and columns."""
    rng = np.random.default_rng(0)
    plays = random_array((N_ROWS, N_COLUMNS), density=0.3, rng=rng).toarray()
    plays[EMPTY], plays[7] = 0, rng.random(N_COLUMNS)
    confidence = csr_matrix(np.where(plays > 0, 1 + 9 * plays, 0).astype(np.float32))
    sizes = (N_ROWS, N_FACTORS), (N_COLUMNS, N_FACTORS)
    return confidence, *(rng.normal(0, 0.3, size).astype(np.float32) for size in sizes)


def exact(confidence: csr_matrix, columns: np.ndarray, bias: bool) -> np.ndarray:
    """Return the solution of weighted least squares of each row, in float64."""
    c = confidence.toarray().astype(float)
    p, c = (c > 0).astype(float), np.where(c > 0, c, 1)
    y, base = columns.astype(float), np.zeros(len(columns))
    ridge = WEIGHT * np.eye(N_FACTORS)
    if bias:
        base, y = y[:, -1], np.c_[y[:, :-1], np.ones(len(y))]
        ridge[-1, -1] = 0
    solved = [
        np.linalg.solve(y.T @ (c[u][:, None] * y) + ridge, y.T @ (c[u] * (p[u] - base)))
        for u in range(len(p))
    ]
    return np.array(solved)


@SOLVERS
@pytest.mark.parametrize("bias", [False, True])
def test_enough_steps_solve_the_normal_equations(solve: Callable, bias: bool) -> None:
    confidence, rows, columns = case()
    solve(confidence, rows, columns, WEIGHT, 40, bias)
    assert rows == approx(exact(confidence, columns, bias), abs=2e-4)


@SOLVERS
@pytest.mark.parametrize("bias", [False, True])
def test_each_step_lowers_the_objective(solve: Callable, bias: bool) -> None:
    confidence, start, columns = case()
    formula = wmf.biased_objective if bias else wmf.objective
    left = []
    for steps in range(1, 5):
        rows = start.copy()
        solve(confidence, rows, columns, WEIGHT, steps, bias)
        factors = torch.from_numpy(rows), torch.from_numpy(columns)
        left.append(formula(confidence, *factors, WEIGHT))
    assert left == sorted(left, reverse=True)


@SOLVERS
def test_a_row_without_entries_has_the_solution_after_one_step(solve: Callable) -> None:
    confidence, rows, columns = case()
    solve(confidence, rows, columns, WEIGHT, 1)
    assert (rows[EMPTY] == 0).all()
    solve(confidence, rows, columns, WEIGHT, 1, True)
    assert rows[EMPTY] == approx(exact(confidence, columns, True)[EMPTY], abs=1e-4)


@SOLVERS
def test_rows_may_have_a_regularization_each_and_another_target(solve: Callable) -> None:
    confidence, rows, columns = case()
    weights = np.linspace(0.1, 3, N_ROWS).astype(np.float32)
    solve(confidence, rows, columns, weights, 40, target=0.5)
    for u in (0, 7, 33):
        c = confidence[u].toarray()[0].astype(float)
        p, c = 0.5 * (c > 0), np.where(c > 0, c, 1)
        left = columns.T @ (c[:, None] * columns) + weights[u] * np.eye(N_FACTORS)
        assert rows[u] == approx(np.linalg.solve(left, columns.T @ (c * p)), abs=2e-4)


@pytest.mark.parametrize("bias", [False, True])
def test_both_solvers_take_the_same_steps(bias: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(als_device, "_ENTRIES", 25)  # several blocks, and rows longer than one
    confidence, rows, columns = case()
    other = rows.copy()
    solve_rows(confidence, rows, columns, WEIGHT, 3, bias)
    on_device(confidence, other, columns, WEIGHT, 3, bias)
    assert other == approx(rows, abs=1e-4)


def test_the_answer_is_the_same_on_any_number_of_threads() -> None:
    confidence, start, columns = case()
    answers = []
    for n_threads in (1, 2, 0):
        rows = start.copy()
        solve_rows(confidence, rows, columns, WEIGHT, 3, n_threads=n_threads)
        answers.append(rows)
    assert (answers[0] == answers[1]).all() and (answers[0] == answers[2]).all()


@pytest.mark.gpu
@pytest.mark.parametrize("bias", [False, True])
def test_a_gpu_takes_the_steps_of_the_cpu(bias: bool) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    confidence, rows, columns = case()
    moved = torch.from_numpy(rows).cuda()
    solve_on_device(confidence, moved, torch.from_numpy(columns).cuda(), WEIGHT, 3, bias)
    solve_rows(confidence, rows, columns, WEIGHT, 3, bias)
    assert moved.cpu().numpy() == approx(rows, abs=1e-4)


@SOLVERS
@pytest.mark.parametrize("size", [np.nan, 1e30])
def test_factors_that_are_not_finite_are_refused_without_a_warning(
    solve: Callable, size: float
) -> None:
    confidence, rows, columns = case()
    with pytest.raises(DivergedError, match=r"the factors are not finite; set model.init_std"):
        solve(confidence, rows, columns * np.float32(size), WEIGHT, 1)


def test_an_exact_solve_that_is_not_positive_definite_is_refused() -> None:
    confidence, rows, columns = case()
    matrices = confidence, confidence.T.tocsr()
    with pytest.raises(DivergedError, match=r"cannot be solved exactly: .*posv failed"):
        Sweep(0.0, cg_steps=0)(*matrices, rows, np.zeros_like(columns))
