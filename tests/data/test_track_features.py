"""The data set of clusters: split, scaling, null models, sections, and a run applied."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from pytest import approx
from tiny_features import Fitted, dataset, ready, table, write
from tiny_tracks import tracks

from muso_exp.data.clustering.split import fingerprint, split_tracks
from muso_exp.data.track_features import TrackFeatures
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.clusters import kmeans
from muso_exp.formats.feature_table import find_feature_table, read_feature_table


def test_the_split_is_random_and_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", n_train=50)
    train, test = data.task.tracks.part("train"), data.task.tracks.part("test")
    assert (len(train), len(test)) == (50, 30)
    assert train["line"].is_monotonic_increasing and test["line"].is_monotonic_increasing
    assert not set(train["id"]) & set(test["id"])
    assert max(train["line"]) > min(test["line"])
    other = ready(tmp_path, tmp_path / "cache", n_train=50, seed=1)
    assert set(other.task.tracks.part("train")["id"]) != set(train["id"])


def test_tracks_with_equal_features_count_once_unless_asked_otherwise(tmp_path: Path) -> None:
    content = table()
    content.loc[79, content.columns[1:]] = content.loc[0, content.columns[1:]]
    write(tmp_path, content)
    data = ready(tmp_path, tmp_path / "cache")
    counts = data.task.counts()
    assert (counts["tracks"], counts["distinct_tracks"]) == (80, 79)
    assert counts["train_rows"] + counts["test_rows"] == 79
    assert "track0079" not in set(data.task.tracks.tracks["id"])
    kept = ready(tmp_path, tmp_path / "cache", distinct_rows=False)
    assert len(kept.task.tracks.tracks) == 80 and kept.fingerprint == data.fingerprint


def test_rows_without_features_are_left_out_and_counted_if_so_wished(tmp_path: Path) -> None:
    content = table().astype(object)
    content.loc[3, content.columns[1:]] = ""
    write(tmp_path, content)
    with pytest.raises(DataFormatError, match=r"set dataset\.bad_rows=drop"):
        ready(tmp_path, tmp_path / "cache")
    data = ready(tmp_path, tmp_path / "cache", bad_rows="drop")
    assert len(data.task.tracks.tracks) == 79
    assert {f.check: f.value for f in data.task.audit(None)}["bad_rows"] == 1


def test_the_scaling_is_fitted_on_train_alone(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    assert_allclose(data.splits["train"].x.double().mean(dim=0), np.zeros(10), atol=1e-6)
    assert_allclose(data.spread, np.ones(10), rtol=1e-5)
    assert abs(data.splits["test"].x.mean(dim=0)).max() > 0.01


def test_unscaled_means_the_raw_numbers(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache", scaling="none")
    assert_allclose(data.splits["test"].x, data.task.tracks.values("test"), rtol=1e-6)


def test_the_fingerprint_is_of_ids_and_values_and_nothing_else(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    read = read_feature_table(find_feature_table(tmp_path), data.features)
    assert data.fingerprint == fingerprint(read.drop(columns="line"), data.features)
    (tmp_path / "other").mkdir()
    content = table()
    content.loc[3, "valence"] += 0.001
    other = ready(write(tmp_path / "other", content), tmp_path / "cache")
    assert other.fingerprint != data.fingerprint


def restored(data: TrackFeatures, tmp_path: Path) -> TrackFeatures:
    torch.save(data.state_dict(), tmp_path / "state.pt")
    fresh = dataset(None, tmp_path / "none")
    fresh.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    return fresh


def test_a_trained_run_recommends_for_new_tracks_from_what_it_knows(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    model, known = Fitted(data), data.task.tracks.part("test")
    new = tracks(6, first=500).drop(columns=["track.name", "primary_artist"])
    new.to_csv(tmp_path / "new.csv", index=False)
    result = restored(data, tmp_path).read_new(tmp_path / "new.csv").apply(model)
    assert result["id"].tolist() == new["id"].tolist()
    clusters = model.columns({"x": data.task.target})["cluster"].numpy()
    for row in result.itertuples():
        expected = known["id"][clusters == row.cluster].head(4)
        assert row.recommended.split() == expected.tolist()
        assert len(set(row.nearest.split())) == 4
    assert (result["distance"] > 0).all()
    assert "recommended_songs" not in result  # the table names no song


def test_songs_are_recommended_by_name_where_the_table_has_names(tmp_path: Path) -> None:
    named = table().assign(**{"track.name": "", "primary_artist": "Björk"})
    named["track.name"] = [f"song {place}" if place % 2 else "" for place in range(len(named))]
    data = ready(write(tmp_path, named), tmp_path / "cache")
    tracks(3, first=500).to_csv(tmp_path / "new.csv", index=False)
    result = restored(data, tmp_path).read_new(tmp_path / "new.csv").apply(Fitted(data))
    titles = dict(zip(named["id"], named["track.name"], strict=True))
    for ids, songs in zip(result["nearest"], result["nearest_songs"], strict=True):
        names = [f"Björk - {titles[one]}" if titles[one] else "Björk" for one in ids.split()]
        assert songs.split("; ") == names


def test_a_known_track_is_not_recommended_to_itself_but_its_neighbours_are(tmp_path: Path) -> None:
    data = ready(write(tmp_path), tmp_path / "cache")
    known = data.task.tracks.part("test")
    table().set_index("id").loc[known["id"]].reset_index().to_csv(tmp_path / "k.csv", index=False)
    result = restored(data, tmp_path).read_new(tmp_path / "k.csv").apply(Fitted(data))
    x = data.task.target.double().numpy()  # standardised
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
    counts = data.task.counts()
    assert counts["distinct_tracks"] == 53542
    assert (counts["train_rows"], counts["test_rows"]) == (40000, 13542)
    finding = {f.check: f for f in data.task.audit(None)}["share_of_two_widest"]
    assert finding.value == approx(0.98, abs=0.005)


@pytest.mark.data
def test_the_published_elbow_is_found_again(real_data: Path, tmp_path: Path) -> None:
    root = real_data / "spotify-mpd-track-features"
    x = ready(root, tmp_path, scaling="none", n_train=40000).splits["train"].x.numpy()
    for k, reported in ((2, 662949), (3, 402550), (6, 220134), (9, 153473), (13, 114260)):
        assert kmeans(x, k).inertia == approx(reported, rel=0.01)
