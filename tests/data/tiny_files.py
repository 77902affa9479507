"""Data sets small enough to check by hand, in the published formats."""

import csv
import itertools
import json
from pathlib import Path
from typing import Any

from made import made

from muso_exp.data.hetrec import HetRec
from muso_exp.data.muso import MuSo

CONF = Path(__file__).parents[2] / "conf" / "dataset"

# A chain of seven, a b x c y z d, with the further friendships a-c and c-d; x, y, z are dropped.
CHAIN = ["a", "b", "x", "c", "y", "z", "d"]
FRIENDS = [*itertools.pairwise(CHAIN), ("a", "c"), ("c", "d")]
DOS = {
    "train": [[0, 1, 1, 4], [1, 0, 2, 3], [1, 2, 0, 1], [4, 3, 1, 0]],
    "test": [[0, 1, 9], [1, 0, 3], [9, 3, 0]],
}


def user(artists: dict, albums: dict, tracks: dict, tags: dict) -> dict[str, dict[str, int]]:
    names = ("top_artists", "top_albums", "top_tracks", "top_tags")
    return dict(zip(names, (artists, albums, tracks, tags), strict=True))


LISTENING = {
    "train": {
        "a": user({"NA": 4, "null": 2}, {"x": 1}, {"t": 3}, {"rock": 10, "pop": 5}),
        "b": user({"None": 3}, {"y": 2}, {"t": 1, 'u "v"': 1}, {"pop": 7}),
        "c": user({"NA": 1, "None": 3}, {"x": 2, "y": 1}, {"w": 2}, {"rock": 1, "jazz": 2}),
        "d": user({"null": 9}, {"y": 4}, {"t": 2, "w": 1}, {"jazz": 6}),
    },
    "test": {
        "e": user({"NA": 3, "new": 1}, {"x": 1}, {"t": 5}, {"rock": 2}),
        "f": user({"null": 1}, {"y": 1, "z": 3}, {"w": 1}, {"pop": 1, "odd": 3}),
        "g": user({"None": 2}, {"y": 1}, {"t": 1}, {"odd": 4}),
    },
}


def write_matrix(path: Path, users: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user", *users])
        writer.writerows([name, *row] for name, row in zip(users, rows, strict=True))


def write_muso_files(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for split, listening in LISTENING.items():
        (folder / f"{split}_listening.json").write_text(json.dumps(listening, indent=1))
        write_matrix(folder / f"{split}_dos.csv", list(listening), DOS[split])
    return folder


def write_chain(folder: Path, split: str, chain: list[str], friends: list[tuple]) -> None:
    rows = "".join(f"{position},{name}\n" for position, name in enumerate(chain))
    (folder / f"{split}_chain.csv").write_text("position,user\n" + rows)
    rows = "".join(f"{one},{other}\n" for one, other in friends)
    (folder / f"{split}_friends.csv").write_text("user,friend\n" + rows)


# A ring of ten users 1..10 and user 11 without friends; user u plays artists u and u + 1.
RING = range(1, 11)


def hetrec_rows() -> dict[str, list[list[Any]]]:
    friends = [[u, v] for u in RING for v in (u % 10 + 1, (u - 2) % 10 + 1)]
    names = ["NA", 'the "x"', "null", *(f"artist {i}" for i in range(4, 14))]
    users = [*RING, 11]
    return {
        "user_friends": [["userID", "friendID"], *friends],
        "user_artists": [
            ["userID", "artistID", "weight"],
            *([u, u + step, 10 * u + step] for u in users for step in (0, 1)),
        ],
        "user_taggedartists": [
            ["userID", "artistID", "tagID", "day", "month", "year"],
            *([u, u, u % 3 + 1, 1, 4, 2009] for u in users),
            *([u, u + 1, 1, 1, 4, 2009] for u in users),
            [1, 99, 1, 1, 4, 2009],
        ],
        "artists": [
            ["id", "name", "url", "pictureURL"],
            *([i, name, "", ""] for i, name in enumerate(names, start=1)),
        ],
        "tags": [["tagID", "tagValue"], [1, "tropicália"], [2, "rock"], [3, "NA"]],
    }


def write_hetrec_files(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in hetrec_rows().items():
        write_dat(folder / f"{name}.dat", rows)
    return folder


def write_dat(path: Path, rows: list[list[Any]]) -> None:
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path.write_bytes(text.encode("iso-8859-1" if path.name == "tags.dat" else "utf-8"))


def muso(root: Path | None, **overrides: Any) -> MuSo:
    data = made("muso", root, **{"cache": "unused-cache", **overrides})
    data.prepare_data()
    data.setup("fit")
    return data


def hetrec(root: Path | None, **overrides: Any) -> HetRec:
    data = made("hetrec", root, **{"cache": "unused-cache", **overrides})
    data.prepare_data()
    data.setup("fit")
    return data
