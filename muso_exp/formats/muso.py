"""The files of the MuSo document: listening as JSON, degrees of separation as a matrix."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.errors import DataFormatError
from muso_exp.formats.tables import read_cells
from muso_exp.formats.text import Pairs, first_repeat, read_json

WANTED = {
    "train_listening": ("train_listening.json", "MuSo_User_Data.json"),
    "train_dos": ("train_dos.csv", "MuSo_User_DOS.csv"),
    "test_listening": ("test_listening.json", "MuSo_Test_User_Data.json"),
    "test_dos": ("test_dos.csv", "MuSo_Test_User_DOS.csv"),
}
CATEGORIES = ("artist", "album", "track", "tag")
KEYS = {name: f"top_{name}s" for name in CATEGORIES}
MAX_PLAYS = 2**53

Counts = dict[str, dict[str, float]]  # category -> item -> plays


@dataclass(frozen=True)
class MusoUsers:
    """The users of one split, in the order of the matrix.

    Attributes:
        users: names.
        counts: per user and category, plays of each item in file order.
        distances: degrees of separation, shape (n_users, n_users), int64; -1 where not known.
    """

    users: list[str]
    counts: list[Counts]
    distances: np.ndarray


def read_users(listening: Path, matrix: Path) -> MusoUsers:
    """Read the two files of one split.

    Raises:
        DataFormatError: a file breaks its format, or the two do not hold the same users.
    """
    counts = read_listening(listening)
    users, distances = read_matrix(matrix)
    for user in users:
        if user not in counts:
            fix = f"add the user's listening to {listening.name} or remove row and column"
            raise DataFormatError(
                matrix, f"a user that {listening.name} lacks", value=user, fix=fix
            )
    for user in counts:
        if user not in users:
            fix = f"add row and column to {matrix.name} or remove the user"
            raise DataFormatError(
                listening, f"a user that {matrix.name} lacks", value=user, fix=fix
            )
    return MusoUsers(users, [counts[user] for user in users], distances)


def read_listening(path: Path, categories: Sequence[str] = CATEGORIES) -> dict[str, Counts]:
    """Return plays by user, category and item.

    Args:
        path: of the JSON file.
        categories: that each user must have.

    Raises:
        DataFormatError: a duplicate user or item, a missing or empty category, a bad play count.
    """
    users = _entries(path, read_json(path), "the file")
    return {user: _read_user(path, user, content, categories) for user, content in users}


def _read_user(path: Path, user: str, content: Any, wanted: Sequence[str]) -> Counts:
    categories = dict(_entries(path, content, f"user {user!r}"))
    counts: Counts = {}
    for name in wanted:
        key = KEYS[name]
        place = f"user {user!r}, {key}"
        if key not in categories:
            raise DataFormatError(path, f"{place}: the category is missing", fix=DROP_USER)
        items = _entries(path, categories[key], place)
        counts[name] = {item: _plays(path, f"{place}, {item!r}", value) for item, value in items}
    return counts


DROP_USER = "drop the user from listening and matrix, as the document did"


def _entries(path: Path, value: Any, place: str) -> Pairs:
    """Return a JSON object's (key, value) pairs; refuse anything else, and duplicate keys."""
    if not isinstance(value, list) or not all(isinstance(entry, tuple) for entry in value):
        raise DataFormatError(path, f"{place}: an object {{name: value}} is needed", value=value)
    if not value:
        raise DataFormatError(path, f"{place}: empty", fix=DROP_USER)
    repeat = first_repeat([key for key, _ in value])
    if repeat is not None:
        fix = "keep one of the two"
        raise DataFormatError(path, f"{place}: a name stands twice", value=repeat, fix=fix)
    return value


def _plays(path: Path, place: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < MAX_PLAYS:
        fix = "correct it, or remove the item if it was not played"
        raise DataFormatError(path, f"{place}: plays must be a number > 0", value=value, fix=fix)
    return float(value)


def read_matrix(path: Path) -> tuple[list[str], np.ndarray]:
    """Return the users and their degrees of separation, shape (n, n), int64; -1 where not known.

    A 0 between two different users means that the distance is not known.

    Raises:
        DataFormatError: header and index differ, or a value is no degree of separation.
    """
    (_, (_, *users)), *rows = read_cells(path)
    repeat = first_repeat(users)
    if repeat is not None:
        raise DataFormatError(path, "a user stands twice", line=1, value=repeat, fix="keep one")
    if len(rows) != len(users):
        need = f"{len(users)} users in the header need {len(users)} rows"
        raise DataFormatError(path, need, line=rows[-1][0], value=len(rows))
    matrix = np.empty((len(users), len(users)), dtype=np.int64)
    for i, (line, (user, *cells)) in enumerate(rows):
        if user != users[i]:
            need = f"the index must repeat the header, {users[i]!r} is next"
            raise DataFormatError(path, need, line=line, value=user)
        if len(cells) != len(users):
            need = f"{len(users)} values are needed"
            raise DataFormatError(path, need, line=line, value=len(cells))
        matrix[i] = [_degree(path, line, users[j], cell) for j, cell in enumerate(cells)]
    _refuse_strange_matrix(path, users, [line for line, _ in rows], matrix)
    matrix[(matrix == 0) & ~np.eye(len(users), dtype=bool)] = -1
    return users, matrix


def _degree(path: Path, line: int, column: str, cell: str) -> int:
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 <= value < 2**15 or value != int(value):
        need = "a degree of separation is a whole number >= 0"
        raise DataFormatError(path, need, line=line, column=column, value=cell)
    return int(value)


def _refuse_strange_matrix(
    path: Path, users: Sequence[str], lines: Sequence[int], matrix: np.ndarray
) -> None:
    on_diagonal = np.flatnonzero(np.diagonal(matrix))
    if len(on_diagonal):
        i = int(on_diagonal[0])
        need = "a user is 0 degrees from themselves"
        raise DataFormatError(path, need, line=lines[i], column=users[i], value=int(matrix[i, i]))
    uneven = np.argwhere(matrix != matrix.T)
    if len(uneven):
        i, j = (int(index) for index in uneven[0])
        need = f"the matrix must be symmetric, the mirrored value is {matrix[j, i]}"
        raise DataFormatError(path, need, line=lines[i], column=users[j], value=int(matrix[i, j]))


def content_hash(splits: Sequence[MusoUsers]) -> str:
    """Return the sha256 of plays, item names and degrees of separation, without user names."""
    digest = hashlib.sha256()
    for split in splits:
        counts = [[list(user[name].items()) for name in CATEGORIES] for user in split.counts]
        digest.update(json.dumps([counts, split.distances.tolist()]).encode())
    return digest.hexdigest()


def to_matrices(counts: Sequence[Counts]) -> tuple[dict[str, csr_matrix], dict[str, list[str]]]:
    """Return plays (n_users, n_items) and item names by category, items in order of appearance."""
    plays, items = {}, {}
    for name in CATEGORIES:
        columns: dict[str, int] = {}
        rows, cols, values = [], [], []
        for row, user in enumerate(counts):
            for item, value in user[name].items():
                rows.append(row)
                cols.append(columns.setdefault(item, len(columns)))
                values.append(value)
        shape = (len(counts), len(columns))
        plays[name] = csr_matrix((values, (rows, cols)), shape=shape, dtype=np.float64)
        items[name] = list(columns)
    return plays, items
