"""The backward selection of features, against scikit-learn's own on the same folds."""

import numpy as np
import pytest
import torch
from pytest import approx
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from muso_exp.errors import ConfigError
from muso_exp.models.backward_selection import BackwardSelection
from muso_exp.records import Batch


def batch(n: int = 200, seed: int = 0) -> Batch:
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 5, generator=draw)
    target = (2 * x[:, 1] - x[:, 3] + torch.randn(n, generator=draw) > 0).float()
    return {"x": x, "target": target, "weight": torch.ones(n)}


def solved(rows: Batch) -> BackwardSelection:
    model = BackwardSelection(5)
    model.solve(rows)
    return model


def test_the_features_that_matter_go_last() -> None:
    path = solved(batch()).selection_path()
    assert path.dropped[-1] == 3  # the second best: the best one stays
    assert path.loss[0] < path.loss[-1]


def test_it_keeps_what_scikit_learns_selector_keeps_at_the_same_size() -> None:
    rows = batch()
    model = solved(rows)
    kept = model.coefficients.nonzero()[:, 0].tolist()
    order = np.lexsort((*rows["x"].numpy().T, rows["target"].numpy()))
    selector = SequentialFeatureSelector(
        LogisticRegression(),
        n_features_to_select=len(kept),
        direction="backward",
        scoring="neg_log_loss",
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
    )
    x, target = rows["x"].double().numpy()[order], rows["target"].numpy()[order]
    assert selector.fit(x, target).get_support().nonzero()[0].tolist() == kept
    fit = LogisticRegression().fit(x[:, kept], target)
    assert model.coefficients[kept].tolist() == approx(fit.coef_[0].tolist())


def test_the_order_of_the_rows_changes_nothing() -> None:
    rows = batch()
    shuffled = torch.randperm(200, generator=torch.Generator().manual_seed(3))
    other = solved({name: value[shuffled] for name, value in rows.items()})
    assert torch.equal(other.dropped, solved(rows).dropped)
    assert other.step_loss.tolist() == approx(solved(rows).step_loss.tolist())


def test_one_fold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model\.folds must be 2 or more, got 1"):
        BackwardSelection(5, folds=1)


def test_fewer_tracks_than_folds_are_refused() -> None:
    rows = {name: value[:6] for name, value in batch().items()}
    with pytest.raises(ConfigError, match=r"a list has 2 train tracks, model\.folds is 5"):
        solved({**rows, "target": torch.tensor([1.0, 1, 0, 0, 0, 0])})
