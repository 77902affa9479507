"""The loss on dev beside that of the test songs, and where a model fails."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from tiny_songs import ANSWER, Zeros, ready, table, write_songs

from muso_exp.data.spectra import Spectra
from muso_exp.tasks.feature_regression.trends import failure_trends


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Spectra:
    return ready(write_songs(tmp_path_factory.mktemp("songs"), 60), cache)


def test_the_dev_loss_of_the_train_mean_is_the_mean_square_of_the_dev_songs(data: Spectra) -> None:
    (dev,) = data.task.extra
    metrics = dev.metrics()
    metrics.update(**dev.ask(Zeros()), target=dev.target)
    raw, rows = data.table[data.features].to_numpy(), data.parts
    train = raw[rows["train"]]
    expected = (((raw[rows["val"]] - train.mean(axis=0)) / train.std(axis=0)) ** 2).mean()
    assert float(metrics.compute()["dev_mse"]) == approx(expected, rel=1e-5)
    assert len(dev.units) == len(rows["val"]) == 12


def test_the_null_models_of_dev_are_those_of_the_test_songs(data: Spectra) -> None:
    (dev,) = data.task.extra
    assert set(dev.nulls()) == set(data.task.nulls()) == {"train_mean", "level", "artist_mean"}
    assert dev.nulls()["level"]["preds"].shape == dev.target.shape


def trends(data: Spectra, errors: np.ndarray) -> pd.DataFrame:
    found = failure_trends(data.task.songs, errors, data.task.units, ANSWER.bootstrap).table
    assert found is not None
    return found.set_index(["of", "group"])


def test_a_group_is_shown_with_the_error_of_its_songs(tmp_path: Path, cache: Path) -> None:
    data = ready(write_songs(tmp_path, 60), cache, split={"test_share": 0.5})
    test = data.part("test")
    rock = (test["genre"] == "rock").to_numpy()
    errors = np.zeros((30, 11))
    errors[rock] = 2.0
    found = trends(data, errors)
    assert found.loc[("genre", "rock"), "squared error"] == 2
    assert found.loc[("genre", "classical"), "squared error"] == 0
    assert found.loc[("genre", "rock"), "songs"] == rock.sum()


def test_a_feature_is_grouped_by_its_true_value(tmp_path: Path, cache: Path) -> None:
    data = ready(write_songs(tmp_path, 60), cache, split={"test_share": 0.5})
    energy = data.part("test")["energy"].to_numpy()
    errors = np.zeros((30, 11))
    errors[:, 1] = energy > np.quantile(energy, 2 / 3)
    found = trends(data, errors)
    thirds = ["lowest third", "middle third", "highest third"]
    assert [found.loc[("energy", third), "squared error"] for third in thirds] == [0, 0, 1]
    assert found.loc[("energy", "highest third"), "worst feature"] == "energy"
    assert found.loc[("tempo", "lowest third"), "squared error"] == 0


def test_groups_of_few_songs_are_left_out(data: Spectra) -> None:
    found = trends(data, np.ones((6, 11)))  # of 6 test songs a third has 2
    assert set(found["songs"]) <= {5, 6}
    assert not any("third" in group for _, group in found.index)


def test_new_songs_are_set_beside_the_whole_table(tmp_path: Path, cache: Path) -> None:
    songs = write_songs(tmp_path / "songs")
    more = table(40)  # 10 more without sound
    more.to_csv(songs / "track_features.csv", index=False)
    data = ready(songs, cache)
    assert data.known["id"].tolist() == more["id"].tolist()
    assert data.known["artist"][3] == "artist 1"  # of the manifest
    only = ready(songs, cache, nearest_among="train")
    assert only.known["id"].tolist() == only.part("train")["id"].tolist()
    again = ready(songs, cache)
    again.load_state_dict(data.state_dict())
    pd.testing.assert_frame_equal(again.known, data.known)


def test_the_known_songs_of_an_older_checkpoint_are_read(data: Spectra) -> None:
    saved = data.state_dict()
    del saved["known_values"]
    saved["known"] = data.known.to_dict("list")
    data.load_state_dict(saved)
    assert data.known[data.features].notna().all(axis=None)


def test_rows_without_a_feature_are_left_out_and_counted(tmp_path: Path, cache: Path) -> None:
    songs = write_songs(tmp_path / "songs")
    content = table()
    content.loc[4, "energy"] = np.nan
    content.to_csv(songs / "track_features.csv", index=False)
    data = ready(songs, cache, bad_rows="drop")
    assert len(data.table) == 29
    findings = {finding.check: finding for finding in data.task.audit(ANSWER)}
    assert findings["bad_rows"].value == 1
