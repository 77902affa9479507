"""The command line as a user meets it: exit status, one line per error, nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from conftest import REPOSITORY

from muso_exp import __main__ as program

SMOKE = ["+experiment=dos_classifier", "scale=smoke", "resamples=50"]


@pytest.fixture
def call(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> callable:
    """Call `main` in this process; return exit status, standard output and standard error."""
    monkeypatch.setenv("MUSO_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setenv("MUSO_CACHE", str(cache))
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}

    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["muso_exp", *args])
        with pytest.raises(SystemExit) as stop:
            program.main()
            sys.exit(0)
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    yield run
    for name, handler in handlers.items():
        signal.signal(name, handler)


def start(outputs: Path, cache: Path, *args: str) -> subprocess.Popen:
    """Start a run in a process of its own, in a session that holds no other."""
    places = {"MUSO_OUTPUTS": str(outputs), "MUSO_CACHE": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-m", "muso_exp", *args],
        cwd=REPOSITORY,
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def statuses(outputs: Path) -> list[str]:
    client = mlflow.MlflowClient(f"sqlite:///{outputs}/mlflow.db")
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run.info.status for run in client.search_runs(ids)]


def test_without_arguments_the_experiments_are_listed(call: callable) -> None:
    status, _, err = call()
    assert status == 2
    assert "dos_classifier" in err and err.startswith("usage:")


def test_help_lists_commands_and_experiments(call: callable) -> None:
    status, out, _ = call("--help")
    assert status == 0
    assert "compare " in out and "dos_classifier" in out


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (["+experiment=dos_clasifier"], 2, "no experiment 'dos_clasifier'; did you mean dos_"),
        (["comparee"], 2, "no command 'comparee'"),
        ([*SMOKE, "trainer.max_epoch=3"], 2, "max_epoch"),
        ([*SMOKE, "dataset.root=/nowhere"], 1, "/nowhere: not found"),
        ([*SMOKE, "ckpt=/nowhere"], 1, "ckpt=/nowhere: no checkpoint at"),
        ([*SMOKE, "model._target_=os.system"], 2, "_target_=os.system: refused"),
        ([*SMOKE, "logger.tracking_uri=file:x"], 2, "MLflow no longer keeps runs in folders"),
        ([*SMOKE, "scale=huge"], 2, "huge"),
        (["dataset=muso"], 2, "name an experiment, or a dataset and a model"),
        ([*SMOKE, "trainer.accelerator=tpu"], 2, "full_key: trainer"),
    ],
)
def test_a_mistake_ends_in_one_line_and_leaves_nothing(
    args: list[str], status: int, message: str, call: callable, tmp_path: Path
) -> None:
    code, out, err = call(*args)
    lines = [line for line in err.splitlines() if line.strip()]
    assert (code, out) == (status, "")
    assert message in lines[-1] and "Traceback" not in err
    left = [path for path in (tmp_path / "outputs").rglob("*") if path.is_file()]
    assert left == []


def test_a_run_ends_with_its_folder_and_is_finished(tmp_path: Path, cache: Path) -> None:
    process = start(tmp_path, cache, *SMOKE)
    out, err = process.communicate()
    assert process.returncode == 0, err
    folder = Path(out.splitlines()[-1])
    assert (folder / "metrics.json").is_file() and folder.parent == tmp_path / "dos_classifier"
    assert statuses(tmp_path) == ["FINISHED"]
    assert "Traceback" not in err and "Warning" not in err


def test_a_stopped_run_is_killed_and_can_be_resumed(tmp_path: Path, cache: Path) -> None:
    process = start(tmp_path, cache, *SMOKE, "trainer.max_epochs=100000")
    deadline = time.monotonic() + 120
    while not (saved := list(tmp_path.glob("*/*/checkpoints/last.ckpt"))):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "stopped by SIGTERM" in err and "Traceback" not in err
    assert statuses(tmp_path) == ["KILLED"]
    run_folder = saved[0].parent.parent
    assert not (run_folder / "metrics.json").exists()
    import torch

    epoch = torch.load(saved[0], weights_only=False)["epoch"]
    again = start(tmp_path, cache, *SMOKE, f"ckpt={run_folder}", f"trainer.max_epochs={epoch + 3}")
    out, err = again.communicate()
    assert again.returncode == 0, err
    assert (Path(out.splitlines()[-1]) / "metrics.json").is_file()


def test_an_installed_wheel_runs_from_any_folder(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shown = subprocess.run(
        [sys.executable, "-m", "muso_exp", "+experiment=dos_classifier", "--cfg", "job"],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0 and "name: dos_classifier" in shown.stdout
    assert (site / "muso_exp" / "templates" / "report.html.j2").is_file()


@pytest.mark.data
def test_a_claim_is_not_tested_by_changed_settings(call: callable, real_data: Path) -> None:
    root = f"dataset.root={real_data / 'muso-lastfm-chains'}"
    fixed = ["+experiment=dos_classifier", "scale=paper", "resamples=50", "logger=none", root]
    small = ["trainer.max_steps=1", "model.hidden_sizes=[8]", "callbacks.progress=null"]
    status, out, _ = call(*fixed, *small)
    claims = json.loads((Path(out.splitlines()[-1]) / "metrics.json").read_text())["claims"]
    assert status == 0
    assert claims[0]["reason"] == "settings changed: trainer.max_steps, model.hidden_sizes"
    assert claims[2]["verdict"] == "not reproduced"  # of a null model, which needs no settings


def test_the_very_same_run_is_shown_again_where_no_rerun_is_wanted(
    call: callable, tmp_path: Path
) -> None:
    again = ["logger=none", "callbacks.progress=null", "rerun=false"]
    folders = [call(*SMOKE, *again)[1].splitlines()[-1] for _ in range(2)]
    assert folders[0] == folders[1]
    assert len(list((tmp_path / "outputs" / "dos_classifier").iterdir())) == 1


def test_a_failed_run_of_a_sweep_leaves_the_table_of_the_others(
    call: callable, tmp_path: Path
) -> None:
    args = ["+experiment=playlist_membership", "-m", "scale=smoke", "resamples=20", "logger=none"]
    fails = "dataset.threshold=half,validation,test_midrange"  # validation wants dataset.val_share
    status, out, err = call(*args, fails, "dataset.val_share=0", "trainer.max_epochs=1")
    assert status == 1
    (folder,) = (tmp_path / "outputs" / "playlist_membership").iterdir()
    assert out.splitlines()[-1] == str(folder)
    assert err.splitlines()[-1].endswith(f"1 runs that failed, {folder / 'failed.txt'}")
    (line,) = (folder / "failed.txt").read_text().splitlines()
    assert line.startswith("1: ") and "set dataset.val_share above 0" in line
    assert len(pd.read_csv(folder / "table.csv")["variant"].unique()) == 2
    assert not (folder / "1").exists()


def test_a_sweep_whose_first_run_fails_ends_there(call: callable, tmp_path: Path) -> None:
    args = ["+experiment=playlist_membership", "-m", "scale=smoke", "logger=none", "seed=0,1"]
    status, _, err = call(*args, "dataset.root=nowhere")
    assert status == 1
    assert len([line for line in err.splitlines() if line.startswith("nowhere")]) == 1
    assert not list((tmp_path / "outputs" / "playlist_membership").iterdir())


def test_a_sweep_over_several_devices_is_refused(call: callable, tmp_path: Path) -> None:
    several = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    status, _, err = call(*SMOKE, "-m", "seed=0,1", *several)
    assert status == 2
    assert "trains each run on one device, not on 2; drop trainer=ddp" in err.splitlines()[-1]
    assert not list((tmp_path / "outputs" / "dos_classifier").iterdir())
