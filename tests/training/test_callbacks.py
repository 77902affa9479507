from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from muso_exp.models.dff import DFF
from muso_exp.training.callbacks import LossHistory, RandomState, Recipe

BATCH = {"x": torch.ones(4, 3), "target": torch.ones(4), "weight": torch.ones(4)}


def fit(folder: Path, *callbacks: pl.Callback) -> pl.Trainer:
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=5,
        check_val_every_n_epoch=2,
        default_root_dir=folder,
        callbacks=list(callbacks),
        **quiet,
    )
    loader = DataLoader([BATCH], batch_size=None)
    trainer.fit(DFF(3), loader, loader)
    return trainer


def test_a_loss_is_kept_for_the_epochs_that_have_one(tmp_path: Path) -> None:
    history = LossHistory()
    fit(tmp_path, history)
    assert [epoch for epoch, _ in history.points["train"]] == [1, 2, 3, 4, 5]
    assert [epoch for epoch, _ in history.points["val"]] == [2, 4]
    assert list(history.points) == ["train", "val"]


def test_the_history_survives_a_resume() -> None:
    history, again = LossHistory(), LossHistory()
    history.points["train"].append((1, 0.5))
    again.load_state_dict(history.state_dict())
    assert again.points == {"train": [(1, 0.5)]}


def test_a_checkpoint_says_what_builds_it(tmp_path: Path) -> None:
    trainer = fit(tmp_path, Recipe({"_target_": "a"}, {"_target_": "b"}, 3), RandomState())
    saved = torch.load(trainer.checkpoint_callback.best_model_path, weights_only=True)
    assert saved["recipe"] == {
        "dataset": {"_target_": "a"},
        "model": {"_target_": "b"},
        "seed": 3,
    }


def test_a_resumed_training_ends_as_it_would_have_ended(tmp_path: Path) -> None:
    rows = torch.randn(30, 3, generator=torch.Generator().manual_seed(0))

    def train(epochs: int, resume: str | None = None) -> pl.Trainer:
        pl.seed_everything(0, verbose=False)
        items = [{"x": row, "target": row.sum() > 0, "weight": torch.ones(())} for row in rows]
        items = [{name: value.float() for name, value in item.items()} for item in items]
        trainer = pl.Trainer(
            accelerator="cpu",
            max_epochs=epochs,
            default_root_dir=tmp_path / str(resume is None) / str(epochs),
            callbacks=[RandomState()],
            enable_progress_bar=False,
            enable_model_summary=False,
            logger=False,
        )
        model = DFF(3, dropout=0.5)
        trainer.fit(model, DataLoader(items, batch_size=7, shuffle=True), ckpt_path=resume)
        return trainer

    whole, half = train(4), train(2)
    resumed = train(4, half.checkpoint_callback.best_model_path)
    pairs = zip(whole.model.parameters(), resumed.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("part", ["python", "numpy", "torch"])
def test_a_damaged_random_state_is_refused_before_training_goes_on(part: str) -> None:
    state = RandomState().state_dict()
    RandomState().load_state_dict(state)
    damaged = torch.zeros(3, dtype=torch.uint8) if part == "torch" else ("x", 1)
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        RandomState().load_state_dict(state | {part: damaged})
