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
NEVER = None


class Cut:
    """Cuts a sweep off in the training of its second run, once, and counts the runs.

    After so many epochs; NEVER only counts.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, epochs: int | None, ending: BaseException
    ) -> None:
        self.runs: list[tuple[int, bool]] = []
        whole = muso_exp.run.run
        fitted = muso_exp.run.pl.Trainer.fit

        def run(cfg: DictConfig) -> Outcome:
            self.runs.append((cfg.seed, cfg.ckpt is not None))
            return whole(cfg)

        def fit(trainer: object, *args: object, **kwargs: object) -> None:
            if len(self.runs) == 2 and epochs is not NEVER:
                trainer.fit_loop.max_epochs = epochs
                if epochs:
                    fitted(trainer, *args, **kwargs)
                raise ending
            fitted(trainer, *args, **kwargs)

        monkeypatch.setattr(muso_exp.run, "run", run)
        monkeypatch.setattr(muso_exp.run.pl.Trainer, "fit", fit)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one test of this module has run, others copy."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def whole(call: callable, kept: Path) -> pd.DataFrame:
    """The table of the sweep that nothing stops; nothing else is left of it."""
    if not (kept / "table.csv").exists():
        status, out, err = call(*SWEEP)
        assert status == 0, err
        shutil.copy(Path(out.splitlines()[-1]) / "table.csv", kept)
        shutil.rmtree(Path(out.splitlines()[-1]))
    return pd.read_csv(kept / "table.csv").drop(columns=["run", "fit_seconds"])


@pytest.fixture
def cut_off(call: callable, kept: Path, tmp_path: Path) -> Path:
    """The folder of the sweep that is stopped before its second job trains."""
    runs = tmp_path / "outputs" / "playlist_membership"
    if (kept / "cut").exists():
        shutil.copytree(kept / "cut", runs)
    else:
        with pytest.MonkeyPatch.context() as patch:
            Cut(patch, 0, Stopped(15))
            status, _, err = call(*SWEEP)
        assert status == 143 and "the same command goes on" in err.splitlines()[-1]
        shutil.copytree(runs, kept / "cut")
    (folder,) = runs.iterdir()
    assert [job.state for job in ledger.read(folder)] == ["done", "killed"]
    return folder


def measured(out: str) -> pd.DataFrame:
    table = pd.read_csv(Path(out.splitlines()[-1]) / "table.csv")
    return table.drop(columns=["run", "fit_seconds"])


def test_a_sweep_that_was_stopped_goes_on_by_the_same_command(
    whole: pd.DataFrame, cut_off: Path, call: callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_on = Cut(monkeypatch, NEVER, Stopped(15))
    status, out, err = call(*SWEEP)
    assert (status, out.splitlines()[-1]) == (0, str(cut_off)), err
    assert "goes on: 1 jobs are done, 1 cut off go on from their last checkpoint, 0 that" in err
    assert gone_on.runs == [(1, False), (2, False)]
    assert [job.state for job in ledger.read(cut_off)] == ["done"] * 3
    pd.testing.assert_frame_equal(measured(out), whole)


def test_a_sweep_that_was_stopped_in_training_goes_on_from_its_checkpoint(
    whole: pd.DataFrame, call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = Cut(monkeypatch, 2, Stopped(15))
    status, _, err = call(*SWEEP)
    assert status == 143 and "the same command goes on" in err.splitlines()[-1]
    (folder,) = (tmp_path / "outputs" / "playlist_membership").iterdir()
    status, out, err = call(*SWEEP)
    assert (status, out.splitlines()[-1]) == (0, str(folder)), err
    assert "goes on: 1 jobs are done, 1 cut off go on from their last checkpoint, 0 that" in err
    assert cut.runs == [(0, False), (1, False), (1, True), (2, False)]
    pd.testing.assert_frame_equal(measured(out), whole)


def test_a_finished_sweep_runs_afresh(call: callable) -> None:
    one = [*SWEEP, "seed=0"]
    folders = []
    for _ in range(2):
        status, out, err = call(*one)
        assert status == 0 and "goes on" not in err
        folders.append(out.splitlines()[-1])
    assert folders[0] != folders[1]


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
    pd.testing.assert_frame_equal(measured(out), whole)


def test_a_torn_file_is_not_adopted(
    whole: pd.DataFrame, cut_off: Path, call: callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn = cut_off / "0" / "predictions.parquet"
    torn.write_bytes(torn.read_bytes()[:-20])
    gone_on = Cut(monkeypatch, NEVER, Stopped(15))
    status, out, err = call(*SWEEP)
    assert status == 0 and "not a whole run folder (predictions.parquet" in err
    assert [seed for seed, _ in gone_on.runs] == [0, 1, 2]
    pd.testing.assert_frame_equal(measured(out), whole)


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
    change: list[str],
    said: str,
    cut_off: Path,
    call: callable,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if not change:
        monkeypatch.setattr(continued, "code_hash", lambda: "other")
    monkeypatch.setattr(muso_exp.run, "run", stopped)
    status, _, err = call(*SWEEP, *change)
    assert status == 143
    (afresh,) = {*cut_off.parent.iterdir()} - {cut_off}
    assert [job.state for job in ledger.read(afresh)] == ["killed"]  # its first job
    assert [job.state for job in ledger.read(cut_off)] == ["done", "killed"]
    words = err.replace("not gone on", "").replace("the same command goes on", "")
    assert "goes on" not in words and said in caplog.text


def stopped(_: DictConfig) -> Outcome:
    raise Stopped(15)


def test_other_data_are_not_adopted(
    whole: pd.DataFrame,  # leaves the simulated lists in the cache
    call: callable,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    cache: Path,
) -> None:
    lists = tmp_path / "lists"
    shutil.copytree(next(path for path in cache.glob("playlists-*") if path.is_dir()), lists)
    sweep = [*SWEEP, f"dataset.root={lists}", "seed=0,1"]
    cut = Cut(monkeypatch, 2, Stopped(15))
    call(*sweep)
    for table in lists.glob("*.csv"):
        table.write_text("".join(table.read_text().splitlines(keepends=True)[:40]))
    status, out, err = call(*sweep)
    assert status == 0 and err.count("of other data") == 2
    assert [seed for seed, _ in cut.runs[2:]] == [0, 1]
    folder = Path(out.splitlines()[-1])
    prints = {
        json.loads((folder / str(job) / "metrics.json").read_text())["data"]["fingerprint"]
        for job in range(2)
    }
    assert len(prints) == 1


def test_an_unknown_rerun_is_refused(call: callable) -> None:
    status, _, err = call(*SWEEP[:1], *SWEEP[2:-2], "rerun=sometimes")
    assert status == 2 and "rerun=sometimes: choose auto, true or false" in err.splitlines()[-1]
