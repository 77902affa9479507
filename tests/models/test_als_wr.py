"""ALS-WR: the objective falls, new rows are solved exactly, and Spark finds the same optimum."""

import shutil
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from ranking_world import CUTOFFS, N_ITEMS, N_USERS, fit, halves
from scipy.sparse import csr_matrix

from muso_exp.models.als_wr import ALSWR

needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None,
    reason="Spark is not here: pip install 'muso_exp[spark]', and Java 17",
)
OPTIONS = {"n_users": N_USERS, "n_items": N_ITEMS, "cutoffs": CUTOFFS, "n_factors": 6}


def by_hand(model: ALSWR, plays: csr_matrix) -> float:
    """The objective, cell by cell."""
    x, y = model.user_factors.double().numpy(), model.item_factors.double().numpy()
    dense = plays.toarray()
    c = 1 + model.alpha * np.log1p(dense / model.epsilon)
    errors = (c * ((dense > 0) - x @ y.T) ** 2).sum()
    penalty = ((dense > 0).sum(axis=1) * (x**2).sum(axis=1)).sum()
    penalty += ((dense > 0).sum(axis=0) * (y**2).sum(axis=1)).sum()
    return float(errors + model.regularization * penalty)


def test_the_objective_is_that_of_all_cells_and_falls() -> None:
    plays, _ = halves()
    found = []
    for epochs in (1, 3, 9):
        model = ALSWR(**OPTIONS, regularization=0.2)
        fit(model, plays, epochs=epochs)
        found.append(model.objective(model.weigh(plays)))
        assert found[-1] == pytest.approx(by_hand(model, plays), rel=1e-5)
    assert found[0] > found[1] > found[2]


def test_a_row_of_training_is_folded_in_where_it_stands_at_the_optimum() -> None:
    plays, _ = halves()
    model = ALSWR(**OPTIONS, regularization=0.2, cg_steps=8)
    fit(model, plays, epochs=60)
    c = 1 + model.alpha * np.log1p(plays.toarray() / model.epsilon)
    y = model.item_factors.double().numpy()
    for row in range(5):
        n = int((plays[row].toarray() > 0).sum())
        left = (y.T * c[row]) @ y + 0.2 * n * np.eye(6)
        exact = np.linalg.solve(left, y.T @ (c[row] * (plays[row].toarray()[0] > 0)))
        assert model.user_factors[row].numpy() == pytest.approx(exact, abs=2e-3)


@needs_spark
def test_spark_finds_the_same_optimum() -> None:
    plays, _ = halves()
    values = []
    for engine in ("blocked", "spark"):
        model = ALSWR(**OPTIONS, regularization=0.2, engine=engine, cg_steps=6)
        fit(model, plays, epochs=60)
        assert model.trainer.current_epoch == (60 if engine == "blocked" else 1)
        values.append(model.objective(model.weigh(plays)))
        assert torch.isfinite(model.user_factors).all()
    assert values[1] == pytest.approx(values[0], rel=1e-3)
