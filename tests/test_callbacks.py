from pathlib import Path

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from muso_exp.callbacks import LossHistory, Recipe
from muso_exp.models.dff import DFF

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
    trainer = fit(tmp_path, Recipe({"_target_": "a"}, {"_target_": "b"}))
    saved = torch.load(trainer.checkpoint_callback.best_model_path, weights_only=True)
    assert saved["recipe"] == {"dataset": {"_target_": "a"}, "model": {"_target_": "b"}}
