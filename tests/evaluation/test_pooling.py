"""One verdict over folds and seeds."""

import json
from pathlib import Path

import pytest
from made_runs import HALF, make

from muso_exp.errors import ConfigError
from muso_exp.evaluation.comparison import by_setting, comparison_table
from muso_exp.evaluation.finished import Finished, find_runs
from muso_exp.evaluation.pooling import pooled_row, pooled_table


def test_folds_have_the_units_of_all(tmp_path: Path) -> None:
    runs = [make(tmp_path / str(k), 0.43, units=str(k), fold=k) for k in range(4)]
    row, alone = pooled_row(runs, "acc", folds=True), pooled_row(runs[:1], "acc", folds=True)
    assert row["over"] == "4 folds"
    assert alone["verdict"] == "no better than null" and alone["because_of"] == "prior"
    assert row["verdict"] == "better than null"
    ratio = (row["high"] - row["low"]) / (alone["high"] - alone["low"])
    assert 0.45 < ratio < 0.65  # 1 / sqrt(4), of a flat distribution


def test_seeds_on_the_same_units_are_paired_and_their_spread_is_added(tmp_path: Path) -> None:
    alike = [make(tmp_path / "a" / str(k), 0.5, seed=k) for k in range(3)]
    row = pooled_row(alike, "acc", folds=False)
    assert row["over"] == "seeds 0, 1, 2"
    assert (row["low"], row["high"]) == pytest.approx((0.5 - 0.95 * HALF, 0.5 + 0.95 * HALF))
    apart = [make(tmp_path / "b" / str(k), 0.5 + k / 10, seed=k) for k in range(3)]
    row = pooled_row(apart, "acc", folds=False)
    t = 4.303  # of 2 degrees of freedom; the seeds' standard deviation is 1 / 10
    assert row["measured"] == pytest.approx(0.6)
    assert (row["high"] - row["low"]) / 2 == pytest.approx(t * 0.1 / 3**0.5, rel=0.2)


def test_a_verdict_that_flips_with_the_seed_is_none_over_seeds(tmp_path: Path) -> None:
    values = (0.46, 0.52, 0.35)
    runs = [make(tmp_path / str(k), value, seed=k) for k, value in enumerate(values)]
    alone = [pooled_row([run], "acc", folds=False)["verdict"] for run in runs]
    assert alone == ["better than null", "better than null", "worse than null"]
    row = pooled_row(runs, "acc", folds=False)
    assert row["verdict"] == "no better than null"
    assert row["could_show"] > 0.1


def test_folds_of_several_seeds_are_pooled_by_seed_first(tmp_path: Path) -> None:
    runs = [
        make(tmp_path / f"{seed}{fold}", 0.5 + fold / 100, seed, units=str(fold), fold=fold)
        for seed in range(2)
        for fold in range(3)
    ]
    row = pooled_row(runs, "acc", folds=True)
    assert row["over"] == "3 folds and seeds 0, 1"
    assert row["measured"] == pytest.approx(0.51)
    assert row["high"] - row["low"] < 2 * HALF  # seeds agree: the units of three folds


def test_the_table_has_a_row_of_what_was_run_several_times_alone(tmp_path: Path) -> None:
    runs = [make(tmp_path / str(k), 0.5, seed=k) for k in range(2)]
    settings = {"twice": runs, "once": runs[:1]}
    table = pooled_table(settings, ["acc"], folds=False)
    assert table["variant"].tolist() == ["twice"]
    assert pooled_table({"once": runs[:1]}, ["acc"], folds=True).empty


def test_folds_of_a_setting_are_one_setting(tmp_path: Path) -> None:
    for k in range(4):
        make(tmp_path / str(k), 0.5, units=str(k), fold=k)
    runs = find_runs([tmp_path])
    assert {name: len(group) for name, group in by_setting(runs, folds=True).items()} == {"a": 4}
    assert len(by_setting(runs, folds=False)) == 4
    last = comparison_table(runs, mean=True).iloc[-1]
    assert (last["variant"], last["verdict"]) == ("mean of the folds", "better than null")


def test_runs_of_different_resamples_are_refused(tmp_path: Path) -> None:
    runs = [make(tmp_path / "0", 0.5), make(tmp_path / "1", 0.5, n=51)]
    with pytest.raises(ConfigError, match=r"has 1001 resamples, .*1 51; runs are compared by the"):
        comparison_table(runs)


def test_an_older_run_is_judged_by_its_best_null(tmp_path: Path) -> None:
    run = make(tmp_path / "0", 0.5)
    old = run.samples.drop(columns=[name for name in run.samples if "/" in name])
    old["versus_null/acc"] = run.samples["versus_null/acc/prior"]
    row = pooled_row([Finished(run.folder, run.record, old)], "acc", folds=True)
    assert (row["best_null"], row["verdict"]) == ("best null", "better than null")
    assert row["difference"] == pytest.approx(0.1)


def test_rows_called_after_folds_are_one_setting_over_seeds_too(tmp_path: Path) -> None:
    for seed in range(2):
        for fold in range(3):
            folder = tmp_path / f"{seed}{fold}"
            record = make(folder, 0.5, seed, units=str(fold)).record
            changed = record | {"variant": f"fold_{fold}"}
            (folder / "metrics.json").write_text(json.dumps(changed))
    ((name, runs),) = by_setting(find_runs([tmp_path]), folds=True).items()
    assert name == "e" and pooled_row(runs, "acc", folds=True)["over"] == "3 folds and seeds 0, 1"


def test_what_is_pooled_stays_in_the_range_of_the_metric(tmp_path: Path) -> None:
    runs = [make(tmp_path / str(k), value, seed=k) for k, value in enumerate((0.05, 0.95))]
    row = pooled_row(runs, "acc", folds=False)  # t of 1 degree of freedom reaches far
    assert (row["low"], row["high"]) == (0, 1)
    assert -1 <= row["difference_low"] < row["difference_high"] <= 1


def test_settings_are_paired_with_the_first_one_fold_by_fold(tmp_path: Path) -> None:
    def fold(name: str, k: int, value: float) -> Finished:
        return make(tmp_path / name / str(k), value, units=str(k), fold=k)

    first = [fold("a", k, 0.5) for k in range(4)]
    other = [fold("b", k, 0.5 + (k + 1) / 10) for k in range(4)][::-1]  # in any order
    table = pooled_table({"a": first, "b": other}, ["acc"], folds=True).set_index("variant")
    assert table.loc["a", ["versus_first", "versus_first_low"]].isna().all()
    row = table.loc["b"]
    assert row["versus_first"] == pytest.approx((0.1 + 0.2 + 0.3 + 0.4) / 4)
    assert row["versus_first_low"] <= row["versus_first"] <= row["versus_first_high"]
    # the same resamples move both alike, so that the difference has less spread than either
    assert row["versus_first_high"] - row["versus_first_low"] < row["high"] - row["low"]


def test_without_the_same_units_there_is_no_paired_difference(tmp_path: Path) -> None:
    first = [make(tmp_path / "a" / str(k), 0.5, units=str(k), fold=k) for k in range(2)]
    other = [make(tmp_path / "b" / str(k), 0.6, units=f"x{k}", fold=k) for k in range(2)]
    table = pooled_table({"a": first, "b": other}, ["acc"], folds=True)
    assert table["versus_first"].isna().all()
    assert list(table["measured"]) == pytest.approx([0.5, 0.6])
