"""The leaderboard: in the order of validation, whatever the test says."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from made_runs import make_run

from muso_exp.evaluation.finished import find_runs
from muso_exp.evaluation.leaderboard import leaderboards, write_leaderboard


def make(folder: Path, name: str, value: float, units: str = "u", **facts: Any) -> None:
    make_run(folder / name, value, units, variant=name)
    path = folder / name / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def test_runs_stand_in_the_order_of_validation(tmp_path: Path) -> None:
    make(tmp_path, "a", 0.9, validation={"val/loss": 3.0})
    make(tmp_path, "b", 0.5, validation={"val/loss": 1.0}, peak_mib={"fit": 10.0, "test": 20.0})
    make(tmp_path, "c", 0.99)
    make(tmp_path, "d", 0.7, units="other", validation={"val/loss": 1.0})
    runs = find_runs([tmp_path])
    one, other = leaderboards(runs, tmp_path)
    assert one.validated == "val/loss" and one.metric == "acc"
    assert one.rows["setting"].tolist() == ["b", "a", "c"]
    assert one.rows["place"].tolist() == [1, 2, None]
    assert one.rows["peak_mib"].tolist() == [20.0, None, None]
    assert other.rows["setting"].tolist() == ["d"]
    page = tmp_path / "leaderboard.html"
    write_leaderboard(page, runs)
    text = page.read_text()
    assert text.index(">b</a>") < text.index(">a</a>") < text.index(">c</a>")
    table = pd.read_csv(tmp_path / "leaderboard.csv")
    assert table["test"].tolist() == [0.5, 0.9, 0.99, 0.7]


def test_what_a_search_chose_by_counts_as_validation_where_more_is_better(tmp_path: Path) -> None:
    make(tmp_path, "a", 0.2, objective={"val/accuracy": 0.6})
    make(tmp_path, "b", 0.2, validation={"val/accuracy": 0.8, "val/loss": None})
    (board,) = leaderboards(find_runs([tmp_path]), tmp_path)
    assert board.validated == "val/accuracy"
    assert board.rows["setting"].tolist() == ["b", "a"]


def test_runs_that_validated_nothing_have_no_place(tmp_path: Path) -> None:
    make(tmp_path, "a", 0.2)
    (board,) = leaderboards(find_runs([tmp_path]), tmp_path)
    assert board.validated is None and board.rows["place"].tolist() == [None]
    write_leaderboard(tmp_path / "leaderboard.html", find_runs([tmp_path]))
    assert "No run validated anything" in (tmp_path / "leaderboard.html").read_text()
