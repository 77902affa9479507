"""Finished runs, of somebody else's too: a damaged or made-up file is one line."""

import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from made_runs import claim, make_run
from pyarrow import parquet

from muso_exp.errors import ConfigError
from muso_exp.evaluation.comparison import comparison_table
from muso_exp.evaluation.finished import find_runs, find_same
from muso_exp.evaluation.index import write_index
from muso_exp.evaluation.tables import print_comparison
from muso_exp.evaluation.terminal_card import card_tables
from muso_exp.terminal import console


def test_jobs_of_a_sweep_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 0):
        make_run(tmp_path / str(number), number / 100)
    assert [run.folder.name for run in find_runs([tmp_path])] == ["0", "2", "10"]


def test_a_place_without_a_finished_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no finished run here"):
        find_runs([tmp_path])


def test_a_run_folder_with_a_torn_file_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path / "0", 0.5)
    (tmp_path / "0" / "samples.parquet").write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match="not a whole run folder"):
        find_runs([tmp_path])


def test_the_same_configuration_is_found_again(tmp_path: Path) -> None:
    make_run(tmp_path / "0", 0.5)
    found = find_same(tmp_path, lambda record: record["config"] == "hash-0.5")
    assert found is not None and found.folder == tmp_path / "0"
    assert find_same(tmp_path, lambda record: record["config"] == "hash-0.6") is None


def test_copies_that_the_tracker_keeps_are_no_runs(tmp_path: Path) -> None:
    make_run(tmp_path / "e" / "0", 0.5)
    make_run(tmp_path / "mlartifacts" / "1" / "artifacts", 0.5)
    assert [run.folder.name for run in find_runs([tmp_path])] == ["0"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", "\x00\x01", '{"experiment": "e"}'])
def test_a_torn_record_is_left_out_with_a_line_where_all_runs_are_shown(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_run(tmp_path / "good", 0.5)
    make_run(tmp_path / "torn", 0.6)
    (tmp_path / "torn" / "metrics.json").write_text(text)
    with pytest.raises(ConfigError, match=r"torn: metrics\.json (cannot be read|is not of a run)"):
        find_runs([tmp_path])
    assert [run.folder.name for run in find_runs([tmp_path], skip_damaged=True)] == ["good"]
    assert f"left out: {tmp_path / 'torn'}: metrics.json" in caplog.text
    assert find_same(tmp_path, lambda _: True).folder.name == "good"
    with pytest.raises(ConfigError, match="no finished run here can be read"):
        find_runs([tmp_path / "torn"], skip_damaged=True)


def places(tree: Any, place: tuple = ()) -> Iterator[tuple]:
    """Yield the place of everything in a tree; of a list, of its first entry."""
    if place:
        yield place
    entries = dict(enumerate(tree[:1])) if isinstance(tree, list) else tree
    for key, value in entries.items() if isinstance(entries, dict) else ():
        yield from places(value, (*place, key))


def with_other(tree: Any, place: tuple, value: Any) -> Any:
    """Return a copy with another value at a place; ... for none at all."""
    tree = copy.deepcopy(tree)
    inner = tree
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    if value is ...:
        del inner[place[-1]]
    return tree


def show_all(outputs: Path) -> None:
    """Show the run in a folder in every way there is."""
    runs = find_runs([outputs])
    print_comparison("comparison", comparison_table(runs))
    write_index(outputs / "index.html", runs)
    console().print(card_tables(runs[0].record))


@pytest.mark.parametrize("value", [..., None, [], {}, "x", 7, [1], {"a": 1}], ids=str)
def test_a_record_of_another_shape_is_shown_or_refused_in_a_line(
    value: Any, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_run(tmp_path / "run", 0.5)
    path = tmp_path / "run" / "metrics.json"
    record = json.loads(path.read_text()) | {"claims": [claim()], "overrides": ["a=1"]}
    record |= {"seconds": {"fit": 1.5}}
    n_refused = 0
    for place in places(record):
        path.write_text(json.dumps(with_other(record, place, value)))
        try:
            show_all(tmp_path)
        except ConfigError as error:
            assert re.search(r"is not of a run|not a whole run|no metric in common", str(error))
            n_refused += 1
    assert n_refused > 20


@pytest.mark.parametrize(
    "text", ["[" * 10**5, '{"a":' * 10**5, '{"seed": 1e999}', '{"a": "\\ud83d"}']
)
def test_json_that_no_run_writes_is_refused(text: str, tmp_path: Path) -> None:
    make_run(tmp_path / "run", 0.5)
    (tmp_path / "run" / "metrics.json").write_text(text)
    with pytest.raises(ConfigError, match=r"run: metrics\.json (cannot be read|is not of a run)"):
        find_runs([tmp_path])


def constant(rows: int, names: list[str]) -> pa.Table:
    zeros = pa.array(np.zeros(rows))
    return pa.table(dict.fromkeys(names, zeros))


BOTH = ["acc", "versus_null/acc"]
SAMPLES = {
    "words": (lambda path: pd.DataFrame({"acc": ["a"]}).to_parquet(path), "a column of no numbers"),
    "lists": (lambda path: pd.DataFrame({"acc": [[0.5]]}).to_parquet(path), "of no numbers"),
    "another": (lambda path: parquet.write_table(constant(9, ["f1"]), path), "no samples of acc"),
    "no differences": (
        lambda path: parquet.write_table(constant(9, ["acc"]), path), "no samples of acc"
    ),
    "no rows": (lambda path: parquet.write_table(constant(0, BOTH), path), "has no rows"),
    "a bomb": (
        lambda path: parquet.write_table(constant(5 * 10**6, BOTH), path, compression="zstd"),
        "unpacks to more than 250 times its size",
    ),
    "a named pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "a named pipe, not a file"),
    "nothing": (Path.unlink, "not found"),
    "half": (lambda path: os.truncate(path, path.stat().st_size // 2), "magic bytes"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "words"), SAMPLES.values(), ids=SAMPLES)
def test_samples_that_no_run_writes_are_refused(
    damage: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    make_run(tmp_path / "run", 0.5)
    damage(tmp_path / "run" / "samples.parquet")
    with pytest.raises(ConfigError, match=rf"run: not a whole run folder \(.*{words}"):
        find_runs([tmp_path])


def test_a_record_that_is_a_named_pipe_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path / "run", 0.5)
    (tmp_path / "run" / "metrics.json").unlink()
    os.mkfifo(tmp_path / "run" / "metrics.json")
    with pytest.raises(ConfigError, match="a named pipe, not a file"):
        find_runs([tmp_path])


@pytest.mark.parametrize("undefined", ["measured", "null_value"])
def test_a_metric_that_is_undefined_needs_no_differences(undefined: str, tmp_path: Path) -> None:
    """As the recall of a genre that no test song has, or a metric that no null model has."""
    make_run(tmp_path / "run", 0.5)
    path = tmp_path / "run" / "metrics.json"
    record = json.loads(path.read_text())
    record["versus"][0][undefined] = None
    if undefined == "measured":
        record["metrics"]["acc"] = None
    path.write_text(json.dumps(record))
    samples = pd.DataFrame({"acc": np.full(101, np.nan)})
    samples.to_parquet(tmp_path / "run" / "samples.parquet")
    assert len(find_runs([tmp_path])) == 1
