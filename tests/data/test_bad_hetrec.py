"""Whatever is wrong with a HetRec file ends in one line that says where, what and what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damage import Damage, cut_gzip, fails, written
from tiny_files import hetrec, hetrec_rows, write_dat, write_hetrec_files

from muso_exp.errors import ConfigError


def changed(name: str, change: Callable[[list[list[Any]]], Any]) -> Damage:
    def damage(folder: Path) -> None:
        rows = hetrec_rows()[name]
        change(rows)
        write_dat(folder / f"{name}.dat", rows)

    return damage


HETREC: dict[str, tuple[Damage, str]] = {
    "wrong header": (
        changed("user_artists", lambda rows: rows[0].__setitem__(2, "plays")),
        "user_artists.dat, line 1: the header must be userID <tab> artistID <tab> weight, got",
    ),
    "wrong column count": (
        changed("user_artists", lambda rows: rows[3].append(7)),
        r"user_artists.dat, line 4: a row has 3 tab-separated columns, .* 4, got '2\\t2\\t20\\t7'",
    ),
    "no rows": (written("artists.dat", "id\tname\turl\tpictureURL\n"), "artists.dat: no rows"),
    "empty file": (written("artists.dat", ""), "artists.dat: the file is empty; copy it anew"),
    "empty line": (
        changed("user_friends", lambda rows: rows.insert(2, [""])),
        "user_friends.dat, line 3: a row has 2 tab-separated columns, this one 1, got ''",
    ),
    "plays negative": (
        changed("user_artists", lambda rows: rows[2].__setitem__(2, -1)),
        "user_artists.dat, line 3, column weight: a whole number >= 1 is needed, got '-1'",
    ),
    "plays zero": (changed("user_artists", lambda rows: rows[2].__setitem__(2, 0)), "got '0'"),
    "plays nan": (changed("user_artists", lambda rows: rows[2].__setitem__(2, "nan")), "got 'nan'"),
    "plays bool": (
        changed("user_artists", lambda rows: rows[2].__setitem__(2, "True")),
        "line 3, column weight: a whole number >= 1 is needed, got 'True'",
    ),
    "plays text": (changed("user_artists", lambda rows: rows[2].__setitem__(2, "x")), "got 'x'"),
    "plays fraction": (
        changed("user_artists", lambda rows: rows[2].__setitem__(2, "1.5")),
        "line 3, column weight: a whole number >= 1 is needed, got '1.5'",
    ),
    "duplicate user and artist": (
        changed("user_artists", lambda rows: rows.append([1, 1, 5])),
        "user_artists.dat, line 24: second row of the same userID, artistID, got '1 1'; keep one",
    ),
    "artist not listed": (
        changed("user_artists", lambda rows: rows[1].__setitem__(1, 77)),
        "user_artists.dat, line 2, column artistID: not in artists.dat, got 77; add it",
    ),
    "artist listed twice": (
        changed("artists", lambda rows: rows[2].__setitem__(0, 1)),
        "artists.dat, line 3: second row of the same id, got '1'; keep one",
    ),
    "friends of unknown users": (
        changed("user_friends", lambda rows: rows.append([1, 500])),
        "user_friends.dat, line 22, column friendID: not in user_artists.dat, got 500; add it to",
    ),
    "friendship in one direction": (
        changed("user_friends", lambda rows: rows.append([1, 5])),
        "user_friends.dat, line 22: a friendship is .* both directions, got '1 5'; add the other",
    ),
    "friend of himself": (
        changed("user_friends", lambda rows: rows.append([3, 3])),
        "user_friends.dat, line 22: a friendship is of two different users .* got '3 3'",
    ),
    "friendship twice": (
        changed("user_friends", lambda rows: rows.append([1, 2])),
        "user_friends.dat, line 22: second row of the same userID, friendID, got '1 2'",
    ),
    "tagging by unknown user": (
        changed("user_taggedartists", lambda rows: rows.append([500, 1, 1, 1, 1, 2009])),
        "user_taggedartists.dat, line 25, column userID: not in user_artists.dat, got 500",
    ),
    "tagging with unknown tag": (
        changed("user_taggedartists", lambda rows: rows.append([1, 1, 50, 1, 1, 2009])),
        "user_taggedartists.dat, line 25, column tagID: not in tags.dat, got 50",
    ),
    "tags in utf-8": (
        written("tags.dat", "tagID\ttagValue\n1\ttropicália\n2\trock\n3\tNA\n"),
        r"tags.dat, line 2: UTF-8, not iso-8859-1, got '1\\ttropicália'; .*tags_encoding=utf-8",
    ),
    "gzip cut off": (cut_gzip("user_friends.dat"), "user_friends.dat.gz: damaged gzip file"),
    "artists in latin-1": (
        written("artists.dat", "id\tname\turl\tpictureURL\n1\tBjörk\t\t\n".encode("latin-1")),
        r"artists.dat, line 2: not utf-8, got b'\\xf6'; save it as UTF-8",
    ),
    "no user gave a tag": (
        changed("user_taggedartists", lambda rows: rows.__setitem__(slice(1, -1), [])),
        "user_artists.dat: no train user has a tag; leave tag out of dataset.categories",
    ),
}


@pytest.mark.parametrize("case", HETREC)
def test_hetrec_file_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    folder = write_hetrec_files(tmp_path / "hetrec")
    damage, match = HETREC[case]
    damage(folder)
    fails(hetrec, folder, match, test_users=0.4, val_users=0.0)


def test_latin1_tags_are_refused_where_utf8_is_asked_for(tmp_path: Path) -> None:
    folder = write_hetrec_files(tmp_path / "hetrec")
    match = r"tags.dat, line 2: not utf-8, got b'\\xe1'; set dataset.tags_encoding"
    fails(hetrec, folder, match, tags_encoding="utf-8")


@pytest.mark.parametrize("share", [-0.1, 1.0, 0.02, 0.95])
def test_a_share_that_leaves_no_pair_is_refused(share: float, tmp_path: Path) -> None:
    folder = write_hetrec_files(tmp_path / "hetrec")
    with pytest.raises(ConfigError, match=f"test_users={share}: "):
        hetrec(folder, test_users=share, val_users=0.0)
