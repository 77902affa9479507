"""Training that stops early: when, what is tested, resumed after its end, and what is refused."""

import json
from pathlib import Path

import pytest
import torch

LISTS = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "logger=none"]
LISTS += ["callbacks.progress=null", "trainer.max_epochs=60", "dataset.split.val_share=0.25"]
STOP = [*LISTS, "+callbacks=early_stopping", "callbacks.early_stopping.patience=2", "model.lr=0.1"]


def test_training_ends_once_validation_is_no_better_and_the_best_epoch_is_tested(
    call: callable,
) -> None:
    status, out, err = call(*STOP)
    assert status == 0 and "val/loss was no better for 2 validations" in err, err
    folder = Path(out.splitlines()[-1])
    record = json.loads((folder / "metrics.json").read_text())
    best = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
    assert record["epochs"] < 60 and best["epoch"] == record["epochs"] - 2 - 1
    again = call(*STOP, f"ckpt={folder}")[1].splitlines()[-1]  # it had stopped, and stays so
    resumed = json.loads((Path(again) / "metrics.json").read_text())
    assert (resumed["epochs"], resumed["metrics"]) == (record["epochs"], record["metrics"])


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ([*STOP, "dataset.split.val_share=0"], "there are no validation rows to stop by"),
        (
            ["+experiment=wmf", "scale=smoke", "logger=none", "+callbacks=early_stopping"],
            "WMF is solved, not descended: no epoch of it is too many; drop +callbacks=",
        ),
    ],
)
def test_stopping_by_what_is_not_there_is_refused(
    args: list[str], problem: str, call: callable, tmp_path: Path
) -> None:
    status, _, err = call(*args)
    assert status == 2 and problem in err.splitlines()[-1] and "Traceback" not in err
    assert [path for path in (tmp_path / "outputs").rglob("*") if path.is_file()] == []
