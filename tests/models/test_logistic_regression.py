import logging
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from sklearn.linear_model import LogisticRegression as Reference
from torch.utils.data import DataLoader

from muso_exp.errors import ConfigError
from muso_exp.models.base import Batch
from muso_exp.models.logistic_regression import LogisticRegression


def pairs(n_rows: int = 40, classes: tuple[int, ...] = (0, 1, 2)) -> Batch:
    draw = torch.Generator().manual_seed(0)
    target = torch.tensor(classes)[torch.randint(len(classes), (n_rows,), generator=draw)]
    x = torch.randn(n_rows, 6, generator=draw) + target[:, None]
    return {"x": x, "target": target, "row": torch.arange(n_rows)}


def solve(
    folder: Path, *batches: Batch, n_classes: int = 3, **options: object
) -> LogisticRegression:
    model = LogisticRegression(6, n_classes, **options)
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=1, default_root_dir=folder, **quiet)
    trainer.fit(model, DataLoader(list(batches), batch_size=None))
    return model.eval()


def test_probabilities_equal_scikit_learns(tmp_path: Path) -> None:
    batch = pairs()
    reference = Reference(C=0.3, max_iter=200).fit(batch["x"].numpy(), batch["target"].numpy())
    probability = solve(tmp_path, batch, C=0.3)(batch["x"]).softmax(dim=1)
    expected = torch.from_numpy(reference.predict_proba(batch["x"].numpy())).float()
    torch.testing.assert_close(probability, expected)


@pytest.mark.parametrize("classes", [(0, 1), (1, 3), (0, 2, 3)])
def test_classes_without_a_train_pair_have_probability_zero(
    tmp_path: Path, classes: tuple[int, ...]
) -> None:
    batch = pairs(classes=classes)
    probability = solve(tmp_path, batch, n_classes=4)(batch["x"]).softmax(dim=1)
    reference = Reference(max_iter=200).fit(batch["x"].numpy(), batch["target"].numpy())
    expected = np.zeros((40, 4))
    expected[:, classes] = reference.predict_proba(batch["x"].numpy())
    torch.testing.assert_close(probability, torch.from_numpy(expected).float())


def test_nan_rows_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    batch = pairs()
    whole = solve(tmp_path, {name: column[2:] for name, column in batch.items()})
    batch["x"][:2, 3] = torch.nan
    with caplog.at_level(logging.WARNING):
        model = solve(tmp_path, batch)
    assert "2 of 40 train rows are NaN and left out" in caplog.text
    assert model.coefficients.equal(whole.coefficients)


def test_a_train_split_in_several_batches_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"got it in 2 batches; set dataset.batch_size=0"):
        solve(tmp_path, pairs(), pairs())


def test_one_class_cannot_be_distinguished(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"two classes are needed, got 1 in 40 train rows"):
        solve(tmp_path, pairs(classes=(1,)))


def test_a_penalty_without_strength_is_refused() -> None:
    with pytest.raises(ValueError, match=r"C must be > 0, got 0; set model.C"):
        LogisticRegression(6, 3, C=0)
