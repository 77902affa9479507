"""Sweeps on the command line: what a run that fails costs, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest
from conftest import SMOKE
from omegaconf import DictConfig

import muso_exp.run
from muso_exp.evaluation.outcome import Outcome
from muso_exp.experiment import ledger

SWEEP = ["+experiment=playlist_membership", "-m", "scale=smoke", "resamples=20", "logger=none"]


def test_a_failed_run_of_a_sweep_leaves_the_table_of_the_others(
    call: callable, tmp_path: Path
) -> None:
    fails = "dataset.threshold=half,validation,test_midrange"  # validation wants a val_share
    status, out, err = call(*SWEEP, fails, "dataset.split.val_share=0", "trainer.max_epochs=1")
    assert status == 1
    (folder,) = (tmp_path / "outputs" / "playlist_membership").iterdir()
    assert out.splitlines()[-1] == str(folder)
    assert f"{folder / 'jobs.csv'}: 1 of 3 jobs failed" in err.splitlines()[-1]
    jobs = pd.read_csv(folder / "jobs.csv", keep_default_na=False)
    assert jobs["job"].tolist() == [0, 1, 2]
    assert jobs["state"].tolist() == ["done", "failed", "done"]
    assert jobs["settings"][1] == "dataset.threshold=validation"
    assert "set dataset.split.val_share above 0" in jobs["reason"][1]
    assert jobs["folder"].tolist() == ["0", "", "2"]
    assert (jobs["seconds"] >= 0).all() and jobs["seconds"][0] > 0
    assert len(pd.read_csv(folder / "table.csv")["variant"].unique()) == 2
    assert not (folder / "1").exists()


def test_a_fault_of_the_program_costs_a_sweep_the_row_alone_and_is_shown(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = muso_exp.run.run

    def faulty(cfg: DictConfig) -> Outcome:
        if cfg.seed == 1:
            raise RuntimeError("of two\nlines")
        return whole(cfg)

    monkeypatch.setattr(muso_exp.run, "run", faulty)
    status, out, err = call(*SWEEP, "seed=0,1,2", "trainer.max_epochs=1")
    (folder,) = (tmp_path / "outputs" / "playlist_membership").iterdir()
    assert (status, out.splitlines()[-1]) == (1, str(folder))
    assert "Traceback" in err and "please report" in err
    jobs = ledger.read(folder)
    assert [job.state for job in jobs] == ["done", "failed", "done"]
    assert jobs[1].reason == "RuntimeError: of two; lines"
    assert len(pd.read_csv(folder / "table.csv")["seed"].unique()) == 2


@pytest.mark.parametrize("ending", [RuntimeError("a fault"), SystemExit(3), MemoryError()])
def test_a_fault_in_the_first_run_costs_that_run_alone(
    ending: BaseException, call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = muso_exp.run.run

    def faulty(cfg: DictConfig) -> Outcome:
        if cfg.seed == 0:
            raise ending
        (running,) = tmp_path.glob("outputs/*/*/jobs.csv")
        states.append([job.state for job in ledger.read(running.parent)])
        return whole(cfg)

    states: list[list[str]] = []
    monkeypatch.setattr(muso_exp.run, "run", faulty)
    status, out, err = call(*SWEEP, "seed=0,1", "trainer.max_epochs=1")
    folder = Path(out.splitlines()[-1])
    assert (status, states) == (1, [["failed", "running"]])
    assert [job.state for job in ledger.read(folder)] == ["failed", "done"]
    assert "1 of 2 jobs failed, the first is 0 (seed=0): failed: " in err.splitlines()[-1]
    assert pd.read_csv(folder / "table.csv")["seed"].unique().tolist() == [1]


def test_a_sweep_of_which_every_run_fails_has_a_ledger_and_no_table(
    call: callable, tmp_path: Path
) -> None:
    args = ["+experiment=playlist_membership", "-m", "scale=smoke", "logger=none", "seed=0,1"]
    status, out, err = call(*args, "dataset.root=nowhere")
    folder = Path(out.splitlines()[-1])
    assert status == 1 and "Traceback" not in err
    assert "2 of 2 jobs failed, the first is 0 (seed=0): failed: nowhere" in err.splitlines()[-1]
    assert [job.state for job in ledger.read(folder)] == ["failed", "failed"]
    assert not list(folder.glob("table*")) and not (folder / "0").exists()


def test_runs_of_several_experiments_lie_in_one_folder_without_a_table(
    call: callable, tmp_path: Path
) -> None:
    args = ["-m", "scale=smoke", "resamples=20", "logger=none"]
    status, out, err = call("+experiment=song_clusters,playlist_membership", *args)
    (folder,) = (tmp_path / "outputs" / "custom").iterdir()
    assert (status, out.splitlines()[-1]) == (0, str(folder))
    assert err.splitlines()[-1] == (
        "muso_exp: no table: song_clusters, playlist_membership have no metric in common"
    )
    assert sorted(path.parent.name for path in folder.glob("*/metrics.json")) == ["0", "1"]
    assert not (folder / "table.csv").exists()
    assert [path.name for path in (tmp_path / "outputs").iterdir() if path.name != "cache"] == [
        "custom"
    ]


SEVERAL = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]


def test_a_sweep_over_several_devices_is_refused(call: callable, tmp_path: Path) -> None:
    status, _, err = call(*SMOKE, "-m", "seed=0,1", *SEVERAL)
    assert status == 2
    assert "on one device, not on 2; drop trainer=ddp" in err.splitlines()[-1]
    assert not list((tmp_path / "outputs" / "dos_classifier").iterdir())


def test_a_solver_on_several_devices_is_refused(call: callable, tmp_path: Path) -> None:
    args = ["+experiment=wmf", "scale=smoke", "logger=none"]
    status, _, err = call(*args, *SEVERAL)
    assert status == 2
    assert "WMF is solved by one process, not by 2; drop trainer=ddp" in err.splitlines()[-1]
    assert not [path for path in (tmp_path / "outputs").rglob("*") if path.is_file()]
