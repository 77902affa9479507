"""What is said of runs that were chosen among."""

import json
from pathlib import Path

import pytest
from made_runs import make

from muso_exp.evaluation.comparison import by_setting
from muso_exp.evaluation.finished import find_runs
from muso_exp.evaluation.search import mark_chosen, settings_tried


def searched(folder: Path, **objective: float) -> None:
    run = make(folder, 0.5)
    record = run.record | {"objective": objective, "headline": ["acc"], "audit": []}
    (folder / "metrics.json").write_text(json.dumps(record))
    (folder / "report.html").write_text("<h2>Audit</h2>\n<ul>\n</ul>\n")
    (folder / "report.md").write_text("## Audit\n\n")


def test_settings_on_the_same_rows_are_counted(tmp_path: Path) -> None:
    for place, (seed, units) in enumerate([(0, "u"), (1, "u"), (0, "other")]):
        make(tmp_path / str(place), 0.5, seed=seed, units=units)
    runs = find_runs([tmp_path])
    assert settings_tried({"seeds": runs[:2], "other rows": runs[2:]}) == []
    (finding,) = settings_tried({"one": runs[:1], "two": runs[1:2]})
    assert finding.value == 2 and finding.text.startswith("2 settings were tried on the same test")
    assert settings_tried(by_setting(runs[:2], folds=False)) == []


def test_a_setting_with_further_metrics_is_counted_with_the_others(tmp_path: Path) -> None:
    for place in range(3):
        folder = tmp_path / str(place)
        record = make(folder, 0.5, seed=place).record
        if place == 0:
            record = record | {"test_units": {**record["test_units"], "of_tags": "items"}}
        (folder / "metrics.json").write_text(json.dumps(record))
    runs = find_runs([tmp_path])
    (finding,) = settings_tried({str(place): [run] for place, run in enumerate(runs)})
    assert finding.value == 3


@pytest.mark.parametrize(("direction", "best"), [("minimize", "1"), ("maximize", "2")])
def test_the_run_that_a_search_chose_says_so(direction: str, best: str, tmp_path: Path) -> None:
    for place, value in enumerate((0.3, 0.1, 0.7)):
        searched(tmp_path / str(place), **{"val/loss": value})
    (finding,) = mark_chosen(find_runs([tmp_path]), [direction])
    assert finding.text.startswith(f"run {best} (")
    assert "chosen by val/loss among 3 settings of a search" in finding.text
    assert "test acc 0.5 [0.450, 0.550]" in finding.text
    marked = [bool(run.record["audit"]) for run in find_runs([tmp_path])]
    assert marked == [str(place) == best for place in range(3)]
    assert "among 3 settings of a search" in (tmp_path / best / "report.html").read_text()


def test_of_several_objectives_none_is_chosen(tmp_path: Path) -> None:
    searched(tmp_path / "0", **{"val/loss": 0.1, "val/auc": 0.7})
    runs = find_runs([tmp_path])
    assert mark_chosen(runs, ["minimize", "maximize"]) == []
    assert mark_chosen([make(tmp_path / "1", 0.5)], ["minimize"]) == []
