"""What is watched in training is known before it begins: metric, validation, mode, checkpoint."""

from pathlib import Path

import pytest

LISTS = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "logger=none"]
LISTS += ["callbacks.progress=null", "trainer.max_epochs=2", "dataset.split.val_share=0.25"]
STOP = [*LISTS, "+callbacks=early_stopping"]
OWN = "+callbacks.mine={_target_: pytorch_lightning.callbacks.%s, monitor: %s, mode: %s}"
REFUSED = {
    "no metric": (["monitor=val/none"], "monitor: no metric 'val/none' in this task; it has val/"),
    "a test metric": (["monitor=accuracy"], "monitor: no metric 'accuracy'"),
    "best of every second": (
        ["monitor=val/loss", "+callbacks.best.every_n_epochs=2"],
        "callbacks.best.every_n_epochs: each epoch that is validated may be the best; leave it out",
    ),
    "no rows": (
        ["monitor=val/loss", "dataset.split.val_share=0"],
        "monitor=val/loss: there are no validation rows to measure it on; hold some out",
    ),
    "no batches": (
        ["monitor=val/loss", "trainer.limit_val_batches=0"],
        "there are no validation rows",
    ),
    "no epoch": (
        ["monitor=val/loss", "trainer.check_val_every_n_epoch=3"],
        "none of 2 epochs is validated; set trainer.check_val_every_n_epoch to 2 at most",
    ),
    "no epoch to learn a threshold": (
        ["dataset.threshold=validation", "trainer.check_val_every_n_epoch=3"],
        "dataset.threshold=validation: none of 2 epochs is validated",
    ),
    "the worst loss": (
        ["monitor=val/loss", "monitor_mode=max"],
        "monitor_mode=max: the worst val/loss would be preferred; set min",
    ),
    "the worst metric": (
        ["monitor=val/roc_auc"],
        "monitor_mode=min: the worst val/roc_auc would be preferred; set max",
    ),
    "another best": (
        ["monitor=val/loss", "callbacks.best.monitor=val/roc_auc"],
        "callbacks.best.monitor=val/roc_auc: set monitor instead",
    ),
    "another mode of the best": (
        ["monitor=val/loss", "callbacks.best.mode=max"],
        "callbacks.best.mode=max: set monitor_mode instead",
    ),
    "no best": (["monitor=val/loss", "callbacks.best=null"], "set monitor=null to test the last"),
    "a best elsewhere": (
        ["monitor=val/loss", "callbacks.best.filename=top"],
        "callbacks.best: the tested checkpoint is kept as ",
    ),
    "own checkpoints": (
        [OWN % ("ModelCheckpoint", "val/none", "min")],
        "callbacks.mine.monitor: no metric 'val/none'",
    ),
    "own stopping": (
        [OWN % ("EarlyStopping", "val/loss", "max")],
        "callbacks.mine.mode=max: the worst val/loss",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_will_not_be_measured_is_refused_before_training(
    name: str, call: callable, tmp_path: Path
) -> None:
    args, said = REFUSED[name]
    status, out, err = call(*LISTS, *args)
    assert status == 2 and said in err.splitlines()[-1] and "Traceback" not in err, out + err
    assert not [path for path in (tmp_path / "outputs").rglob("*") if path.is_file()]


def test_a_model_without_a_loss_is_not_judged_by_one(call: callable) -> None:
    status, _, err = call("+experiment=wmf", "scale=smoke", "logger=none", "monitor=val/loss")
    assert status == 2 and "monitor: no metric 'val/loss' in this task; it has val/" in err


def test_early_stopping_has_a_metric_of_its_own(call: callable) -> None:
    status, _, err = call(*STOP, "callbacks.early_stopping.monitor=val/none")
    assert status == 2 and "callbacks.early_stopping.monitor: no metric 'val/none'" in err
    other = ["callbacks.early_stopping.monitor=val/roc_auc", "callbacks.early_stopping.mode=max"]
    assert call(*STOP, *other)[0] == 0


@pytest.mark.parametrize(
    "args",
    [
        ["monitor=val/roc_auc", "monitor_mode=max"],
        ["monitor=train/loss"],
        [OWN % ("ModelCheckpoint", "epoch", "max")],
    ],
)
def test_what_is_measured_may_be_watched(args: list[str], call: callable) -> None:
    status, _, err = call(*LISTS, *args)
    assert status == 0, err
