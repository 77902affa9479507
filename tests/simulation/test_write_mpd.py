import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from muso_exp.simulation.mpd import CATEGORIES, write_mpd
from muso_exp.simulation.world import World, simulate_world


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(n_users=20, n_artists=80, n_genres=6, seed=3)


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mpd")
    write_mpd(world, path, n_playlists=1200, n_challenge=20, taste=0.35, seed=3)
    return path


def playlists(folder: Path, pattern: str) -> list[dict[str, Any]]:
    files = sorted(folder.glob(pattern), key=lambda path: len(path.name))
    return [p for path in files for p in json.loads(path.read_text())["playlists"]]


def test_slices_hold_a_thousand_playlists_each(folder: Path) -> None:
    names = {path.name for path in folder.glob("mpd.slice*")}
    assert names == {"mpd.slice.0-999.json", "mpd.slice.1000-1199.json"}
    assert [p["pid"] for p in playlists(folder, "mpd.slice*")] == list(range(1200))


def test_lengths_are_like_those_of_the_mpd(folder: Path) -> None:
    lengths = [p["num_tracks"] for p in playlists(folder, "mpd.slice*")]
    assert min(lengths) >= 5 and max(lengths) <= 250
    assert 40 <= np.median(lengths) <= 60


def test_counts_are_those_of_the_tracks(folder: Path) -> None:
    for playlist in playlists(folder, "mpd.slice*")[:50]:
        tracks = playlist["tracks"]
        assert playlist["num_tracks"] == len(tracks)
        assert playlist["num_artists"] == len({track["artist_uri"] for track in tracks})
        assert playlist["duration_ms"] == sum(track["duration_ms"] for track in tracks)
        assert [track["pos"] for track in tracks] == list(range(len(tracks)))


def test_the_challenge_has_ten_kinds_of_seeds(folder: Path) -> None:
    asked = playlists(folder, "challenge_set.json")
    truth = {p["pid"]: p for p in playlists(folder, "challenge_truth.json")}
    known = {t["track_uri"] for p in playlists(folder, "mpd.slice*") for t in p["tracks"]}
    for number, playlist in enumerate(asked):
        n_seeds, titled, at_random = CATEGORIES[number // 2]
        hidden = truth[playlist["pid"]]["tracks"]
        places = [track["pos"] for track in playlist["tracks"]]
        assert playlist["num_samples"] == len(places) == n_seeds
        assert ("name" in playlist) == titled
        assert (places != list(range(n_seeds))) == at_random
        assert playlist["num_holdouts"] == len(hidden) >= 5
        assert playlist["num_tracks"] == n_seeds + len(hidden)
        assert {track["track_uri"] for track in hidden} <= known


def test_a_playlist_has_a_theme(world: World, folder: Path) -> None:
    factors = world.catalogue.track_factors
    everything = factors.std(axis=0).mean()
    spreads = []
    for playlist in playlists(folder, "mpd.slice*")[:100]:
        numbers = [int(track["track_uri"][-19:]) for track in playlist["tracks"]]
        spreads.append(factors[numbers].std(axis=0).mean())
    assert np.mean(spreads) < 0.75 * everything


def test_names_are_genres_moods_and_hardly_any(folder: Path) -> None:
    names = {p["name"] for p in playlists(folder, "mpd.slice*")}
    assert {"chill", " ", "🎶"} <= names


def test_most_tracks_have_features(folder: Path) -> None:
    table = pd.read_csv(folder / "track_features.csv")
    known = {t["track_uri"] for p in playlists(folder, "mpd.slice*") for t in p["tracks"]}
    assert 0.95 < len(table) / len(known) < 0.98
    assert {f"spotify:track:{name}" for name in table["id"]} <= known


def test_the_same_seed_gives_the_same_bytes(world: World, folder: Path, tmp_path: Path) -> None:
    write_mpd(world, tmp_path, n_playlists=1200, n_challenge=20, taste=0.35, seed=3)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


@pytest.mark.parametrize("sizes", [(0, 10), (5, 9)])
def test_too_few_playlists_are_refused(
    world: World, sizes: tuple[int, int], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="1 playlist and 10 of the challenge are needed at least"):
        write_mpd(world, tmp_path, *sizes, taste=0.35, seed=0)
