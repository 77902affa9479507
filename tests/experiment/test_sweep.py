"""Sweeps and runs that are gone on with, as a user meets them."""

import json
import shutil
from pathlib import Path

import pandas as pd

QUICK = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "logger=none"]
QUICK += ["trainer.max_epochs=1", "callbacks.progress=null", "table_metrics=[recall]"]


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
    assert "a stopped sweep goes on with rerun=false" in err.splitlines()[-1]
    status, _, err = call(*QUICK, "model.lr=0.5", f"ckpt={run}")
    assert status == 1
    assert "another run: model.lr is 0.001 there and 0.5 here" in err.splitlines()[-1]


def test_a_run_without_a_best_epoch_says_so(call: callable) -> None:
    status, _, err = call(*QUICK, "monitor=val/nothing")
    assert status == 2
    assert "no epoch ended with a value of val/nothing" in err.splitlines()[-1]


def test_a_resumed_run_ends_as_it_would_have_ended(call: callable) -> None:
    task = [*QUICK, "monitor=val/loss", "dataset.split.val_share=0.25", "model.dropout=0.5"]
    half = call(*task, "trainer.max_epochs=2")[1].splitlines()[-1]
    resumed = call(*task, "trainer.max_epochs=5", f"ckpt={half}")[1].splitlines()[-1]
    whole = call(*task, "trainer.max_epochs=5")[1].splitlines()[-1]
    metrics = [json.loads((Path(run) / "metrics.json").read_text())["metrics"] for run in
               (half, resumed, whole)]  # fmt: skip
    assert metrics[1] == metrics[2]
    assert metrics[0]["loss"] != metrics[2]["loss"]
