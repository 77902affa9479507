import json
from pathlib import Path

import pandas as pd
import pytest
from made_runs import claim, make_run

from muso_exp.errors import ConfigError
from muso_exp.evaluation.comparison import (
    by_setting,
    comparison_table,
    lacking,
    row_labels,
    spread_over_seeds,
)
from muso_exp.evaluation.finished import find_runs
from muso_exp.evaluation.tables import metric_figure, verdict_matrix, write_comparison


def test_differences_are_paired_so_common_noise_cancels(tmp_path: Path) -> None:
    make_run(tmp_path / "s" / "0", 0.5)
    make_run(tmp_path / "s" / "1", 0.6, variant="b")
    row = comparison_table(find_runs([tmp_path])).iloc[1]
    assert row["difference"] == pytest.approx(1 / 10)
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((1 / 10, 1 / 10))


def test_what_the_paper_reports_and_the_time_of_the_fit_stand_in_the_table(tmp_path: Path) -> None:
    make_run(tmp_path / "0", 0.5)
    path = tmp_path / "0" / "metrics.json"
    claims = [claim(of="guess", reported=0.1), claim(reported=0.6, verdict="not comparable")]
    record = json.loads(path.read_text()) | {"claims": claims, "seconds": {"fit": 7.0}}
    path.write_text(json.dumps(record))
    row = comparison_table(find_runs([tmp_path])).iloc[0]
    assert (row["reported"], row["holds"], row["fit_seconds"]) == (0.6, "not comparable", 7.0)


def test_numbered_variants_are_drawn_as_a_curve(tmp_path: Path) -> None:
    for number, name in enumerate(["10_factors", "40_factors"]):
        make_run(tmp_path / str(number), 0.5 + number / 10, variant=name)
    table = comparison_table(find_runs([tmp_path]))
    assert metric_figure("acc", table).axes[0].get_xlabel() == "factors"
    table["variant"] = ["a", "b"]
    assert metric_figure("acc", table).axes[0].get_xlabel() == "acc"


def test_runs_on_other_test_units_get_no_difference(tmp_path: Path) -> None:
    make_run(tmp_path / "0", 0.5)
    make_run(tmp_path / "1", 0.6, units="other")
    assert pd.isna(comparison_table(find_runs([tmp_path])).iloc[1]["difference"])


def test_the_mean_of_folds_has_a_tighter_interval_than_a_fold(tmp_path: Path) -> None:
    for fold, value in enumerate((0.5, 0.6, 0.7, 0.6)):
        make_run(tmp_path / str(fold), value, units=str(fold), variant=f"fold_{fold}")
    table = comparison_table(find_runs([tmp_path]), mean=True)
    assert table["variant"].tolist()[-1] == "mean of the folds"
    mean, fold = table.iloc[-1], table.iloc[1]
    assert (mean["measured"], mean["best_null"]) == pytest.approx((0.6, 0.2))
    assert mean["low"] < 0.6 < mean["high"]
    assert mean["high"] - mean["low"] < 0.7 * (fold["high"] - fold["low"])  # about 1 / sqrt(4)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [((0.26, 0.32), "better than null"), ((0.2, 0.21), "no better than null")],
)
def test_folds_too_small_alone_can_beat_nothing_together(
    values: tuple[float, float], verdict: str, tmp_path: Path
) -> None:
    for fold, value in enumerate(values):
        make_run(tmp_path / str(fold), value, units=str(fold))
    assert comparison_table(find_runs([tmp_path]), mean=True).iloc[-1]["verdict"] == verdict


def test_a_metric_that_no_run_has_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path / "0", 0.5)
    with pytest.raises(ConfigError, match="metric 'f1' is in no run; common are acc"):
        comparison_table(find_runs([tmp_path]), ["f1"])


def test_seeds_of_a_variant_are_summed_up(tmp_path: Path) -> None:
    for seed, value in enumerate((0.4, 0.6)):
        make_run(tmp_path / str(seed), value, seed=seed)
    spread = spread_over_seeds(comparison_table(find_runs([tmp_path])))
    assert spread[["count", "mean"]].values.tolist() == [[2, 0.5]]
    assert spread["std"].item() == pytest.approx(0.02**0.5)


def test_the_table_is_written_as_csv_page_and_figures(
    tmp_path: Path, drawn: None, capsys: pytest.CaptureFixture
) -> None:
    make_run(tmp_path / "0", 0.5)
    make_run(tmp_path / "1", 0.6, variant="b", seed=1)
    table = comparison_table(find_runs([tmp_path]))
    write_comparison(tmp_path, "e", "the paper", table)
    assert pd.read_csv(tmp_path / "table.csv")["measured"].tolist() == [0.5, 0.6]
    assert "data:image/png;base64" in (tmp_path / "table.html").read_text()
    assert (tmp_path / "acc.png").is_file()
    printed = capsys.readouterr().out
    assert "[0.1, 0.1]" in printed and "simulated data, dataset d, scale desk" in printed


