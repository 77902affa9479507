"""The same settings give the same result: twice, from a wheel elsewhere, whatever the environment.

The long form takes minutes: `python -m pytest -m slow tests/reliability/test_reproducible.py`.
"""

import json
import math
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import REPOSITORY
from pandas.testing import assert_frame_equal
from program import Forked, ended

# Of metrics.json: time, memory, energy; the machine, and the commit that a wheel does not know.
CLOCK = ("seconds", "cpu_seconds", "peak_mib", "energy_joules", "manifest")
EXPERIMENTS = {
    "dos": ["+experiment=dos_hetrec"],
    "playlist": ["+experiment=playlist_membership"],
    "wmf": ["+experiment=wmf"],
    "spectra": ["+experiment=spectra_features"],
    "clusters": ["+experiment=song_clusters"],
    "sound": ["+experiment=genre_cnn", "hydra.mode=RUN"],
}
ENVIRONMENTS = {
    "again": {},
    "hash 0": {"PYTHONHASHSEED": "0"},
    "hash 1": {"PYTHONHASHSEED": "1"},
    "Kolkata": {"TZ": "Asia/Kolkata"},
    "Los Angeles": {"TZ": "America/Los_Angeles"},
    "locale C": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
FIXED = ["scale=smoke", "resamples=20", "logger=none", "callbacks.progress=null"]
TOGETHER = ENVIRONMENTS["hash 1"] | ENVIRONMENTS["Kolkata"] | ENVIRONMENTS["locale C"]


def outcome(
    args: list[str], place: Path, site: Path = REPOSITORY, **environment: str
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Run in a process of its own, with a fresh cache; return metrics.json and the predictions.

    Args:
        args: the experiment.
        place: a folder for outputs and cache.
        site: where the package is imported from.
        environment: beside that of this process.
    """
    (place / "work").mkdir(parents=True)
    places = {"MUSO_OUTPUTS": str(place / "outputs"), "MUSO_CACHE": str(place / "cache")}
    threads = {"OMP_NUM_THREADS": "1"} | places | {"PYTHONPATH": str(site)}
    process = subprocess.run(
        [sys.executable, "-m", "muso_exp", *args, *FIXED],
        cwd=place / "work",
        env={**os.environ, **threads, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert process.returncode == 0, process.stderr
    folder = Path(process.stdout.splitlines()[-1])
    return left_in(folder)


def left_in(folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return metrics.json and the predictions of a run folder."""
    if not (folder / "metrics.json").is_file():  # a table: its first row
        folder = folder / "0"
    record = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    kept = {name: value for name, value in record.items() if name not in CLOCK}
    return kept, pd.read_parquet(folder / "predictions.parquet")


def require_near(one: Any, other: Any) -> None:
    """Fail unless two records are equal, their numbers but for the rounding of sums."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            require_near(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for own, others in zip(one, other, strict=True):
            require_near(own, others)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-12, nan_ok=True)
    else:
        assert one == other


def require_equal(one: tuple[dict, pd.DataFrame], other: tuple[dict, pd.DataFrame]) -> None:
    """Fail unless two runs left the same record and predictions, to the last bit."""
    assert one[0] == other[0]
    assert_frame_equal(one[1], other[1], check_exact=True)


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> callable:
    """Each experiment's first outcome, computed once."""
    known: dict[str, tuple[dict, pd.DataFrame]] = {}

    def first(name: str) -> tuple[dict, pd.DataFrame]:
        if name not in known:
            known[name] = outcome(EXPERIMENTS[name], tmp_path_factory.mktemp("first"))
        return known[name]

    return first


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the package, unpacked as an installer does, in a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_another_environment_gives_the_same(tmp_path: Path) -> None:
    args = [*EXPERIMENTS["playlist"], *FIXED]
    status, words = ended(Forked(tmp_path / "outputs", tmp_path / "cache", *args))
    assert status == 0, words
    other = outcome(EXPERIMENTS["playlist"], tmp_path / "other", **TOGETHER)
    require_equal(left_in(Path(words.splitlines()[-1])), other)


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_no_environment_changes_a_result(
    name: str, environment: str, baseline: callable, tmp_path: Path
) -> None:
    other = outcome(EXPERIMENTS[name], tmp_path / "other", **ENVIRONMENTS[environment])
    require_equal(baseline(name), other)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_wheel_elsewhere_gives_the_same(
    name: str, installed: Path, baseline: callable, tmp_path: Path
) -> None:
    require_equal(baseline(name), outcome(EXPERIMENTS[name], tmp_path / "o", site=installed))


def numbers(metrics: dict[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in metrics.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_two_threads_give_the_same_to_float_tolerance(
    name: str, baseline: callable, tmp_path: Path
) -> None:
    record, predictions = outcome(EXPERIMENTS[name], tmp_path / "other", OMP_NUM_THREADS="2")
    one, other = (numbers(found["metrics"]) for found in (record, baseline(name)[0]))
    assert one == pytest.approx(other, rel=1e-3, abs=1e-4, nan_ok=True)
    assert_frame_equal(predictions, baseline(name)[1], rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("experiment", ["wmf", "dos_hetrec", "playlist_membership"])
def test_an_answer_depends_on_the_weights_alone(
    experiment: str, threads: int, tmp_path: Path
) -> None:
    """A run that is resumed after its fit only tests; with other threads too.

    Answers are equal to the last bit with as many threads as before; with others a product of
    matrices, and sums over the answers, are rounded as the threads divide them.
    """
    args = [f"+experiment={experiment}"]
    first = outcome(args, tmp_path / "first")
    (folder,) = (tmp_path / "first" / "outputs" / experiment).glob("*-*")
    several = {name: str(threads) for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}
    again = outcome([*args, f"ckpt={folder}"], tmp_path / "again", **several)
    for key in ("metrics", "intervals", "nulls", "versus"):
        require_near(again[0][key], first[0][key])
    tolerance = {"check_exact": True} if threads == 1 else {"rtol": 1e-6, "atol": 0}
    assert_frame_equal(first[1], again[1], **tolerance)
