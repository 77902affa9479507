"""The command line in a process of its own: a run that ends, one that is stopped, a wheel."""

import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import mlflow
import pytest
from conftest import REPOSITORY

from muso_exp.__main__ import wait_briefly

SMOKE = ["+experiment=playlist_membership", "scale=smoke", "resamples=50"]


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


def test_a_run_ends_with_its_folder_and_is_finished(tmp_path: Path, cache: Path) -> None:
    process = start(tmp_path, cache, *SMOKE)
    out, err = process.communicate()
    assert process.returncode == 0, err
    folder = Path(out.splitlines()[-1])
    assert (folder / "metrics.json").is_file() and folder.parent == tmp_path / "playlist_membership"
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

    epoch = torch.load(saved[0], weights_only=True)["epoch"]
    again = start(tmp_path, cache, *SMOKE, f"ckpt={run_folder}", f"trainer.max_epochs={epoch + 3}")
    out, err = again.communicate()
    assert again.returncode == 0 and "dirpath" not in err, err
    assert not re.search(r"\b[Ww]arning", err), err
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
    assert (site / "muso_exp" / "evaluation" / "templates" / "report.html.j2").is_file()


def test_an_unknown_experiment_is_refused_before_torch_is_imported() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "muso_exp", "+experiment=nonsense"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 2 and "no experiment 'nonsense'" in done.stderr
    assert "omegaconf" in imported and not imported & {"torch", "pytorch_lightning", "numba"}


@pytest.mark.parametrize(
    "given", [{}, {"OMP_WAIT_POLICY": "ACTIVE"}, {"GOMP_SPINCOUNT": "7"}], ids=str
)
def test_threads_wait_as_the_user_says_or_else_briefly(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(given))
    wait_briefly()
    assert os.environ == (given or {"GOMP_SPINCOUNT": "10000"})
