from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from muso_exp.features.tracks import FEATURES
from muso_exp.simulation.playlists import (
    audio_features,
    far_apart,
    write_many_likes,
    write_playlists,
)
from muso_exp.simulation.world import World, simulate_world


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(n_users=30, n_artists=300, n_genres=6, seed=0, styles_per_genre=3)


def test_every_feature_lies_in_its_documented_range() -> None:
    factors = np.random.default_rng(0).normal(size=(500, 4))
    table = audio_features(factors, 0.35, np.random.default_rng(1))
    assert set(table) == set(FEATURES)
    assert all(FEATURES[name].contains(table[name].to_numpy()).all() for name in table)


def test_the_sound_follows_taste_as_much_as_asked() -> None:
    factors = np.random.default_rng(0).normal(size=(4000, 2))

    def explained(taste: float) -> float:
        table = audio_features(factors, taste, np.random.default_rng(1))
        rank = table["valence"].rank().to_numpy()
        basis = np.column_stack([factors, np.ones(len(factors))])
        residual = rank - basis @ np.linalg.lstsq(basis, rank, rcond=None)[0]
        return 1 - residual.var() / rank.var()

    assert explained(0.0) < 0.01
    assert 0.25 < explained(0.35) < 0.45
    assert explained(1.0) > 0.9


def test_the_files_look_like_the_real_exports(world: World, tmp_path: Path) -> None:
    write_playlists(world, tmp_path, [60, 40], n_new=20, taste=0.35, seed=0)
    a, b = (pd.read_csv(tmp_path / f"user_{name}_likes.csv") for name in "ab")
    new = pd.read_csv(tmp_path / "new" / "tracks.csv")
    assert (len(a), len(b), len(new)) == (60, 40, 20)
    assert {"id", "track.name", "primary_artist"} | set(FEATURES) == set(a.columns)
    assert a["id"].str.len().eq(22).all() and not a["id"].duplicated().any()
    assert not set(new["id"]) & (set(a["id"]) | set(b["id"]))
    both = a.merge(b, on="id")
    assert (both["tempo_x"] == both["tempo_y"]).all()


def test_the_same_seed_writes_the_same_files(world: World, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_playlists(world, tmp_path / name, [60, 40], n_new=20, taste=0.35, seed=3)
    one, two = (tmp_path / name / "user_a_likes.csv" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_the_two_users_are_busy_and_differ(world: World) -> None:
    first, second = far_apart(world)
    n_tracks = np.diff(world.plays.indptr)
    assert first != second
    assert min(n_tracks[first], n_tracks[second]) >= np.sort(n_tracks)[-3]


def test_many_users_likes_stand_in_one_table(world: World, tmp_path: Path) -> None:
    write_many_likes(world, tmp_path, n_lists=7, n_liked=25, taste=0.35, seed=0)
    likes = pd.read_csv(tmp_path / "likes.csv")
    assert set(likes["user"]) == {f"user {n}" for n in range(7)}
    assert likes.groupby("user").size().max() <= 25
    assert not likes.duplicated(["user", "id"]).any()
    assert (likes.groupby("id")["tempo"].nunique() == 1).all()
