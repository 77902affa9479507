"""Sweeps and runs that are gone on with, as a user meets them."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from muso_exp.experiment import ledger

QUICK = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "logger=none"]
QUICK += ["trainer.max_epochs=1", "callbacks.progress=null", "table_metrics=[recall]"]
NEVER = ["monitor=val/loss", "dataset.split.val_share=0.25", "dataset.batch_size=7"]
NEVER += ["trainer.max_steps=1"]  # ends within the first epoch


def table_of(out: str) -> pd.DataFrame:
    return pd.read_csv(Path(out.splitlines()[-1]) / "table.csv")


def test_a_sweep_goes_on_where_it_was_left(call: callable) -> None:
    first = call("-m", *QUICK, "model.lr=0.1")[1]
    status, out, err = call("-m", *QUICK, "model.lr=0.1,0.01", "rerun=false")
    assert status == 0, err
    table = table_of(out)
    assert table["variant"].tolist() == ["model.lr=0.1", "model.lr=0.01"]
    assert table["measured"].tolist()[0] == table_of(first)["measured"].item()
    folder = Path(out.splitlines()[-1]) / "0"
    assert (folder / "report.html").is_file() and not (folder / "checkpoints").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["scale=huge"], "scale=huge: choose desk, paper or smoke"),
        (["-m", "scale=smoke,huge"], "scale=huge: choose desk, paper or smoke"),
        (["-m", "scale=smoke", "variant=logistic,no"], "variant=no: choose as_published, "),
    ],
)
def test_a_scale_or_row_that_is_not_there_is_refused_once_before_any_row(
    args: list[str], said: str, call: callable, tmp_path: Path
) -> None:
    status, out, err = call("+experiment=playlist_models", "logger=none", *args)
    assert (status, out) == (2, "")
    assert err.startswith(f"muso_exp: {said}") and err.count("\n") == 1
    assert not (tmp_path / "outputs").exists()


def test_a_run_on_other_data_is_not_the_same_run(
    call: callable,
    cache: Path,
    tmp_path: Path,
) -> None:
    assert call(*QUICK)[0] == 0  # leaves the simulated lists in the cache
    lists = tmp_path / "lists"
    shutil.copytree(next(path for path in cache.glob("playlists-*") if path.is_dir()), lists)
    again = [*QUICK, f"dataset.root={lists}", "rerun=false"]
    folders = [call(*again)[1].splitlines()[-1] for _ in range(2)]
    assert folders[0] == folders[1]
    for table in lists.glob("*.csv"):  # the first 60 tracks of each are used
        table.write_text("".join(table.read_text().splitlines(keepends=True)[:40]))
    assert call(*again)[1].splitlines()[-1] != folders[0]


def test_a_checkpoint_resumes_its_own_run_alone(call: callable) -> None:
    run = call(*QUICK)[1].splitlines()[-1]
    status, _, err = call("-m", *QUICK, "seed=0,1", f"ckpt={run}")
    assert status == 2
    assert "a stopped sweep goes on by the same command" in err.splitlines()[-1]
    status, _, err = call(*QUICK, "model.lr=0.5", f"ckpt={run}")
    assert status == 1
    assert "another run: model.lr is 0.001 there and 0.5 here" in err.splitlines()[-1]


def test_a_run_without_a_best_epoch_says_so(call: callable) -> None:
    status, _, err = call(*QUICK, *NEVER)
    assert status == 2
    assert "no epoch ended with a value of val/loss" in err.splitlines()[-1]


def test_a_resumed_run_ends_as_it_would_have_ended(call: callable) -> None:
    task = [*QUICK, "monitor=val/loss", "dataset.split.val_share=0.25", "model.dropout=0.5"]
    half = call(*task, "trainer.max_epochs=2")[1].splitlines()[-1]
    resumed = call(*task, "trainer.max_epochs=5", f"ckpt={half}")[1].splitlines()[-1]
    whole = call(*task, "trainer.max_epochs=5")[1].splitlines()[-1]
    metrics = [json.loads((Path(run) / "metrics.json").read_text())["metrics"] for run in
               (half, resumed, whole)]  # fmt: skip
    assert metrics[1] == metrics[2]
    assert metrics[0]["loss"] != metrics[2]["loss"]


def test_the_same_settings_run_once_in_a_sweep(call: callable) -> None:
    status, out, err = call("-m", *QUICK, "seed=1,1,0")
    assert status == 0, err
    assert "seed=1,1,0: a value is given twice; each runs once" in err
    assert table_of(out)["seed"].tolist() == [1, 0]


def test_settings_that_come_to_the_same_run_once_in_a_sweep(call: callable) -> None:
    status, out, err = call("-m", *QUICK, "seed=1", "dataset.seed=${seed},1")
    assert status == 0, err
    assert "run 0 of this sweep has these settings; not run again" in err
    assert not (Path(out.splitlines()[-1]) / "1").exists()
    assert table_of(out)["seed"].tolist() == [1]


def test_a_row_that_diverges_leaves_the_others(call: callable) -> None:
    dos = ["+experiment=dos_classifier", "scale=smoke", "resamples=20", "logger=none"]
    status, out, err = call("-m", *dos, "callbacks.progress=null", "model.lr=1e30,0.001")
    assert status == 1
    assert (Path(out.splitlines()[-1]) / "1" / "metrics.json").is_file()
    failed, done = ledger.read(Path(out.splitlines()[-1]))
    assert (failed.state, failed.settings, done.state) == ("failed", "model.lr=1e+30", "done")
    assert failed.reason.startswith("epoch 1: ")
    assert "set model.lr below 1e+30 or trainer.gradient_clip_val=1" in failed.reason
    assert "Traceback" not in err


def test_a_run_that_diverges_ends_in_one_line(call: callable, tmp_path: Path) -> None:
    dos = ["+experiment=dos_classifier", "scale=smoke", "resamples=20"]
    status, out, err = call(*dos, "trainer.enable_progress_bar=false", "model.lr=1e30")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1].startswith("epoch 1: ") and "Traceback" not in err
    assert not list((tmp_path / "outputs" / "dos_classifier").rglob("metrics.json"))
    store = f"sqlite:///{tmp_path / 'outputs' / 'mlflow.db'}"
    client = MlflowClient(store)
    (experiment,) = client.search_experiments(filter_string="name = 'dos_classifier'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"
