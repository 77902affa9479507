"""The simulated feature table is read by the reader of the real one, and resembles it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from muso_exp.features.tracks import FEATURES
from muso_exp.formats.feature_table import find_feature_table, read_feature_table
from muso_exp.simulation.track_features import COLUMNS, write_track_features
from muso_exp.simulation.world import World, simulate_world


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(n_users=20, n_artists=60, n_genres=12)


def test_the_table_has_the_columns_of_the_real_one_and_passes_its_reader(
    world: World, tmp_path: Path
) -> None:
    write_track_features(world, tmp_path, 500, 0.35, seed=0)
    header = list(pd.read_csv(find_feature_table(tmp_path), nrows=1))
    assert header == ["id", *COLUMNS] and set(COLUMNS) == set(FEATURES)
    table = read_feature_table(find_feature_table(tmp_path), COLUMNS)
    assert len(table) == table["id"].nunique() == 500


def test_key_and_loudness_hold_nearly_all_of_the_variance_as_in_the_real_table(
    world: World, tmp_path: Path
) -> None:
    write_track_features(world, tmp_path, 2000, 0.35, seed=0)
    spread = read_feature_table(find_feature_table(tmp_path), COLUMNS)[list(COLUMNS[:10])].var()
    assert 0.95 < spread[["key", "loudness"]].sum() / spread.sum() < 1


def test_the_same_seed_writes_the_same_bytes(world: World, tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / name).mkdir()
        write_track_features(world, tmp_path / name, 50, 0.35, seed)
    a, b, c = ((tmp_path / n / "track_features.csv.gz").read_bytes() for n in "abc")
    assert a == b != c


@pytest.mark.parametrize("n_tracks", [0, 10**7])
def test_only_tracks_that_are_there_can_be_written(
    world: World, tmp_path: Path, n_tracks: int
) -> None:
    with pytest.raises(ValueError, match=f"{n_tracks} tracks are asked for, the world has"):
        write_track_features(world, tmp_path, n_tracks, 0.35, seed=0)


@pytest.mark.data
def test_simulated_marginals_lie_near_the_real_ones(
    world: World, tmp_path: Path, real_data: Path
) -> None:
    write_track_features(world, tmp_path, 2000, 0.35, seed=0)
    ours = read_feature_table(find_feature_table(tmp_path), COLUMNS)
    real = pd.read_csv(real_data / "spotify-mpd-track-features" / "track_features.csv.gz")
    for name in ("danceability", "energy", "valence", "key", "tempo"):
        gap = abs(ours[name].mean() - real[name].mean()) / np.std(real[name])
        assert gap < 0.5, name
