from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from muso_exp.models.dff import DFF
from muso_exp.training.callbacks import (
    BestCheckpoint,
    LastCheckpoint,
    LossHistory,
    RandomState,
    Recipe,
    TestPredictions,
)

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


def checkpoints(folder: Path) -> tuple[BestCheckpoint, LastCheckpoint]:
    best = BestCheckpoint(dirpath=folder, filename="best", monitor="val/loss")
    return best, LastCheckpoint(dirpath=folder, filename="last", save_on_train_epoch_end=True)


def test_a_run_resumed_elsewhere_takes_the_best_checkpoint_over_without_a_warning(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    first, last = checkpoints(tmp_path / "first")
    fit(tmp_path, first, last)
    best, again = checkpoints(tmp_path / "second")
    (tmp_path / "second").mkdir()
    recwarn.clear()
    best.load_state_dict(first.state_dict())
    again.load_state_dict(last.state_dict())
    assert not [warning for warning in recwarn if "dirpath" in str(warning.message)]
    assert best.best_model_path == str(tmp_path / "second" / "best.ckpt")
    assert Path(best.best_model_path).read_bytes() == Path(first.best_model_path).read_bytes()
    assert best.best_model_score == first.best_model_score and not again.best_model_path


def test_a_best_checkpoint_that_is_gone_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = checkpoints(tmp_path / "first")
    fit(tmp_path, first)
    Path(first.best_model_path).unlink()
    best, _ = checkpoints(tmp_path / "second")
    best.load_state_dict(first.state_dict())
    assert "first/best.ckpt is gone: the best of the epochs from here on is kept" in caplog.text
    assert not best.best_model_path


def test_older_checkpoints_name_the_last_one_by_lightnings_class(tmp_path: Path) -> None:
    args = {"dirpath": tmp_path, "filename": "last"}
    assert LastCheckpoint(**args).state_key == pl.callbacks.ModelCheckpoint(**args).state_key


@pytest.mark.parametrize("rows", [[0, 2], [0, 1, 1], [1, 2]])
def test_test_rows_that_are_missing_or_repeated_are_a_fault(rows: list[int]) -> None:
    tested = TestPredictions()
    tested.on_test_batch_end(
        None, None, {"row": torch.tensor(rows), "p": torch.ones(len(rows))}, None, 0
    )
    with pytest.raises(RuntimeError, match="test rows are missing or repeated"):
        tested.on_test_epoch_end(None, None)
