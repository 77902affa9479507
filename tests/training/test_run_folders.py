import json
from pathlib import Path

import pytest

from muso_exp.errors import CheckpointError
from muso_exp.trained import find_trained
from muso_exp.training.checkpoint import find_checkpoint
from muso_exp.training.run_folders import require_one_run, runs_in


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of eleven rows: the third unfinished, the last without a variant."""
    for number in range(11):
        (tmp_path / "table" / str(number) / "checkpoints").mkdir(parents=True)
        record = json.dumps({"variant": f"v{number}" if number < 10 else None})
        (tmp_path / "table" / str(number) / "metrics.json").write_text(record)
    (tmp_path / "table" / "2" / "metrics.json").unlink()
    return tmp_path / "table"


def test_the_runs_of_a_table_are_named_in_order_with_their_variants(table: Path) -> None:
    named = runs_in(table).split(", ")
    assert named[:4] == ["0 (v0)", "1 (v1)", "2 (not finished)", "3 (v3)"]
    assert named[-1] == "10"


def test_the_runs_of_an_experiment_are_named_below_their_tables(table: Path) -> None:
    (table / "11" / "checkpoints").mkdir(parents=True)
    (table / "12" / "checkpoints").mkdir(parents=True)
    assert runs_in(table.parent).startswith("table/0 (v0), table/1 (v1)")
    assert runs_in(table.parent).endswith("table/11 (not finished), and 1 more")


def test_a_run_and_a_folder_without_runs_name_none(table: Path, tmp_path: Path) -> None:
    assert runs_in(table / "0") == runs_in(tmp_path / "nowhere") == ""
    require_one_run("x", table / "0")


@pytest.mark.parametrize("find", [find_trained, find_checkpoint])
def test_where_one_run_is_wanted_a_table_names_its_rows(find: callable, table: Path) -> None:
    with pytest.raises(CheckpointError, match=r"several runs; add the name of one: 0 \(v0\), 1 "):
        find(str(table))


def test_neighbours_of_a_table_names_its_rows(table: Path, call: callable) -> None:
    status, _, err = call("neighbours", str(table), "Björk")
    assert status == 1 and len(err.splitlines()) == 1
    assert "table: a folder of several runs; add the name of one: 0 (v0)" in err
