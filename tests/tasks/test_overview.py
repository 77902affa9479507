"""What a data set holds: by hand, and for every data set of conf/dataset."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.data.base import ExperimentData
from muso_exp.evaluation.overview_page import overview_page
from muso_exp.experiment.build import build
from muso_exp.experiment.complete import set_up
from muso_exp.experiment.listing import group
from muso_exp.figures.overview import histograms_figure, ranks_figure
from muso_exp.tasks import overview

CONF = REPOSITORY / "conf"


def row(section: overview.Section, first: str) -> dict:
    """The row of a section's table that begins so."""
    table = section.table.set_index(section.table.columns[0])
    return table.loc[first].to_dict()


def test_columns_say_what_is_missing_and_how_the_rest_is_spread() -> None:
    table = pd.DataFrame(
        {
            "artist": ["Bo", "", "Bo", "  ", "Al"],
            "key": [1.0, np.nan, 4.0, np.inf, 4.0],
            "tags": [["x", "y"], [], ["x"], [], ["x"]],
            "id": list("abcde"),
        }
    )
    section = overview.columns_section(table)
    artist, key = row(section, "artist"), row(section, "key")
    assert (artist["known"], artist["missing"], artist["missing, %"]) == (3, 2, 40.0)
    assert (artist["different"], artist["most frequent"]) == (2, "Bo (2)")
    assert (key["known"], key["missing"], key["different"]) == (3, 2, 2)
    assert (key["least"], key["median"], key["mean"], key["most"]) == (1, 4, 3, 4)
    assert row(section, "tags")["missing"] == 2
    assert row(section, "tags")["most frequent"] == "x (2)"
    assert row(section, "id")["most frequent"] == ""  # none stands there twice


def test_a_column_without_a_number_has_none_to_show() -> None:
    section = overview.columns_section(pd.DataFrame({"tempo": [np.nan, np.nan]}))
    assert row(section, "tempo")["missing"] == 2
    assert np.isnan(row(section, "tempo")["mean"])


def test_a_long_tail_counts_who_has_most() -> None:
    plays = np.array([80.0, 1, 1, 2, 0, 4, 4, 4, 2, 2])
    found = row(overview.tail_section({"songs": plays}, "plays"), "songs")
    assert (found["number"], found["with none"], found["with one"]) == (10, 1, 2)
    assert (found["median"], found["mean"], found["most"]) == (2, 10, 80)
    assert found["first 10 % have, %"] == found["first 1 % have, %"] == 80.0  # one song of ten
    differences = np.abs(plays[:, None] - plays[None]).sum()
    assert found["Gini"] == approx(differences / (2 * 10 * plays.sum()), abs=5e-4)


def test_a_tail_of_nothing_has_no_figure() -> None:
    section = overview.tail_section({"songs": np.zeros(3)}, "plays")
    assert section.figure is None
    assert row(section, "songs")["with none"] == 3


def test_plays_are_counted_by_item_and_by_user() -> None:
    plays = csr_matrix([[3, 0, 1], [0, 0, 5]])
    tails = overview.plays_tails(plays, "songs")
    assert tails["songs"].tolist() == [3, 0, 6]
    assert tails["users"].tolist() == [4, 5]
    rows = overview.play_rows(plays, ["Al", "Bo"], ["x", "y", "z"])
    assert sorted(rows.itertuples(index=False, name=None)) == [
        ("Al", "x", 3), ("Al", "z", 1), ("Bo", "z", 5)
    ]  # fmt: skip


def test_the_most_frequent_come_first_and_equals_by_name() -> None:
    values = ["b", "a", "b", "a", "", "c"]
    section = overview.frequencies_section(values, "Genres", "songs", "genres")
    assert section.table.to_numpy().tolist() == [["a", 2], ["b", 2], ["c", 1]]
    many = overview.frequencies_section([str(n) for n in range(40)], "Genres", "songs", "genres")
    assert len(many.table) == overview.N_MOST
    assert many.text == "The first 15 of 40."


def test_counts_keep_the_order_of_equals() -> None:
    found = overview.ordered_counts(np.array([2, 7, 2, 9]), list("wxyz"))
    assert list(found.items()) == [("z", 9), ("x", 7), ("w", 2), ("y", 2)]


def test_a_sample_is_drawn_once_for_a_seed_and_stays_in_order() -> None:
    table = pd.DataFrame({"song": np.arange(500), "name": "a" * 200})
    one, same, other = (overview.sample_section(table, seed) for seed in (0, 0, 1))
    assert one.table.equals(same.table) and not one.table.equals(other.table)
    assert len(one.table) == overview.N_SAMPLED
    assert one.table["song"].is_monotonic_increasing
    assert one.table["name"].str.len().unique().tolist() == [overview.LONGEST]
    assert len(overview.sample_section(table.head(3), 0).table) == 3


def test_values_that_are_none_are_not_drawn() -> None:
    columns = {"tempo": np.array([1.0, 2.0, np.nan, 3.0]), "empty": np.full(4, np.nan)}
    groups = {"one": np.array([True, True, True, False]), "two": np.array([False] * 3 + [True])}
    panels = histograms_figure(columns, groups).axes
    assert [axes.get_title() for axes in panels] == ["tempo", "empty"]
    bars = [bar.get_height() for bar in panels[0].patches]
    assert sum(bars) == approx(2)  # each group's shares are one
    assert sorted(height for height in bars if height) == [0.5, 0.5, 1.0]
    assert sum(bar.get_height() for bar in panels[1].patches) == 0


def test_ranks_leave_out_those_with_nothing() -> None:
    (line,) = ranks_figure({"songs": np.array([1.0, 0, 5])}, "plays").axes[0].lines
    assert line.get_xydata().tolist() == [[1, 5], [2, 1]]


def experiment_of(dataset: str) -> str:
    """An experiment on a data set, so that its smoke sizes can be taken."""
    for path in sorted((CONF / "experiment").glob("*.yaml")):
        if re.search(rf"override /dataset: {dataset}\s*$", path.read_text(), re.MULTILINE):
            return path.stem
    raise LookupError(f"no experiment on {dataset}")


@pytest.mark.parametrize("name", group("dataset"))
def test_every_data_set_shows_what_it_holds(name: str, cache: Path, tmp_path: Path) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        places = [f"paths.cache={cache}", f"paths.outputs={tmp_path}"]
        args = [f"+experiment={experiment_of(name)}", "scale=smoke", *places]
        cfg = compose("config", args)
        data = set_up(build(cfg.dataset, pl.LightningDataModule), ExperimentData)
    found = data.overview()
    names = [section.name for section in found.sections]
    assert len(set(names)) == len(names) >= 4
    assert "sample" in names and {"tail", "friends", "tail_artist"} & set(names)
    assert {"columns", "missing", "most"} & set(names)
    assert all(value >= 0 for value in found.counts.values()) and len(found.counts) >= 4
    page = overview_page(found, data.name, "the simulated world")
    assert page.count("<svg") == sum(section.figure is not None for section in found.sections)
    assert "mathdefault" not in page
    for section in found.sections:
        assert f'id="{section.name}"' in page
        assert section.table is None or not any(
            isinstance(cell, (list, np.ndarray)) for cell in section.table.to_numpy().ravel()
        )
