"""The world as LFM-1b, Taste Profile and Million Song Dataset files."""

import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from muso_exp.features.matching import METHODS, match_songs
from muso_exp.simulation.lfm1b import END, START, write_lfm1b
from muso_exp.simulation.msd import SPELLINGS, msd_track_id, respell, song_id
from muso_exp.simulation.taste_profile import write_taste_profile
from muso_exp.simulation.world import World, simulate_world

EVENTS = ["user", "artist", "album", "track", "time"]


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(40, 80, 4, seed=3, styles_per_genre=2)


@pytest.fixture(scope="module")
def lfm(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lfm")
    write_lfm1b(world, folder)
    return folder


def events(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "LFM-1b_LEs.txt", sep="\t", names=EVENTS)


def test_the_log_holds_every_play_of_the_world_once(world: World, lfm: Path) -> None:
    log = events(lfm)
    assert len(log) == world.plays.sum()
    per_user = np.asarray(world.plays.sum(axis=1)).ravel()
    counted = np.bincount(log["user"] - 1, minlength=world.n_users)
    assert (counted == per_user).all()


def test_a_users_plays_come_in_order_of_time_within_the_half_year(lfm: Path) -> None:
    log = events(lfm)
    assert log["time"].between(START, END).all()
    same_user = log["user"].diff() == 0
    assert (log["time"].diff()[same_user] >= 0).all()
    assert log["user"].is_monotonic_increasing


def test_albums_and_artists_are_those_of_the_track(world: World, lfm: Path) -> None:
    log = events(lfm)
    own = log[log["track"] <= len(world.catalogue.track_artist)]
    assert (world.catalogue.track_artist[own["track"] - 1] + 1 == own["artist"]).all()
    assert (world.catalogue.track_album[own["track"] - 1] + 1 == own["album"]).all()


def test_twins_share_artist_and_title_up_to_case(world: World, lfm: Path) -> None:
    names = ["track", "title", "artist"]
    tracks = pd.read_csv(lfm / "LFM-1b_tracks.txt", sep="\t", names=names, quoting=3)
    n_tracks = len(world.catalogue.track_artist)
    twins = tracks[tracks["track"] > n_tracks]
    known = set(zip(tracks["artist"][:n_tracks], tracks["title"][:n_tracks].str.lower()))  # noqa: B905
    assert 0.05 < len(twins) / n_tracks < 0.11
    assert set(zip(twins["artist"], twins["title"].str.lower())) <= known  # noqa: B905
    assert set(events(lfm)["track"]) <= set(tracks["track"])


def test_every_tagged_track_is_listed_and_has_weights_to_a_hundred(lfm: Path) -> None:
    listed = {line.split("<SEP>")[0] for line in (lfm / "unique_tracks.txt").open()}
    with sqlite3.connect(lfm / "lastfm_tags.db") as connection:
        tids = {row[0] for row in connection.execute("SELECT tid FROM tids")}
        low, high = connection.execute("SELECT min(val), max(val) FROM tid_tag").fetchone()
        (tags,) = connection.execute("SELECT max(tag) FROM tid_tag").fetchone()
        (n_tags,) = connection.execute("SELECT count(*) FROM tags").fetchone()
    assert tids <= listed and len(tids) > 100
    assert 1 <= low <= high <= 100
    assert tags == n_tags


def test_the_same_world_writes_the_same_files(world: World, lfm: Path, tmp_path: Path) -> None:
    write_lfm1b(world, tmp_path)
    for name in ("LFM-1b_LEs.txt", "LFM-1b_tracks.txt", "unique_tracks.txt"):
        assert (tmp_path / name).read_bytes() == (lfm / name).read_bytes()


@pytest.mark.parametrize("kind", list(SPELLINGS))
def test_each_spelling_is_found_by_its_own_method_and_not_before(kind: str) -> None:
    catalogue = (["Café Motörblüte", "Comma"], ["Before Silent Rivers in Porto", "Y"])
    artist, title = respell(catalogue[0][0], catalogue[1][0], kind, 3)
    found = match_songs(([artist], [title]), catalogue, METHODS)
    expected = {"same": "case", "other": None}.get(kind, kind)
    assert found.target.tolist() == [0 if expected else -1]
    assert expected is None or METHODS[found.method[0]] == expected


def test_ids_have_the_published_form_and_are_distinct() -> None:
    assert {len(song_id(n)) for n in range(300)} == {17}
    assert len({song_id(n) for n in range(300)} | {msd_track_id(n, 1) for n in range(300)}) == 600


def test_the_halves_of_the_taste_profile_are_disjoint_and_of_other_users(
    world: World, tmp_path: Path
) -> None:
    write_taste_profile(world, tmp_path)
    parts = {
        path.stem.split("_")[0]: pd.read_csv(path, sep="\t", names=["user", "song", "plays"])
        for path in tmp_path.glob("*_triplets.*")
    }
    assert set(parts["visible"]["user"]) == set(parts["hidden"]["user"])
    assert not set(parts["train"]["user"]) & set(parts["hidden"]["user"])
    both = parts["visible"].merge(parts["hidden"], on=["user", "song"])
    assert len(both) == 0
    sizes = parts["visible"].groupby("user").size() - parts["hidden"].groupby("user").size()
    assert sizes.isin([0, 1]).all()
    assert all((part["plays"] >= 1).all() for part in parts.values())
