"""The ledger of a sweep: a row per job, whatever its reason says, written by several at once."""

import multiprocessing
from pathlib import Path

import pytest

from muso_exp.errors import DataFormatError
from muso_exp.experiment import ledger
from muso_exp.experiment.continued import taken_up
from muso_exp.experiment.ledger import Job


def test_a_row_takes_the_place_of_the_same_job(tmp_path: Path) -> None:
    ledger.note(tmp_path, Job(1, "running", "seed=1"))
    ledger.note(tmp_path, Job(0, "running", "seed=0"))
    ledger.note(tmp_path, Job(1, "done", "seed=1", seconds=2.25, folder="1"))
    assert ledger.read(tmp_path) == [
        Job(0, "running", "seed=0"),
        Job(1, "done", "seed=1", seconds=2.2, folder="1"),
    ]
    assert ledger.read(tmp_path / "none") == []


def test_what_a_library_says_is_read_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTFM_API_KEY", "abcdefgh1234")
    reason = '=1+1, "quoted"; key abcdefgh1234\x1b[31m'
    ledger.note(tmp_path, Job(0, "failed", "model.x=[a,b]", reason))
    (job,) = ledger.read(tmp_path)
    assert job.reason == '=1+1, "quoted"; key ***\\x1b[31m'
    assert job.settings == "model.x=[a,b]"
    assert "'=1+1" in (tmp_path / "jobs.csv").read_text()  # no spreadsheet computes it


def test_jobs_that_say_running_are_marked_killed(tmp_path: Path) -> None:
    for job in (Job(0, "done", "a"), Job(1, "running", "b"), Job(2, "failed", "c", "x")):
        ledger.note(tmp_path, job)
    assert [job.job for job in ledger.end_cut_off(tmp_path, "cut off")] == [1]
    jobs = ledger.read(tmp_path)
    assert [job.state for job in jobs] == ["done", "killed", "failed"]
    assert ledger.in_words(jobs) == "2 of 3 jobs failed, the first is 1 (b): killed: cut off"


def test_a_sweep_that_goes_on_counts_its_jobs(tmp_path: Path) -> None:
    for number, state in enumerate(("done", "pruned", "running", "failed", "done")):
        ledger.note(tmp_path, Job(number, state, "a"))
    counts = "2 jobs are done, 1 were pruned, 1 cut off go on from their last checkpoint, 1 that"
    assert counts in taken_up(tmp_path)


def write(folder: Path, job: int) -> None:
    for state in ("running", "done"):
        ledger.note(folder, Job(job, state, f"seed={job}"))


def test_several_processes_write_one_ledger(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write, args=(tmp_path, job)) for job in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    jobs = ledger.read(tmp_path)
    assert [(job.job, job.state) for job in jobs] == [(n, "done") for n in range(8)]
    assert {path.name for path in tmp_path.iterdir()} == {"jobs.csv", ".jobs.csv.lock"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2\n", "not the jobs of a sweep"),
        ("", "not the jobs of a sweep"),
        ("job,state,settings,reason,seconds,folder\n0,odd,,,0,\n", "line 2: not a job"),
        ("job,state,settings,reason,seconds,folder\n0,done,\n", "line 2: not a job"),
        ("job,state,settings,reason,seconds,folder\nx,done,,,0,\n", "line 2: invalid literal"),
    ],
)
def test_another_file_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text(text)
    with pytest.raises(DataFormatError, match=problem):
        ledger.read(tmp_path)
