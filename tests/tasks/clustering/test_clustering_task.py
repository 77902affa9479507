"""The task of clusters: metrics, null models, audit, elbow and sections."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from pytest import approx
from tiny_features import Fitted, answer, ready, table, write

from muso_exp.features.clusters import kmeans
from muso_exp.metrics.clustering import SumOfSquares
from muso_exp.metrics.resampling import Bootstrap, percentile_interval
from muso_exp.models.base import Model
from muso_exp.tasks.base import Answer, NotAnsweredError
from muso_exp.tasks.clustering.elbow import (
    Elbow,
    best_null_sums,
    elbow_sections,
    half_widths,
    one_curve,
)


def test_the_extra_task_is_the_sum_of_squares_of_the_train_tracks(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    (elbow,) = data.task.extra
    ones = torch.ones(1, len(elbow.target), dtype=torch.float64)
    columns, metrics = elbow.ask(Fitted(data)), elbow.metrics()
    x = data.splits["train"].x.numpy()
    for k in data.options.curve:
        metric = metrics[f"wcss_at_{k}"]
        assert isinstance(metric, SumOfSquares)
        assert metric.score(ones, **columns).item() == approx(kmeans(x, k).inertia, rel=1e-4)
    assert list(metrics) == [f"wcss_at_{k}" for k in data.options.curve]
    assert set(elbow.nulls()) == set(data.task.nulls())


def test_the_reported_sums_stand_beside_unscaled_ones(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", scaling="none", reported=[9.0, 8.0, 7.0])
    asked = answer(data, Fitted(data))
    (section,) = elbow_sections(data.task.elbow, asked)
    assert "the paper's code" not in section.table  # another table than the paper's
    published = replace(data.task.tracks, published=True)
    (section,) = elbow_sections(Elbow(published, data.options), asked)
    table = section.table
    assert table["the paper's code"].tolist() == [9, 8, 7]
    assert_allclose(table["measured / the paper's"], table["WCSS, train"] / [9, 8, 7])
    assert "at no k: there the number" in section.text


def test_the_elbow_says_where_a_null_model_is_as_near_to_the_reported_sum(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", scaling="none", n_train=60)
    names, sums = best_null_sums(data.task.elbow)
    assert "random" not in names and (np.diff(sums) < 0).all()
    options = replace(data.options, reported=[float(sums[0]), 1.0, float(sums[2])])
    text = one_curve(data.task.tracks, options, np.full(3, 1e-6), sums)
    ks = options.curve
    assert f"at k = {ks[0]}, {ks[2]}: there" in text
    # 60 of 80 tracks: two draws share 60 / 80, sqrt(2 (1 - 60 / 80)) = .71
    assert "have 75% of them in common" in text and "differ 0.71 times" in text


def test_the_sections_show_the_elbow_the_map_and_similar_tracks(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", tsne_rows=12, reported=[9.0, 8.0, 7.0])
    model = Fitted(data)
    asked = answer(data, model)
    predictions = data.task.predictions(asked.columns)
    sections = {s.name: s for s in data.task.sections(predictions, asked)}
    assert set(sections) >= {"elbow", "variance", "profiles", "tsne", "dendrogram", "recommended"}
    curve = sections["elbow"].table
    assert curve["WCSS, train"].is_monotonic_decreasing
    assert "the paper's code" not in curve  # that one is of unscaled features
    ways = sections["recommended"].table.set_index("recommended by")
    assert list(ways.index) == [
        "these clusters",
        "unscaled clusters, as published",
        "nearest by features",
    ]
    distance = ways["mean distance"]
    assert distance["nearest by features"] < distance["these clusters"]
    assert ways.loc["nearest by features", "shared with the nearest"] == 1
    examples = sections["recommended_examples"].table
    assert examples["for"].str.contains(r"\(energy .*, loudness .*\)").all()  # they have no names
    figures = [s for s in sections.values() if s.figure]
    assert len(figures) >= 5


def test_one_cluster_explains_nothing_and_random_groups_hardly_more(tmp_path: Path) -> None:
    world = {"world": {"tracks": 2000, "artists": 120}, "n_clusters": 12}
    data = ready(None, tmp_path, scaling="none", **world)
    metric, nulls = data.task.metrics()["explained_variance"], data.task.nulls()
    ones = torch.ones(1, len(data.task.target), dtype=torch.float64)
    target = data.task.target
    value = {
        name: metric.score(ones, target=target, squared_distance=columns["squared_distance"])
        for name, columns in nulls.items()
    }
    assert value["one_cluster"].item() == approx(0, abs=1e-6)
    assert abs(value["random"].item()) < 0.02
    assert value["grid"] > value["by_key"] > 0.05


def test_the_audit_finds_key_and_loudness_in_unscaled_features(tmp_path: Path) -> None:
    data = ready(None, tmp_path, scaling="none", world={"tracks": 2000, "artists": 120})
    finding = {f.check: f for f in data.task.audit(None)}["share_of_two_widest"]
    assert finding.level == "warning" and finding.value > 0.95
    assert "key and loudness hold" in finding.text
    scaled = ready(None, tmp_path, world={"tracks": 2000, "artists": 120})
    assert {f.check: f for f in scaled.task.audit(None)}["share_of_two_widest"].value == approx(
        2 / 10
    )


def test_the_audit_counts_twins_across_the_split(tmp_path: Path) -> None:
    content = pd.concat([table(60), table(60)], ignore_index=True)
    content["id"] = [f"t{i}" for i in range(120)]
    data = ready(write(tmp_path, content), tmp_path / "cache", distinct_rows=False)
    finding = {f.check: f for f in data.task.audit(None)}
    assert finding["repeated_rows"].value == 60
    train = set(data.task.tracks.part("train")["line"])
    twins = sum(
        ((line - 2 + 60) % 120 + 2) in train for line in data.task.tracks.part("test")["line"]
    )
    assert finding["test_tracks_with_twin_in_train"].value == twins > 0


def test_predictions_name_the_track_and_its_cluster(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    result = data.task.predictions(answer(data, Fitted(data)).columns)
    assert result["id"].tolist() == data.task.tracks.part("test")["id"].tolist()
    assert set(result["cluster"]) <= {0, 1, 2} and (result["squared_distance"] >= 0).all()


def test_a_model_of_one_number_of_clusters_has_no_elbow(tmp_path: Path) -> None:
    elbow = ready(write(tmp_path), tmp_path / "cache").task.elbow
    with pytest.raises(NotAnsweredError, match="no clusters for other numbers"):
        elbow.ask(Model())
    assert elbow_sections(elbow, Answer(Model(), {}, Bootstrap(5))) == []


def test_the_interval_of_a_reported_sum_is_the_card_s() -> None:
    squared = torch.from_numpy(np.random.default_rng(0).gamma(2, size=(300, 2)))
    units, bootstrap = np.arange(300)[:, None] + 7, Bootstrap(400)
    metric = SumOfSquares(1)
    low, high = percentile_interval(
        metric.score(bootstrap.weights(units), curve_squared_distance=squared)
    )
    half = half_widths(squared, units, bootstrap)
    assert half[1] == approx((high - low) / 2)
    normal = 1.96 * np.sqrt(300) * squared.numpy().std(axis=0)
    assert_allclose(half, normal, rtol=0.15)