def test_runs_of_one_name_are_distinguished_by_what_was_swept(tmp_path: Path) -> None:
    for number, (lr, seed) in enumerate([(0.1, 0), (0.1, 1), (0.01, 0)]):
        make_run(tmp_path / str(number), 0.5, variant="", seed=seed)
        path = tmp_path / str(number) / "metrics.json"
        overrides = ["+experiment=e", f"model.lr={lr}", f"seed={seed}"]
        path.write_text(json.dumps(json.loads(path.read_text()) | {"overrides": overrides}))
    table = comparison_table(find_runs([tmp_path]))
    assert table["variant"].tolist() == ["model.lr=0.1", "model.lr=0.1", "model.lr=0.01"]
    assert spread_over_seeds(table)["count"].tolist() == [2]


def test_a_metric_that_some_runs_lack_has_the_rows_of_the_others(tmp_path: Path) -> None:
    make_run(tmp_path / "0", 0.5)
    make_run(tmp_path / "1", 0.6, variant="b")
    path = tmp_path / "0" / "metrics.json"
    path.write_text(path.read_text().replace('"acc"', '"f1"'))
    samples = pd.read_parquet(tmp_path / "0" / "samples.parquet")
    samples.columns = [name.replace("acc", "f1") for name in samples]
    samples.to_parquet(tmp_path / "0" / "samples.parquet")
    runs = find_runs([tmp_path])
    assert comparison_table(runs, ["acc"])["variant"].tolist() == ["b"]
    assert [found.text for found in lacking(runs, ["acc"])] == ["acc is only in b"]
    assert [found.text.split(" is ")[0] for found in lacking(runs)] == ["f1", "acc"]
    with pytest.raises(ConfigError, match="no metric in common"):
        comparison_table(runs)


def test_a_run_has_one_name_in_all_metrics_and_what_it_lacks_is_said(tmp_path: Path) -> None:
    for number, (tags, seed) in enumerate([(0, 0), (50, 0), (50, 1)]):
        folder = tmp_path / str(number)
        make_run(folder, 0.5, variant="", seed=seed)
        record = json.loads((folder / "metrics.json").read_text())
        record["overrides"] = [f"dataset.n_tags={tags}", f"seed={seed}"]
        if tags:
            for part in ("metrics", "intervals", "test_units"):
                record[part]["tag_auc"] = record[part]["acc"]
            record["versus"] += [record["versus"][0] | {"metric": "tag_auc"}]
            samples = pd.read_parquet(folder / "samples.parquet")
            named = {f"{start}tag_auc": samples[f"{start}acc"] for start in ("", "versus_null/")}
            samples.assign(**named).to_parquet(folder / "samples.parquet")
        (folder / "metrics.json").write_text(json.dumps(record))
    matrix = verdict_matrix(comparison_table(find_runs([tmp_path]), ["acc", "tag_auc"]))
    names = [f"dataset.n_tags={tags}, seed {seed}" for tags, seed in [(0, 0), (50, 0), (50, 1)]]
    assert list(matrix["rows"]) == names
    assert [bool(row["tag_auc"]) for row in matrix["rows"].values()] == [False, True, True]


def test_rows_of_a_seed_sweep_are_named_by_the_seed_each_beside_its_own_null(
    tmp_path: Path,
) -> None:
    for seed, null in enumerate((0.1, 0.2, 0.3)):
        folder = tmp_path / str(seed)
        make_run(folder, 0.5, units=f"u{seed}", seed=seed, variant="")
        record = json.loads((folder / "metrics.json").read_text())
        record["versus"][0]["null_value"] = null
        (folder / "metrics.json").write_text(json.dumps(record))
    axes = metric_figure("acc", comparison_table(find_runs([tmp_path]))).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["seed 0", "seed 1", "seed 2"]
    drawn = [line.get_xdata() for line in axes.lines if line.get_marker() == "D"]
    assert [float(x) for line in drawn for x in line] == [0.1, 0.2, 0.3]


def test_runs_alike_of_two_sweeps_are_named_by_the_sweep(tmp_path: Path) -> None:
    for sweep in ("monday", "tuesday"):
        make_run(tmp_path / sweep / "0", 0.5)
    runs = find_runs([tmp_path])
    assert row_labels(runs) == ["a monday/0", "a tuesday/0"]
    assert len(verdict_matrix(comparison_table(runs))["rows"]) == 2
    assert list(by_setting(runs, folds=False)) == ["a"]
