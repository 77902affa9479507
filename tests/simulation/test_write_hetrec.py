from pathlib import Path

import numpy as np
import pytest

from muso_exp.simulation.hetrec import write_hetrec
from muso_exp.simulation.world import World, simulate_world

HEADERS = {
    "user_friends": ["userID", "friendID"],
    "user_artists": ["userID", "artistID", "weight"],
    "user_taggedartists": ["userID", "artistID", "tagID", "day", "month", "year"],
    "artists": ["id", "name", "url", "pictureURL"],
    "tags": ["tagID", "tagValue"],
}


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(n_users=300, n_artists=2000, n_genres=6, seed=1)


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hetrec")
    write_hetrec(world, folder)
    return folder


def rows(folder: Path, name: str) -> list[list[str]]:
    encoding = "iso-8859-1" if name == "tags" else "utf-8"
    text = (folder / f"{name}.dat").read_bytes().decode(encoding)
    assert text.endswith("\n") and "\r" not in text
    header, *lines = [line.split("\t") for line in text[:-1].split("\n")]
    assert header == HEADERS[name]
    assert {len(line) for line in lines} == {len(header)}
    return lines


def numbers(folder: Path, name: str) -> np.ndarray:
    return np.array(rows(folder, name), dtype=np.int64)


def test_each_friendship_stands_in_both_directions(world: World, folder: Path) -> None:
    pairs = {tuple(pair) for pair in numbers(folder, "user_friends").tolist()}
    assert pairs == {(b, a) for a, b in pairs}
    assert len(pairs) == world.friends.nnz


def test_users_have_at_most_fifty_artists_the_most_played(world: World, folder: Path) -> None:
    table = numbers(folder, "user_artists")
    assert np.unique(table[:, 0], return_counts=True)[1].max() == 50
    mine = table[table[:, 0] == 1]
    plays = np.sort(world.artist_plays()[0].toarray().ravel())[::-1]
    assert mine[:, 2].tolist() == plays[: len(mine)].tolist()


def test_users_tag_artists_they_play_with_tags_those_artists_have(
    world: World, folder: Path
) -> None:
    taggings = numbers(folder, "user_taggedartists")
    played = {tuple(pair) for pair in numbers(folder, "user_artists")[:, :2].tolist()}
    assert {tuple(pair) for pair in taggings[:, :2].tolist()} <= played
    weights = world.catalogue.artist_tags[taggings[:, 1] - 1, taggings[:, 2] - 1]
    assert np.asarray(weights).min() >= 1
    assert len(np.unique(taggings[:, :3], axis=0)) == len(taggings)


def test_every_user_tags_something(world: World, folder: Path) -> None:
    assert len(np.unique(numbers(folder, "user_taggedartists")[:, 0])) == world.n_users


def test_listed_artists_are_those_somebody_plays(folder: Path) -> None:
    listed = [int(row[0]) for row in rows(folder, "artists")]
    assert listed == np.unique(numbers(folder, "user_artists")[:, 1]).tolist()


def test_awkward_names_are_written_as_they_are(world: World, folder: Path) -> None:
    names = {int(row[0]): row[1] for row in rows(folder, "artists")}
    assert all(names[a] == world.catalogue.artist_names[a - 1] for a in names)
    assert "NA" in names.values()


def test_tags_are_latin_1_and_not_utf_8(folder: Path) -> None:
    assert any("ö" in row[1] for row in rows(folder, "tags"))
    with pytest.raises(UnicodeDecodeError):
        (folder / "tags.dat").read_bytes().decode("utf-8")
