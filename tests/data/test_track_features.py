"""The data set of clusters: split, scaling, null models, sections, and a run applied."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from pytest import approx
from tiny_features import dataset, ready, table, write
from tiny_tracks import tracks
from torch import Tensor

from muso_exp.data.clustering.split import fingerprint, split_tracks
from muso_exp.data.track_features import TrackFeatures
from muso_exp.errors import ConfigError
from muso_exp.features.clusters import kmeans
from muso_exp.formats.feature_table import find_feature_table, read_feature_table
from muso_exp.metrics.clustering import SumOfSquares
from muso_exp.tasks.clustering.report import best_null_sums, elbow, one_curve


class Fitted:
    """What a trained model gives: the nearest centres, by numpy."""

    def __init__(self, data: TrackFeatures) -> None:
        x = data.splits["train"].x.double().numpy()
        self.centres = {k: kmeans(x, k).centres for k in {*data.curve, data.n_clusters}}
        self.curve, self.n_clusters = data.curve, data.n_clusters

    def __call__(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        x = batch["x"].double().numpy()
        squared = {k: ((x[:, None] - c) ** 2).sum(axis=2) for k, c in self.centres.items()}
        own = squared[self.n_clusters]
        curve = np.stack([squared[k].min(axis=1) for k in self.curve], axis=1)
        labels = np.stack([squared[k].argmin(axis=1) for k in self.curve], axis=1)
        return {
            "cluster": torch.from_numpy(own.argmin(axis=1)),
            "centre": torch.from_numpy(self.centres[self.n_clusters][own.argmin(axis=1)]),
            "squared_distance": torch.from_numpy(own.min(axis=1)),
            "curve_cluster": torch.from_numpy(labels),
            "curve_squared_distance": torch.from_numpy(curve),
        }


def test_the_split_is_random_and_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", n_train=50)
    train, test = data.of_split("train"), data.of_split("test")
    assert (len(train), len(test)) == (50, 30)
    assert train["line"].is_monotonic_increasing and test["line"].is_monotonic_increasing
    assert not set(train["id"]) & set(test["id"])
    assert max(train["line"]) > min(test["line"])
    other = ready(tmp_path, tmp_path / "cache", n_train=50, seed=1)
    assert set(other.of_split("train")["id"]) != set(train["id"])


def test_tracks_with_equal_features_count_once_unless_asked_otherwise(tmp_path: Path) -> None:
    content = table()
    content.loc[79, content.columns[1:]] = content.loc[0, content.columns[1:]]
    write(tmp_path, content)
    data = ready(tmp_path, tmp_path / "cache")
    counts = data.counts()
    assert (counts["tracks"], counts["distinct_tracks"]) == (80, 79)
    assert counts["train_rows"] + counts["test_rows"] == 79
    assert "track0079" not in set(data.tracks["id"])
    kept = ready(tmp_path, tmp_path / "cache", distinct_rows=False)
    assert len(kept.tracks) == 80 and kept.fingerprint == data.fingerprint


def test_the_scaling_is_fitted_on_train_alone(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    assert_allclose(data.splits["train"].x.double().mean(dim=0), np.zeros(10), atol=1e-6)
    assert_allclose(data.spread, np.ones(10), rtol=1e-5)
    assert abs(data.splits["test"].x.mean(dim=0)).max() > 0.01


def test_unscaled_means_the_raw_numbers(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", scaling="none")
    assert_allclose(data.splits["test"].x, data.values("test"), rtol=1e-6)


def test_the_fingerprint_is_of_ids_and_values_and_nothing_else(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    read = read_feature_table(find_feature_table(tmp_path), data.features)
    assert data.fingerprint == fingerprint(read.drop(columns="line"), data.features)
    (tmp_path / "other").mkdir()
    content = table()
    content.loc[3, "valence"] += 0.001
    other = ready(write(tmp_path / "other", content), tmp_path / "cache")
    assert other.fingerprint != data.fingerprint


def test_one_cluster_explains_nothing_and_random_groups_hardly_more(tmp_path: Path) -> None:
    world = {"world_tracks": 2000, "world_artists": 120, "n_clusters": 12}
    data = ready(None, tmp_path, scaling="none", **world)
    metric, nulls = data.metrics()["explained_variance"], data.nulls()
    ones = torch.ones(1, len(data.target()), dtype=torch.float64)
    target = data.target()
    value = {
        name: metric.score(ones, target=target, squared_distance=columns["squared_distance"])
        for name, columns in nulls.items()
    }
    assert value["one_cluster"].item() == approx(0, abs=1e-6)
    assert abs(value["random"].item()) < 0.02
    assert value["grid"] > value["by_key"] > 0.05


def test_the_side_task_is_the_sum_of_squares_of_the_train_tracks(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    task = data.side_task(Fitted(data))
    ones = torch.ones(1, len(task.target), dtype=torch.float64)
    columns = {"curve_squared_distance": task.columns["curve_squared_distance"]}
    x = data.splits["train"].x.numpy()
    for k in data.curve:
        metric = task.metrics[f"wcss_at_{k}"]
        assert isinstance(metric, SumOfSquares)
        assert metric.score(ones, **columns).item() == approx(kmeans(x, k).inertia, rel=1e-4)
    assert data.side_metrics() == list(task.metrics)
    assert set(task.nulls) == set(data.nulls())


def test_the_audit_finds_key_and_loudness_in_unscaled_features(tmp_path: Path) -> None:
    data = ready(None, tmp_path, scaling="none", world_tracks=2000, world_artists=120)
    finding = {f.check: f for f in data.audit()}["share_of_two_widest"]
    assert finding.level == "warning" and finding.value > 0.95
    assert "key and loudness hold" in finding.text
    scaled = ready(None, tmp_path, world_tracks=2000, world_artists=120)
    assert {f.check: f for f in scaled.audit()}["share_of_two_widest"].value == approx(2 / 10)


def test_the_audit_counts_twins_across_the_split(tmp_path: Path) -> None:
    content = pd.concat([table(60), table(60)], ignore_index=True)
    content["id"] = [f"t{i}" for i in range(120)]
    data = ready(write(tmp_path, content), tmp_path / "cache", distinct_rows=False)
    finding = {f.check: f for f in data.audit()}
    assert finding["repeated_rows"].value == 60
    train = set(data.of_split("train")["line"])
    twins = sum(((line - 2 + 60) % 120 + 2) in train for line in data.of_split("test")["line"])
    assert finding["test_tracks_with_twin_in_train"].value == twins > 0


def test_the_sections_show_the_elbow_the_map_and_the_advice(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", tsne_rows=12, reported=[9.0, 8.0, 7.0])
    model = Fitted(data)
    predictions = data.predictions(model({"x": data.target()}))
    sections = {s.name: s for s in data.sections(predictions, model)}
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


def test_the_reported_sums_stand_beside_unscaled_ones(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", scaling="none", reported=[9.0, 8.0, 7.0])
    model = Fitted(data)
    assert "the paper's code" not in elbow(data, model).table  # another table than the paper's
    data.published_fingerprint = data.fingerprint
    section = elbow(data, model)
    table = section.table
    assert table["the paper's code"].tolist() == [9, 8, 7]
    assert_allclose(table["measured / the paper's"], table["WCSS, train"] / [9, 8, 7])
    assert "at no k: there the number" in section.text


def test_the_elbow_says_where_a_null_model_is_as_near_to_the_reported_sum(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", scaling="none", n_train=60)
    names, sums = best_null_sums(data)
    assert "random" not in names and (np.diff(sums) < 0).all()
    data.reported = [float(sums[0]), 1.0, float(sums[2])]
    text = one_curve(data, np.full(3, 1e-6), sums)
    ks = data.curve
    assert f"at k = {ks[0]}, {ks[2]}: there" in text
    # 60 of 80 tracks: two draws share 60 / 80, sqrt(2 (1 - 60 / 80)) = .71
    assert "have 75% of them in common" in text and "differ 0.71 times" in text


def test_predictions_name_the_track_and_its_cluster(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    result = data.predictions(Fitted(data)({"x": data.target()}))
    assert result["id"].tolist() == data.of_split("test")["id"].tolist()
    assert set(result["cluster"]) <= {0, 1, 2} and (result["squared_distance"] >= 0).all()


def restored(data: TrackFeatures, tmp_path: Path) -> TrackFeatures:
    torch.save(data.state_dict(), tmp_path / "state.pt")
    fresh = dataset(None, tmp_path / "none")
    fresh.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    return fresh


def test_a_trained_run_recommends_for_new_tracks_from_what_it_knows(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    model, known = Fitted(data), data.of_split("test")
    new = tracks(6, first=500).drop(columns=["track.name", "primary_artist"])
    new.to_csv(tmp_path / "new.csv", index=False)
    result = restored(data, tmp_path).apply(tmp_path / "new.csv", model)
    assert result["id"].tolist() == new["id"].tolist()
    clusters = model({"x": data.target()})["cluster"].numpy()
    for row in result.itertuples():
        expected = known["id"][clusters == row.cluster].head(4)
        assert row.recommended.split() == expected.tolist()
        assert len(set(row.nearest.split())) == 4
    assert (result["distance"] > 0).all()


def test_a_known_track_is_not_recommended_to_itself_but_its_neighbours_are(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    known = data.of_split("test")
    table().set_index("id").loc[known["id"]].reset_index().to_csv(tmp_path / "k.csv", index=False)
    result = restored(data, tmp_path).apply(tmp_path / "k.csv", Fitted(data))
    x = data.target().double().numpy()  # standardised
    gaps = np.linalg.norm(x[:, None] - x, axis=2) + np.diag(np.full(len(x), np.inf))
    ids = known["id"].to_numpy()
    for place, row in enumerate(result.itertuples()):
        assert row.id not in row.recommended.split() + row.nearest.split()
        assert row.nearest.split()[0] == ids[gaps[place].argmin()]


def test_a_share_of_the_tracks_is_trained_on_unless_a_number_is_given() -> None:
    rows = split_tracks(100, None, 0.75, np.random.default_rng(0))
    assert (len(rows["train"]), len(rows["test"])) == (75, 25)
    assert_array_equal(np.sort(np.concatenate(list(rows.values()))), np.arange(100))


@pytest.mark.parametrize("n_train", [0, 10, 11])
def test_a_split_leaves_something_on_both_sides(n_train: int) -> None:
    with pytest.raises(ConfigError, match=rf"dataset.n_train: {n_train} of 10 distinct tracks"):
        split_tracks(10, n_train, 0.5, np.random.default_rng(0))


@pytest.mark.data
def test_the_published_table_has_the_document_s_rows_and_variance(
    real_data: Path, tmp_path: Path
) -> None:
    root = real_data / "spotify-mpd-track-features"
    data = ready(root, tmp_path, scaling="none", n_train=40000)
    assert data.published
    counts = data.counts()
    assert counts["distinct_tracks"] == 53542
    assert (counts["train_rows"], counts["test_rows"]) == (40000, 13542)
    finding = {f.check: f for f in data.audit()}["share_of_two_widest"]
    assert finding.value == approx(0.98, abs=0.005)


@pytest.mark.data
def test_the_published_elbow_is_found_again(real_data: Path, tmp_path: Path) -> None:
    root = real_data / "spotify-mpd-track-features"
    x = ready(root, tmp_path, scaling="none", n_train=40000).splits["train"].x.numpy()
    for k, reported in ((2, 662949), (3, 402550), (6, 220134), (9, 153473), (13, 114260)):
        assert kmeans(x, k).inertia == approx(reported, rel=0.01)
