from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytest import approx
from torch.utils.data import DataLoader

from muso_exp.models.audio import AudioModel
from muso_exp.models.stages import StagedLR


def schedule(
    n_stages: int = 5, patience: int = 3, decay: float = 0.0, lr: float = 0.01
) -> tuple[torch.optim.Optimizer, StagedLR]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    return optimizer, StagedLR(optimizer, n_stages, 0.2, patience, decay)


def rate(optimizer: torch.optim.Optimizer) -> float:
    return optimizer.param_groups[0]["lr"]


def test_five_stages_go_down_to_the_published_rate() -> None:
    optimizer, stages = schedule(patience=1)
    rates, said = [rate(optimizer)], []
    for _ in range(5):
        stages.progress(1.0)
        said.append(stages.progress(2.0))
        rates.append(rate(optimizer))
    assert rates == approx([0.01, 0.002, 0.0004, 0.00008, 0.000016, 0.000016])
    assert said == ["next stage"] * 4 + ["over"]


def test_a_stage_ends_after_three_epochs_without_progress_in_a_row() -> None:
    _, stages = schedule(patience=3)
    losses = [1.0, 1.1, 1.1, 0.9, 0.9, 1.0, 1.0]
    assert [stages.progress(loss) for loss in losses] == [
        "better", "waiting", "waiting", "better", "waiting", "waiting", "next stage",
    ]  # fmt: skip


def test_each_stage_has_a_best_loss_of_its_own() -> None:
    _, stages = schedule(patience=1)
    assert [stages.progress(loss) for loss in (1.0, 2.0, 1.5)] == ["better", "next stage", "better"]


def test_within_a_stage_the_rate_falls_with_each_step() -> None:
    optimizer, stages = schedule(patience=1, decay=0.5, lr=0.6)
    rates = [rate(optimizer)]
    for _ in range(3):
        optimizer.step()
        stages.step()
        rates.append(rate(optimizer))
    assert rates == approx([0.6, 0.6 / 1.5, 0.6 / 2, 0.6 / 2.5])
    stages.progress(1.0)
    stages.progress(1.0)
    assert rate(optimizer) == approx(0.6 * 0.2)


def test_no_patience_means_that_the_first_stage_never_ends() -> None:
    _, stages = schedule(patience=0)
    assert {stages.progress(1.0) for _ in range(20)} == {"better", "waiting"}


def test_a_loss_that_is_not_a_number_is_no_progress() -> None:
    _, stages = schedule(patience=1)
    assert stages.progress(float("nan")) == "next stage"


def test_the_state_goes_on_where_it_was() -> None:
    optimizer, stages = schedule(patience=2)
    for loss in (1.0, 2.0, 2.0, 1.0, 3.0):
        stages.progress(loss)
    resumed, again = schedule(patience=2)
    again.load_state_dict(stages.state_dict())
    resumed.load_state_dict(optimizer.state_dict())
    assert (again.progress(4.0), again.stage) == ("next stage", 2)
    assert rate(resumed) == approx(0.01 * 0.04)


class Line(AudioModel):
    """The mean of a window, times a weight."""

    def __init__(self, losses: Sequence[float] = (), **training: Any) -> None:
        super().__init__("regression", 1, 2, **training)
        self.finish(1, dropout=0.0, normalise=False)
        self.losses = losses
        self.seen: list[float] = []

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=1, keepdim=True)

    def on_validation_epoch_end(self) -> None:
        self.log("val/loss", self.losses[self.current_epoch])
        self.seen.append(self.dense.weight.item())

    def _evaluate(self, *_: object) -> dict[str, torch.Tensor]:
        return {}


def fit(
    model: AudioModel, folder: Path, epochs: int, resume: Path | None = None, every: int = 1
) -> pl.Trainer:
    batch = {"x": torch.ones(4, 2), "target": torch.full((4, 1), 3.0), "row": torch.arange(4)}
    loader = DataLoader([batch], batch_size=None)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=every,
        enable_checkpointing=False,
    )
    trainer.fit(model, loader, loader, ckpt_path=resume, weights_only=True)
    return trainer


PLAN = {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "n_stages": 2, "patience": 2}


def test_a_stage_starts_at_the_best_weights_of_the_one_before(tmp_path: Path) -> None:
    model = Line([2.0, 1.0, 5.0, 5.0, 9.0], **PLAN)
    trainer = fit(model, tmp_path, epochs=4)
    assert model.dense.weight.item() == model.seen[1] != model.seen[3]
    optimizer = trainer.optimizers[0]
    assert rate(optimizer) == approx(0.1 * 0.2)
    assert len(optimizer.state) == 0


def test_training_stops_after_the_last_stage(tmp_path: Path) -> None:
    trainer = fit(Line([1.0, 5.0, 5.0, 4.0, 4.0, 4.0, 0.0], **PLAN), tmp_path, epochs=7)
    assert trainer.current_epoch == 6


def test_an_epoch_without_validation_is_not_counted(tmp_path: Path) -> None:
    trainer = fit(Line([1.0] * 8, **PLAN), tmp_path, epochs=8, every=2)
    assert trainer.lr_scheduler_configs[0].scheduler.stage == 1
    assert trainer.current_epoch == 8


def test_a_resumed_run_remembers_the_best_weights_of_the_stage(tmp_path: Path) -> None:
    losses = [2.0, 1.0, 5.0, 5.0, 9.0]
    model = Line(losses, **PLAN)
    fit(model, tmp_path, epochs=3).save_checkpoint(tmp_path / "three.ckpt")
    resumed = Line(losses, **PLAN)
    fit(resumed, tmp_path, epochs=4, resume=tmp_path / "three.ckpt")
    assert resumed.dense.weight.item() == model.seen[1]


def test_sgd_is_nesterovs_and_adam_decays_apart() -> None:
    sgd = Line(**PLAN).configure_optimizers()["optimizer"]
    assert (sgd.defaults["nesterov"], sgd.defaults["momentum"]) == (True, 0.9)
    adam = Line(optimizer="adam", weight_decay=0.1).configure_optimizers()["optimizer"]
    assert isinstance(adam, torch.optim.AdamW)
    assert adam.defaults["weight_decay"] == 0.1
