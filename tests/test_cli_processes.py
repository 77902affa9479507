"""The command line in a process of its own: a run that ends, one that is stopped, a wheel."""

import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import REPOSITORY
from program import Forked, ended, statuses, wait_for

from muso_exp.__main__ import wait_briefly

SMOKE = ["+experiment=playlist_membership", "scale=smoke", "resamples=50"]


def test_a_run_ends_with_its_folder_and_is_finished(tmp_path: Path, cache: Path) -> None:
    places = {"MUSO_OUTPUTS": str(tmp_path), "MUSO_CACHE": str(cache)}
    command = [sys.executable, "-m", "muso_exp", *SMOKE]
    process = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **places}, capture_output=True, text=True
    )
    out, err = process.stdout, process.stderr
    assert process.returncode == 0, err
    folder = Path(out.splitlines()[-1])
    assert (folder / "metrics.json").is_file() and folder.parent == tmp_path / "playlist_membership"
    assert statuses(tmp_path) == ["FINISHED"]
    assert "Traceback" not in err and "Warning" not in err


def test_a_stopped_run_is_killed_and_can_be_resumed(tmp_path: Path, cache: Path) -> None:
    process = Forked(tmp_path, cache, *SMOKE, "trainer.max_epochs=100000")
    assert wait_for(process, lambda: list(tmp_path.glob("*/*/checkpoints/last.ckpt")), 120)
    process.terminate()
    status, words = ended(process)
    assert status == 128 + signal.SIGTERM
    assert "stopped by SIGTERM" in words and "Traceback" not in words
    assert statuses(tmp_path) == ["KILLED"]
    (saved,) = tmp_path.glob("*/*/checkpoints/last.ckpt")
    run_folder = saved.parent.parent
    assert not (run_folder / "metrics.json").exists()
    import torch

    epoch = torch.load(saved, weights_only=True)["epoch"]
    more = [f"ckpt={run_folder}", f"trainer.max_epochs={epoch + 3}"]
    status, words = ended(Forked(tmp_path, cache, *SMOKE, *more))
    assert status == 0 and "dirpath" not in words, words
    card = r"audit: \d+ lines, \d+ of them warnings"  # what the card says of the data
    assert not re.search(r"\b[Ww]arning", re.sub(card, "", words)), words
    assert (Path(words.splitlines()[-1]) / "metrics.json").is_file()


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
