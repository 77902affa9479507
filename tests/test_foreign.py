"""Nothing of a stranger's checkpoint, run folder or configuration runs before it is refused."""

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

SMOKE = ("+experiment=dos_classifier", "scale=smoke", "resamples=20", "logger=none")
SHELL = "{_target_: torch.utils.collect_env.run, command: 'touch CANARY'}"
CALLBACK = "_target_: pytorch_lightning.callbacks.LambdaCallback"


class Evil:
    """Pickles to a call that leaves a canary."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.canary}",)


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, and a module that writes it when it is imported; neither is there at the end."""
    path = tmp_path / "canary"
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "stranger.py").write_text(f"open({str(path)!r}, 'w')\nclass Model: ...\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(tmp_path)
    yield path
    assert not path.exists()
    assert "stranger" not in sys.modules


def evil_run(folder: Path, saved: object) -> Path:
    """A run folder with a checkpoint of a stranger's, and arrays that hold an object."""
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("last.ckpt", "best.ckpt"):
        torch.save(saved, folder / "checkpoints" / name)
    return folder


def refused(result: tuple[int, str, str], reason: str) -> bool:
    """Whether a call ended in one line that holds the reason."""
    status, out, err = result
    lines = [line for line in err.splitlines() if "scale smoke" not in line]
    return status != 0 and out == "" and len(lines) == 1 and reason in lines[0]


def test_a_checkpoint_that_would_run_something_is_refused(
    call: callable, canary: Path, tmp_path: Path
) -> None:
    saved = {"state_dict": {}, "epoch": 1, "recipe": {}, "callbacks": Evil(canary)}
    run = evil_run(tmp_path / "evilrun", saved)
    np.savez(run / "factors.npz", ids=np.array([Evil(canary)], dtype=object), vectors=np.ones(1))
    (tmp_path / "bare.ckpt").write_bytes(pickle.dumps(Evil(canary), protocol=2))
    (tmp_path / "x.csv").write_text("track_id\n1\n")
    why = "refused: it holds posix.system"
    assert refused(call(*SMOKE, f"ckpt={run}/checkpoints/last.ckpt"), why)
    assert refused(call(*SMOKE, f"ckpt={run}"), why)
    assert refused(call(*SMOKE, f"ckpt={tmp_path}/bare.ckpt"), why)
    assert refused(call("predict", str(run), str(tmp_path / "x.csv")), why)
    assert refused(call("neighbours", str(run), "x"), "factors.npz")
    assert not list((tmp_path / "outputs").glob("*/*"))


@pytest.mark.parametrize("part", ["dataset", "model"])
@pytest.mark.parametrize(
    "target", ["stranger.Model", "os.system", "torch.utils.collect_env.run", "muso_exp.run.os.kill"]
)
def test_the_recipe_of_a_run_builds_classes_of_its_slots_alone(
    part: str, target: str, call: callable, canary: Path, tmp_path: Path
) -> None:
    recipe = {
        "dataset": {"_target_": "muso_exp.data.muso.MuSo"},
        "model": {"_target_": "muso_exp.models.random.Random"},
    }
    recipe[part] = {"_target_": target, "command": f"touch {canary}"}
    run = evil_run(tmp_path / "evilrun", {"state_dict": {}, "recipe": recipe})
    (tmp_path / "x.csv").write_text("track_id\n1\n")
    result = call("predict", str(run), str(tmp_path / "x.csv"))
    assert refused(result, f"_target_={target}: ")


@pytest.mark.parametrize(
    "text",
    [
        "model: {_target_: stranger.Model}",
        "dataset: {world: {_target_: stranger.Model}}",
        f"callbacks: {{x: {SHELL}}}",
        f"callbacks: {{x: {{{CALLBACK}, on_fit_start: {SHELL}}}}}",
        f"trainer: {{profiler: {SHELL}}}",
        f"hydra: {{callbacks: {{x: {SHELL}}}}}",
        "hydra: {callbacks: {x: {_target_: stranger.Model}}}",
        f"hydra: {{sweeper: {{params: {SHELL}}}}}",
        "hydra: {job_logging: {handlers: {file: {class: stranger.Model}}}}",
        "hydra: {job_logging: {handlers: {file: {stream: 'ext://stranger'}}}}",
        "hydra: {job_logging: {formatters: {full: {'()': stranger.Model}}}}",
        "theirs: {_target_: stranger.Model}\nhydra: {callbacks: {x: '${theirs}'}}",
    ],
)
@pytest.mark.parametrize("mode", [(), ("-m",)], ids=["run", "sweep"])
def test_an_experiment_of_a_strangers_is_refused_before_anything_of_it_runs(
    text: str, mode: tuple[str, ...], call: callable, canary: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "conf" / "experiment"
    folder.mkdir(parents=True)
    head = "# @package _global_\ndefaults: [dos_classifier, _self_]\n"
    (folder / "evil.yaml").write_text(head + text.replace("CANARY", str(canary)) + "\n")
    result = call(*mode, "+experiment=evil", *SMOKE[1:])
    if mode and "jobs.csv" in result[2]:  # a sweep goes on without a job that is refused
        result = (result[0], "", result[2].splitlines()[-1])
    assert refused(result, "refused"), result


def test_a_target_on_the_command_line_is_refused(call: callable, canary: Path) -> None:
    shell = SHELL.replace("CANARY", str(canary))
    line = f"+callbacks.x={{{CALLBACK}, on_fit_start: {shell}}}"
    assert refused(call(*SMOKE, line.replace(": ", ":")), "torch.utils.collect_env.run: refused")
