"""A sweep that was cut off, started again by the same command: what it adopts, and what not."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from omegaconf import DictConfig

import muso_exp.run
from muso_exp.errors import Stopped
from muso_exp.evaluation.outcome import Outcome
from muso_exp.experiment import continued, ledger

SWEEP = ["+experiment=playlist_membership", "-m", "scale=smoke", "resamples=20", "logger=none"]
SWEEP += ["callbacks.progress=null", "trainer.max_epochs=3", "table_metrics=[recall]", "seed=0,1,2"]
SWEEP += ["checkpoint_every=1"]


class Cut:
    """Cuts a sweep off in the training of its second job, once, and counts the runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, epochs: int, ending: BaseException) -> None:
        self.runs: list[tuple[int, bool]] = []
        whole = muso_exp.run.run
        fitted = muso_exp.run.pl.Trainer.fit

        def run(cfg: DictConfig) -> Outcome:
            self.runs.append((cfg.seed, cfg.ckpt is not None))
            return whole(cfg)

        def fit(trainer: object, *args: object, **kwargs: object) -> None:
            if len(self.runs) == 2:
                trainer.fit_loop.max_epochs = epochs
                if epochs:
                    fitted(trainer, *args, **kwargs)
                raise ending
            fitted(trainer, *args, **kwargs)

        monkeypatch.setattr(muso_exp.run, "run", run)
        monkeypatch.setattr(muso_exp.run.pl.Trainer, "fit", fit)


@pytest.fixture
def whole(call: callable) -> pd.DataFrame:
    """The table of the sweep that nothing stops; nothing else is left of it."""
    status, out, err = call(*SWEEP)
    assert status == 0, err
    table = pd.read_csv(Path(out.splitlines()[-1]) / "table.csv")
    shutil.rmtree(Path(out.splitlines()[-1]))
    return table


def measured(out: str) -> pd.DataFrame:
    table = pd.read_csv(Path(out.splitlines()[-1]) / "table.csv")
    return table.drop(columns=["run", "fit_seconds"])


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_sweep_that_was_stopped_goes_on_by_the_same_command(
    epochs: int,
    whole: pd.DataFrame,
    call: callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cut = Cut(monkeypatch, epochs, Stopped(15))
    status, _, err = call(*SWEEP)
    assert status == 143 and "the same command goes on" in err.splitlines()[-1]
    (folder,) = (tmp_path / "outputs" / "playlist_membership").iterdir()
    assert [job.state for job in ledger.read(folder)] == ["done", "killed"]
    status, out, err = call(*SWEEP)
    assert (status, out.splitlines()[-1]) == (0, str(folder)), err
    assert "goes on: 1 jobs are done, 1 cut off go on from their last checkpoint, 0 that" in err
    assert cut.runs == [(0, False), (1, False), (1, epochs > 0), (2, False)]
    assert [job.state for job in ledger.read(folder)] == ["done"] * 3
    pd.testing.assert_frame_equal(measured(out), whole.drop(columns=["run", "fit_seconds"]))
    status, out, err = call(*SWEEP)  # a finished sweep runs afresh
    assert status == 0 and out.splitlines()[-1] != str(folder) and "goes on" not in err


def test_a_job_that_failed_runs_anew_with_the_same_command(
    whole: pd.DataFrame, call: callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = Cut(monkeypatch, 2, RuntimeError("a fault"))
    status, first, _ = call(*SWEEP)
    assert status == 1
    status, out, err = call(*SWEEP)
    assert (status, out.splitlines()[-1]) == (0, first.splitlines()[-1]), err
    assert "2 jobs are done, 0 cut off go on from their last checkpoint, 1 that failed" in err
    assert cut.runs[3:] == [(1, False)]
    pd.testing.assert_frame_equal(measured(out), whole.drop(columns=["run", "fit_seconds"]))


def test_a_torn_file_is_not_adopted(
    whole: pd.DataFrame, call: callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cut = Cut(monkeypatch, 0, Stopped(15))
    call(*SWEEP)
    (folder,) = (tmp_path / "outputs" / "playlist_membership").iterdir()
    torn = folder / "0" / "predictions.parquet"
    torn.write_bytes(torn.read_bytes()[:-20])
    status, out, err = call(*SWEEP)
    assert status == 0 and "not a whole run folder (predictions.parquet" in err
    assert [seed for seed, _ in cut.runs[2:]] == [0, 1, 2]
    pd.testing.assert_frame_equal(measured(out), whole.drop(columns=["run", "fit_seconds"]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["model.lr=0.5"], ""),
        (["rerun=true"], ""),
        (["seed=0,1"], ""),
        ([], "of other code: not gone on"),
    ],
)
def test_another_sweep_begins_afresh(
    change: list[str], said: str, call: callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Cut(monkeypatch, 0, Stopped(15))
    call(*SWEEP)
    (folder,) = (tmp_path / "outputs" / "playlist_membership").iterdir()
    if not change:
        monkeypatch.setattr(continued, "code_hash", lambda: "other")
    status, out, err = call(*SWEEP, *change)
    assert status == 0 and out.splitlines()[-1] != str(folder)
    assert "goes on" not in err.replace("not gone on", "") and said in err


def test_other_data_are_not_adopted(
    call: callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
) -> None:
    assert call(*SWEEP, "seed=0")[0] == 0  # leaves the simulated lists in the cache
    lists = tmp_path / "lists"
    shutil.copytree(next(path for path in cache.glob("playlists-*") if path.is_dir()), lists)
    sweep = [*SWEEP, f"dataset.root={lists}"]
    cut = Cut(monkeypatch, 2, Stopped(15))
    call(*sweep)
    for table in lists.glob("*.csv"):
        table.write_text("".join(table.read_text().splitlines(keepends=True)[:40]))
    status, out, err = call(*sweep)
    assert status == 0 and err.count("of other data") == 2
    assert [seed for seed, _ in cut.runs[2:]] == [0, 1, 2]
    folder = Path(out.splitlines()[-1])
    prints = {
        json.loads((folder / str(job) / "metrics.json").read_text())["data"]["fingerprint"]
        for job in range(3)
    }
    assert len(prints) == 1


def test_an_unknown_rerun_is_refused(call: callable) -> None:
    status, _, err = call(*SWEEP[:1], *SWEEP[2:-2], "rerun=sometimes")
    assert status == 2 and "rerun=sometimes: choose auto, true or false" in err.splitlines()[-1]
