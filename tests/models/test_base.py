import importlib
import os
import warnings
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from muso_exp.models.base import Batch, Model, Solver
from muso_exp.training.callbacks import LossHistory

BATCH = {"x": torch.zeros(1, 2), "target": torch.zeros(1, dtype=torch.int64)}


class Silent(Model):
    pass


class Idle(Solver):
    pass


def test_a_model_without_predictions_names_itself() -> None:
    with pytest.raises(TypeError, match=r"Silent does not implement predict_step"):
        Silent().predict_step(BATCH)


def test_a_solver_without_a_step_names_itself() -> None:
    with pytest.raises(TypeError, match=r"Idle does not implement training_step"):
        Idle().training_step(BATCH, 0)


class Counting(Idle):
    def training_step(self, batch: Batch, batch_idx: int) -> None:
        self.register_buffer("rows", torch.tensor(len(batch["x"])))


def test_a_solver_returns_nothing_on_purpose_and_no_warning_says_so(tmp_path: Path) -> None:
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(accelerator="cpu", default_root_dir=tmp_path, max_epochs=1, **quiet)
    solver = Counting()
    with warnings.catch_warnings(record=True) as caught:
        trainer.fit(solver, DataLoader([BATCH], batch_size=None))
    assert solver.rows == 1
    assert not [one for one in caught if "returned `None`" in str(one.message)]


def test_buffers_take_the_size_of_the_checkpoint() -> None:
    solver = Idle()
    solver.register_buffer("counts", torch.zeros(0))
    solver.on_load_checkpoint({"state_dict": {"counts": torch.zeros(7, 2)}})
    assert solver.counts.shape == (7, 2)


class Affine(Model):
    """The loss of a batch is its mean x plus a weight that is never moved."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def loss(self, batch: Batch) -> torch.Tensor:
        return batch["x"].mean() + self.weight

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, torch.Tensor]:
        return {}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def losses(folder: Path, **arguments: int) -> list[tuple[int, float]]:
    """Fit on rows 0..6 in batches of 3, 3 and 1."""
    rows = torch.arange(7.0)[:, None]
    batches = [{"x": x, "target": torch.zeros(len(x))} for x in rows.split(3)]
    history = LossHistory()
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(
        accelerator="cpu", default_root_dir=folder, callbacks=[history], **quiet, **arguments
    )
    trainer.fit(Affine(), DataLoader(batches, batch_size=None))
    return history.points["train"]


def test_the_train_loss_of_an_epoch_is_the_mean_over_rows_not_batches(tmp_path: Path) -> None:
    assert losses(tmp_path, max_epochs=2) == [(1, 21 / 7), (2, 21 / 7)]


def test_an_epoch_cut_short_logs_the_rows_it_saw(tmp_path: Path) -> None:
    assert losses(tmp_path, max_epochs=1, limit_train_batches=2) == [(1, 15 / 6)]
    assert losses(tmp_path, max_steps=4) == [(1, 21 / 7), (2, 3 / 3)]


@pytest.mark.parametrize(("cuda", "kept"), [(False, "0"), (True, "1")])
def test_the_slow_search_for_cuda_is_kept_only_where_there_is_cuda(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, kept: str
) -> None:
    monkeypatch.setenv("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    Affine().on_fit_start()
    assert os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] == kept


def test_a_model_asked_in_the_middle_of_its_training_goes_on_training() -> None:
    model = Affine().train()
    columns = model.columns(BATCH)
    assert model.training
    assert not any(value.requires_grad for value in columns.values())


@pytest.mark.parametrize(
    ("name", "one_step"),
    [
        ("wmf.WMF", False),
        ("bpr.BPR", False),
        ("cooccurrence_net.CooccurrenceNet", False),
        ("blend.SolvedWMF", True),
        ("ease.EASE", True),
        ("ridge.Ridge", True),
    ],
)
def test_what_comes_closer_with_each_epoch_is_not_solved_in_one_step(
    name: str, one_step: bool
) -> None:
    module, _, kind = name.partition(".")
    found = getattr(importlib.import_module(f"muso_exp.models.{module}"), kind)
    assert found.one_step is one_step
