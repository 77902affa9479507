import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from pytest import approx

from muso_exp.models.gradient_boosting import GradientBoosting


def grown() -> tuple[GradientBoosting, torch.Tensor]:
    """A forest of trees of several sizes, some of whose splits saw missing values."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(300, 4, generator=generator)
    target = ((x[:, 0] > 0) ^ (x[:, 1] > 0.5)).float()
    x[:20, 0] = torch.nan
    model = GradientBoosting(max_iter=30, min_samples_leaf=5)
    model.solve({"x": x, "target": target, "weight": torch.ones(300)})
    return model, x


def test_the_trees_predict_as_scikit_learns_do() -> None:
    model, x = grown()
    expected = model.forest.predict_proba(x.numpy())[:, 1]
    assert model(x).numpy() == approx(expected.astype(np.float32), abs=1e-7)
    assert expected.std() > 0.1


def test_a_forest_that_was_pickled_is_read_and_predicts_the_same() -> None:
    model, x = grown()
    raw = torch.frombuffer(bytearray(pickle.dumps(model.forest)), dtype=torch.uint8)
    old = {"state_dict": {"cut": torch.tensor(0.5), "trees": raw}}
    again = GradientBoosting()
    again.on_load_checkpoint(old)
    again.load_state_dict(old["state_dict"])
    assert again(x).equal(model(x))


class Evil:
    """Pickles to a call that leaves a canary."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.canary}",)


def test_a_pickle_in_the_place_of_a_forest_is_refused_and_never_runs(tmp_path: Path) -> None:
    for payload in (Evil(tmp_path / "canary"), {"_predictors": 3}, b"no forest"):
        raw = torch.frombuffer(bytearray(pickle.dumps(payload)), dtype=torch.uint8)
        with pytest.raises(ValueError, match=r"not a forest of scikit-learn"):
            GradientBoosting().on_load_checkpoint({"state_dict": {"trees": raw}})
    broken = torch.tensor([1, 2, 3], dtype=torch.uint8)
    with pytest.raises(ValueError, match="not a pickle of plain objects"):
        GradientBoosting().on_load_checkpoint({"state_dict": {"trees": broken}})
    assert not (tmp_path / "canary").exists()


def test_a_path_that_goes_in_a_circle_ends() -> None:
    model, x = grown()
    model.left.zero_()
    model.right.zero_()
    assert model(x).shape == (300,)
