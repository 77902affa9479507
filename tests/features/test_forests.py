import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from muso_exp.features.forests import Forest, grow

OPTIONS = {
    "learning_rate": 0.1,
    "max_iter": 30,
    "max_depth": 3,
    "min_samples_leaf": 5,
    "l2_regularization": 1.0,
}


def rows(n: int = 9000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 6)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] + x[:, 2] > rng.normal(size=n)).astype(int)


def test_trees_as_arrays_score_as_scikit_learns() -> None:
    x, target = rows()
    fixed = {"max_leaf_nodes": None, "early_stopping": False, "random_state": 0}
    learned = HistGradientBoostingClassifier(**OPTIONS, **fixed)
    expected = learned.fit(x, target).decision_function(x)
    found = grow(x, target, **OPTIONS).raw_scores(np.ascontiguousarray(x.T))
    assert found == pytest.approx(expected, abs=1e-4)


def test_no_trees_score_nothing() -> None:
    assert (Forest.empty().raw_scores(np.ones((3, 5), np.float32)) == 0).all()


def test_trees_that_end_early_hold_finite_numbers_alone() -> None:
    x, target = rows(60)
    forest = grow(x, target, **{**OPTIONS, "min_samples_leaf": 25})
    assert all(np.isfinite(part.sum(dtype=part.dtype)) for part in forest)  # as a run checks them
