from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader

from muso_exp.errors import DivergedError
from muso_exp.models.base import Model, Solver
from muso_exp.training.finite import EVERY, FiniteTraining


class Net(Model):
    """A line whose loss, gradient or validation loss breaks in one epoch."""

    def __init__(self, breaks: str, epoch: int = 1, lr: float = 0.5) -> None:
        super().__init__()
        self.breaks, self.epoch, self.lr = breaks, epoch, lr
        self.layer = nn.Linear(1, 1)

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        loss = self.layer(batch["x"]).square().mean()
        stage = "train loss" if self.training else "val loss"
        broken = self.current_epoch == self.epoch and self.breaks == stage
        return loss * torch.nan if broken else loss

    def on_before_zero_grad(self, optimizer: torch.optim.Optimizer) -> None:
        if self.breaks == "weights" and self.current_epoch == self.epoch:
            nn.init.constant_(self.layer.bias, torch.inf)

    def predict_step(self, batch: dict[str, Tensor], batch_idx: int = 0) -> dict[str, Tensor]:
        return {"preds": self.layer(batch["x"])}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1e-3)


class Shares(Solver):
    """A solver that divides by nothing."""

    nonfinite_buffers = ("known",)

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field
        self.register_buffer("shares", torch.zeros(2))
        self.register_buffer("known", torch.zeros(2))

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self.get_buffer(self.field).copy_(torch.zeros(2) / 0)

    def predict_step(self, batch: dict[str, Tensor], batch_idx: int = 0) -> dict[str, Tensor]:
        return {"preds": self.shares}


def fit(folder: Path, model: Model, n_batches: int = 1, validated: bool = True) -> pl.Trainer:
    last = ModelCheckpoint(folder, "last", every_n_epochs=1, save_on_train_epoch_end=True)
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=3,
        num_sanity_val_steps=0,
        default_root_dir=folder,
        callbacks=[FiniteTraining(), last],
        **quiet,
    )
    batch = {"x": torch.ones(2, 1), "target": torch.zeros(2)}
    loader = DataLoader([batch] * n_batches, batch_size=None)
    trainer.fit(model, loader, loader if validated else None)
    return trainer


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize(
    ("breaks", "problem"),
    [
        (
            "train loss",
            r"(the |train/)loss is nan; set model.lr below 0.5 or trainer.gradient_clip",
        ),
        ("weights", r"weights are not finite \(layer.bias\); set model.lr below 0.5"),
        ("val loss", "val/loss is nan; set model.lr below 0.5"),
    ],
)
def test_a_training_that_diverges_stops_in_its_epoch(
    breaks: str, problem: str, validated: bool, tmp_path: Path
) -> None:
    if breaks == "val loss" and not validated:
        fit(tmp_path, Net(breaks), validated=False)
        return
    with pytest.raises(DivergedError, match=f"^epoch 2: {problem}"):
        fit(tmp_path, Net(breaks), validated=validated)


@pytest.mark.parametrize("breaks", ["train loss", "weights", "val loss"])
def test_the_last_checkpoint_is_of_finite_weights(breaks: str, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="epoch 2"):
        fit(tmp_path, Net(breaks))
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert saved["epoch"] == 0
    assert all(value.isfinite().all() for value in saved["state_dict"].values())


def test_a_long_epoch_is_not_waited_for(tmp_path: Path) -> None:
    net = Net("train loss", epoch=0)
    with pytest.raises(DivergedError, match="epoch 1: the loss is nan"):
        fit(tmp_path, net, n_batches=3 * EVERY)
    assert net.trainer.global_step <= EVERY


def test_a_solution_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"not finite \(shares\); set the options of the model"):
        fit(tmp_path, Shares("shares"))


def test_a_buffer_in_which_nan_has_a_meaning_stops_nothing(tmp_path: Path) -> None:
    assert fit(tmp_path, Shares("known")).current_epoch == 3


def test_a_part_of_a_model_says_itself_where_nan_has_a_meaning(tmp_path: Path) -> None:
    class Blend(Shares):
        nonfinite_buffers = ()

        def __init__(self, field: str) -> None:
            super().__init__(field)
            self.part = Shares(field)
            self.part.get_buffer(field).fill_(torch.nan)

        def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> None: ...

    assert fit(tmp_path, Blend("known")).current_epoch == 3
    with pytest.raises(DivergedError, match=r"not finite \(part.shares\)"):
        fit(tmp_path, Blend("shares"))


def test_a_training_that_stays_finite_is_left_alone(tmp_path: Path) -> None:
    assert fit(tmp_path, Net("nothing")).current_epoch == 3
