"""Which settings a test separates, and how a metric goes with them: by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_runs import make_run
from pytest import approx

from muso_exp.errors import ConfigError
from muso_exp.evaluation.comparison import by_setting
from muso_exp.evaluation.finished import Finished, find_runs
from muso_exp.evaluation.pairwise import (
    bayesian,
    comparison_sections,
    differing,
    indistinct,
    require_settings,
    unpaired,
)


def runs_of(folder: Path, settings: list[dict[str, object]]) -> list[Finished]:
    for place, own in enumerate(settings):
        run = folder / str(place)
        make_run(run, 0.3 + 0.1 * place, variant="")
        record = json.loads((run / "metrics.json").read_text())
        record |= {"settings": own, "overrides": [f"{key}={value}" for key, value in own.items()]}
        (run / "metrics.json").write_text(json.dumps(record))
    return find_runs([folder])


def test_neighbours_whose_samples_do_not_differ_are_one_group() -> None:
    noise, own = np.random.default_rng(0).normal(0, 1, (2, 400))
    pair = 0.1 * own
    assert indistinct([noise, noise + pair, noise + 10, noise + 10 + pair]) == [(0, 1), (2, 3)]
    assert indistinct([noise, noise + 1, noise + 2]) == []  # each by 1 in every resample
    assert indistinct([noise, own, own[::-1]]) == [(0, 2)]


def test_a_group_is_one_of_which_no_pair_is_told_apart() -> None:
    first, second = np.random.default_rng(0).normal(0, 1, (2, 1000))
    steps = [first, first + 1.3 + second, first + 2.6 + 2 * second, first + 9]
    assert indistinct(steps) == [(0, 2)]
    assert indistinct([steps[0], steps[1], steps[0] + 2.5, steps[3]])[0] == (0, 1)


def test_settings_that_differ_are_found_without_seeds_and_classes(tmp_path: Path) -> None:
    runs = runs_of(
        tmp_path,
        [
            {"seed": 0, "model.lr": 0.1, "model._target_": "a.B", "model.size": 3},
            {"seed": 1, "model.lr": 0.2, "model._target_": "a.C", "model.size": 3},
        ],
    )
    assert differing(runs) == ["model.lr"]
    require_settings(runs, ["model.size"])
    with pytest.raises(
        ConfigError, match=r"--by model.l: no setting of these runs; near are model.lr"
    ):
        require_settings(runs, ["model.l"])


def test_a_comparison_is_drawn_by_each_setting_and_by_two(tmp_path: Path) -> None:
    grid = [{"model.lr": lr, "model.size": size} for lr in (0.001, 0.1) for size in ("s", "l")]
    runs = runs_of(tmp_path, grid)
    drawn = {one.name: one for one in comparison_sections(by_setting(runs, False), "acc")}
    assert list(drawn) == [
        *("critical_difference", "by_model.lr", "by_model.size", "model.lr_model.size")
    ]
    axes = drawn["by_model.lr"].figure().axes[0]
    assert axes.get_xscale() == "log"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.001", "0.1"]
    (line,) = [one for one in axes.lines if one.get_color() == "#d9822b"]
    assert line.get_ydata() == approx([0.35, 0.55])  # means of .3 and .4, of .5 and .6
    cells = drawn["model.lr_model.size"].figure().axes[0].images[0].get_array()
    assert cells.data == approx(np.array([[0.3, 0.5], [0.4, 0.6]]))  # a row per size
    only = comparison_sections(by_setting(runs, False), "acc", ["model.lr"])
    assert [one.name for one in only] == ["critical_difference", "by_model.lr"]


def test_settings_that_are_lists_are_drawn_by_their_text(tmp_path: Path) -> None:
    grid = [
        {"dataset.drop": list(drop), "dataset.keep": list(keep)}
        for drop in ("", "a", "ab")
        for keep in ("", "c")
    ]
    runs = runs_of(tmp_path, grid)
    drawn = {one.name: one for one in comparison_sections(by_setting(runs, False), "acc")}
    ticks = drawn["by_dataset.drop"].figure().axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["[]", "['a']", "['a', 'b']"]
    assert "dataset.drop_dataset.keep" in drawn


def test_more_names_than_an_axis_holds_are_not_drawn_by_but_numbers_are(tmp_path: Path) -> None:
    grid = [{"dataset.drop": [f"f{n}"], "model.size": n} for n in range(21)]
    drawn = [
        one.name for one in comparison_sections(by_setting(runs_of(tmp_path, grid), False), "acc")
    ]
    assert "by_model.size" in drawn and "by_dataset.drop" not in drawn


def test_the_probability_of_a_difference_is_its_share_of_the_resamples(tmp_path: Path) -> None:
    make_run(tmp_path / "0", 0.5)
    make_run(tmp_path / "1", 0.6)
    make_run(tmp_path / "2", 0.6, units="other")
    runs = find_runs([tmp_path])
    found = bayesian(runs, ["a", "b", "c"], ["acc"], rope=0.05)
    assert found.to_dict("records") == [
        {"metric": "acc", "run": "b", "seed": 0, "more": 1.0, "about as much": 0.0, "less": 0.0}
    ]
    frame = pd.read_parquet(tmp_path / "1" / "samples.parquet")
    frame["acc"] = 0.5 + np.linspace(-0.1, 0.1, len(frame)) + np.linspace(-0.1, 0.1, len(frame))
    frame.to_parquet(tmp_path / "1" / "samples.parquet")
    (row,) = bayesian(find_runs([tmp_path])[:2], ["a", "b"], ["acc"], rope=0.05).to_dict("records")
    assert (row["more"], row["about as much"], row["less"]) == approx((0.25, 0.5, 0.25), abs=0.02)


def test_runs_on_other_rows_of_such_data_are_compared_unpaired(tmp_path: Path) -> None:
    for place, units in enumerate(("u", "u", "other")):
        make_run(tmp_path / str(place), 0.4 + 0.1 * place, units=units, n_resamples=1001)
    (row,) = unpaired(find_runs([tmp_path]), ["a", "b", "c"], ["acc"]).to_dict("records")
    assert (row["run"], row["difference"]) == ("c", approx(0.2))
    # the sum of two independent even draws of half width .1: 2.5 % lie beyond .2 - .2 sqrt(.05)
    assert (row["low"], row["high"]) == approx((0.2 - 0.155, 0.2 + 0.155), abs=0.01)
    assert 0 < row["p"] == row["p (Holm)"] < 0.02
