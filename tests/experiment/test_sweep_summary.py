"""What the tracked parent of a sweep shows: the best job, counts, a table of all."""

import json
from pathlib import Path

import pytest
from made_runs import make_run

from muso_exp.evaluation.finished import find_runs
from muso_exp.experiment import sweep_summary
from muso_exp.experiment.ledger import Job

JOBS = [Job(0, "done", "lr=1", folder="0"), Job(1, "done", "lr=2"), Job(2, "failed", "lr=3", "a|b")]


def runs(folder: Path, higher: bool | None = True) -> list:
    for place, value in enumerate((0.6, 0.8)):
        make_run(folder / str(place), value, variant="ab"[place])
        path = folder / str(place) / "metrics.json"
        record = json.loads(path.read_text())
        record["versus"][0]["higher_is_better"] = higher
        path.write_text(json.dumps(record))
    return find_runs([folder])


@pytest.mark.parametrize(("higher", "best"), [(True, 0.8), (False, 0.6), (None, None)])
def test_the_best_job_leads(higher: bool | None, best: float | None, tmp_path: Path) -> None:
    found = sweep_summary.metrics(runs(tmp_path, higher), JOBS)
    assert found.get("test/acc") == best
    assert (found["totals/done"], found["totals/failed"], found["totals/killed"]) == (2, 1, 0)


def test_a_sweep_of_which_no_job_is_done_has_counts_alone(tmp_path: Path) -> None:
    assert sweep_summary.metrics([], JOBS[2:])["totals/failed"] == 1
    assert "0 finished jobs of 1" in sweep_summary.note([], JOBS[2:], tmp_path)


def test_the_note_has_a_row_per_job_and_says_which_failed(tmp_path: Path) -> None:
    text = sweep_summary.note(runs(tmp_path), JOBS, tmp_path)
    assert "2 finished jobs of 3" in text
    assert "| 0 | a | 0.6 \\[0.500, 0.700\\] |" in text and "| 1 | b | 0.8" in text
    assert "- 2 (lr=3): failed: a\\|b" in text
