"""The files of HetRec 2011 Last.fm-2k: friendships, artist plays, tags."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.errors import DataFormatError
from muso_exp.formats.tables import (
    exactly,
    read_table,
    refuse_duplicates,
    refuse_unknown,
    whole_numbers,
)
from muso_exp.formats.text import read_text

COLUMNS = {
    "user_friends": ["userID", "friendID"],
    "user_artists": ["userID", "artistID", "weight"],
    "user_taggedartists": ["userID", "artistID", "tagID", "day", "month", "year"],
    "artists": ["id", "name", "url", "pictureURL"],
    "tags": ["tagID", "tagValue"],
}
WANTED = {name: (f"{name}.dat",) for name in COLUMNS}
ENCODING_OPTION = "dataset.tags_encoding"


@dataclass(frozen=True)
class HetRecTables:
    """The five files, checked, users and items as indices.

    Attributes:
        users: user numbers of the files, ascending, n_users of them.
        friends: symmetric friendships, shape (n_users, n_users), bool.
        plays: artist plays, shape (n_users, n_artists).
        artists: names, n_artists of them.
        taggings: (user, artist, tag) indices of each assignment, shape (n_assignments, 3).
        tags: names, n_tags of them.
        n_unlisted: assignments left out because artists.dat does not list the artist.
    """

    users: np.ndarray
    friends: csr_matrix
    plays: csr_matrix
    artists: list[str]
    taggings: np.ndarray
    tags: list[str]
    n_unlisted: int


def read_hetrec(
    files: Mapping[str, Path], tags_encoding: str, option: str = ENCODING_OPTION
) -> HetRecTables:
    """Read and check the five files.

    Args:
        files: their paths, by name.
        tags_encoding: of tags.dat.
        option: that sets it, named in errors.

    Raises:
        DataFormatError: a file breaks its format, or names users, artists or tags that it may not.
    """
    artist_ids, artists = _read_names(files["artists"], "artists", "utf-8", "save it as UTF-8")
    _refuse_other_encoding(files["tags"], tags_encoding, option)
    tag_ids, tags = _read_names(files["tags"], "tags", tags_encoding, f"set {option}")
    heard = _read_plays(files["user_artists"], artist_ids, files["artists"].name)
    users = np.unique(heard["userID"].to_numpy())
    friends = _read_friends(files["user_friends"], users, files["user_artists"].name)
    taggings, n_unlisted = _read_taggings(files, users, artist_ids, tag_ids)
    cells = (np.searchsorted(users, heard["userID"]), _index(artist_ids, heard["artistID"]))
    plays = csr_matrix((heard["weight"].astype(float), cells), shape=(len(users), len(artists)))
    return HetRecTables(users, friends, plays, artists, taggings, tags, n_unlisted)


def content_hash(files: Mapping[str, Path]) -> str:
    """Return the sha256 of the five files' text, whatever their line ends, names or compression."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(read_text(files[name], "iso-8859-1").encode("iso-8859-1"))
    return digest.hexdigest()


def _read(
    path: Path, name: str, encoding: str = "utf-8", fix: str = "save it as UTF-8"
) -> pd.DataFrame:
    header = exactly(path, COLUMNS[name], "\t")
    return read_table(path, header, "\t", encoding=encoding, fix=fix)


def _read_names(path: Path, name: str, encoding: str, fix: str) -> tuple[np.ndarray, list[str]]:
    """Return ids, ascending, shape (n,), and the name of each."""
    id_column, name_column = COLUMNS[name][:2]
    table = _read(path, name, encoding, fix)
    ids = table[id_column] = whole_numbers(path, table, id_column)
    refuse_duplicates(path, table, [id_column], "keep one")
    order = np.argsort(ids)
    return ids[order], table[name_column].iloc[order].tolist()


def _refuse_other_encoding(path: Path, encoding: str, option: str) -> None:
    """Refuse a tags file that is multi-byte UTF-8 but would be read as single bytes.

    Every byte string is valid ISO-8859-1, so that reading UTF-8 as such would spoil names silently.
    """
    text = read_text(path, "iso-8859-1")
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8") or text.isascii():
        return
    try:
        decoded = text.encode("iso-8859-1").decode("utf-8")
    except UnicodeDecodeError:
        return
    lines = zip(text.split("\n"), decoded.split("\n"), strict=True)
    line, value = next((n, b) for n, (a, b) in enumerate(lines, start=1) if a != b)
    fix = f"set {option}=utf-8"
    raise DataFormatError(path, f"UTF-8, not {encoding}", line=line, value=value, fix=fix)


def _read_plays(path: Path, artist_ids: np.ndarray, artists_file: str) -> pd.DataFrame:
    table = _read(path, "user_artists")
    for column, least in (("userID", 0), ("artistID", 0), ("weight", 1)):
        table[column] = whole_numbers(path, table, column, least)
    refuse_unknown(path, table, "artistID", artist_ids, artists_file)
    refuse_duplicates(path, table, ["userID", "artistID"], "keep one, or add the plays")
    return table


def _read_friends(path: Path, users: np.ndarray, users_file: str) -> csr_matrix:
    table = _read(path, "user_friends")
    for column in COLUMNS["user_friends"]:
        table[column] = whole_numbers(path, table, column)
        refuse_unknown(path, table, column, users, users_file)
    refuse_duplicates(path, table, COLUMNS["user_friends"], "keep one")
    first, second = (np.searchsorted(users, table[c]) for c in COLUMNS["user_friends"])
    size = (len(users), len(users))
    friends = csr_matrix((np.ones(len(table), dtype=bool), (first, second)), shape=size)
    alone = (first == second) | ~np.asarray(friends[second, first]).ravel()
    if alone.any():
        row = int(np.argmax(alone))
        line = int(table.index[row])
        value = " ".join(str(number) for number in table.iloc[row])
        need = "a friendship is of two different users and stands in both directions"
        raise DataFormatError(path, need, line=line, value=value, fix="add the other direction")
    return friends


def _read_taggings(
    files: Mapping[str, Path], users: np.ndarray, artist_ids: np.ndarray, tag_ids: np.ndarray
) -> tuple[np.ndarray, int]:
    """Return (user, artist, tag) indices, shape (n, 3), and how many have an unlisted artist.

    The published file has assignments to 390 artists that artists.dat does not list.
    """
    path = files["user_taggedartists"]
    table = _read(path, "user_taggedartists")
    for column in ("userID", "artistID", "tagID"):
        table[column] = whole_numbers(path, table, column)
    refuse_unknown(path, table, "userID", users, files["user_artists"].name)
    refuse_unknown(path, table, "tagID", tag_ids, files["tags"].name)
    refuse_duplicates(path, table, ["userID", "artistID", "tagID"], "keep one")
    listed = table[np.isin(table["artistID"].to_numpy(dtype=np.int64), artist_ids)]
    indices = [
        np.searchsorted(users, listed["userID"]),
        _index(artist_ids, listed["artistID"]),
        _index(tag_ids, listed["tagID"]),
    ]
    return np.stack(indices, axis=1), len(table) - len(listed)


def _index(ids: np.ndarray, values: pd.Series) -> np.ndarray:
    return np.searchsorted(ids, values.to_numpy(dtype=np.int64))
