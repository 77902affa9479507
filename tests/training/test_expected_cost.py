"""What a training will take is said before it is spent."""

import logging
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

from muso_exp.training import expected_cost
from muso_exp.training.expected_cost import ExpectedCost, duration, forecast, size


class Net(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        return self.layer(batch[0]).mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def fit(folder: Path, n_batches: int) -> None:
    trainer = pl.Trainer(
        max_epochs=2,
        callbacks=[ExpectedCost()],
        default_root_dir=str(folder),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Net(), DataLoader(TensorDataset(torch.zeros(n_batches, 4))))


def test_time_and_disk_are_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "muso_exp")
    fit(tmp_path, 10)
    assert caplog.text.count(" each, up to 3 at once") == 1
    assert caplog.text.count("20 steps of") == 1


def test_a_training_of_few_steps_is_not_forecast(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "muso_exp")
    fit(tmp_path, 2)
    assert "steps of" not in caplog.text


def test_too_little_disk_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expected_cost.shutil, "disk_usage", lambda _: Free())
    fit(tmp_path, 2)
    assert [record.levelname for record in caplog.records if "GiB free" in record.message] == [
        "WARNING"
    ]


class Free:
    free = 10


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59, "59 seconds"), (300, "5.0 minutes"), (9000, "2.5 hours"), (4e5, "4.6 days")],
)
def test_a_duration_has_the_unit_that_fits_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_training_without_end_is_named() -> None:
    assert "without end" in forecast(0.1, float("inf"))
    assert "10.0 minutes: 6000 steps" in forecast(0.1, 6000)


def test_a_size_is_in_the_unit_that_fits_it() -> None:
    sizes = [22_500, 3 * 2**20, 2.3 * 2**30]
    assert [size(n) for n in sizes] == ["22 KiB", "3 MiB", "2.3 GiB"]
