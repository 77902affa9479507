"""What users listen to or like: JSON of features, tables of plays, listens of ListenBrainz."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from muso_exp.errors import DataFormatError
from muso_exp.formats.columns import find_columns, no_column
from muso_exp.formats.tables import read_table, refuse_where, whole_numbers
from muso_exp.formats.text import decoded_lines, first_repeat, read_json


class ListeningRows(NamedTuple):
    """Rows (user, item, plays) by name.

    Attributes:
        users: name of each row's user, shape (n_rows,), object.
        items: of each row's item, shape (n_rows,), object.
        plays: > 0, shape (n_rows,), float64; ones where a file only says what is liked.
        listed: users that the file names, without any item too.
    """

    users: np.ndarray
    items: np.ndarray
    plays: np.ndarray
    listed: list[str]


def read_features(path: Path) -> ListeningRows:
    """Read `{user: [item, ...]}`, the JSON of Last.fm Asia (artists) and Deezer (liked genres).

    Raises:
        DataFormatError: no such object, a user twice, or an item that is no number and no name.
    """
    content = read_json(path)
    if not isinstance(content, list) or not all(_is_pair(entry) for entry in content):
        raise DataFormatError(path, "an object {user: [item, ...]} is needed", fix="copy it anew")
    users = [str(user) for user, _ in content]
    if (repeated := first_repeat(users)) is not None:
        raise DataFormatError(path, "a user stands twice", value=repeated, fix="keep one")
    rows = [(str(user), item) for user, items in content for item in _items(path, user, items)]
    return _listening(rows, users)


def read_plays(path: Path) -> ListeningRows:
    """Read a table of plays: columns user and artist, or track, and maybe plays.

    Raises:
        DataFormatError: a column is missing, or plays that are no number >= 1.
    """

    def pick(header: list[str]) -> dict[str, int]:
        found = find_columns(header, ["user", "artist", "track", "plays"], of_tracks=False)
        if "user" not in found:
            raise no_column(path, header, ["user"], "name it so", of_tracks=False)
        if not {"artist", "track"} & set(found):
            raise no_column(path, header, ["artist", "track"], "name one so", of_tracks=False)
        return found

    table = read_table(path, pick, "\t" if ".tsv" in path.suffixes else ",")
    item = "artist" if "artist" in table else "track"
    for column in ("user", item):
        bad = (table[column].str.strip() == "").to_numpy()
        refuse_where(path, table, column, bad, "a name is needed")
    plays = whole_numbers(path, table, "plays", 1) if "plays" in table else np.ones(len(table))
    users = table["user"].to_numpy(dtype=object)
    return ListeningRows(users, table[item].to_numpy(dtype=object), plays.astype(float), [])


def read_listens(path: Path) -> ListeningRows:
    """Read listens of ListenBrainz, one JSON object a line, summed by user and artist.

    A line has `user_name` and `track_metadata.artist_name`, as its API and its dumps do.

    Raises:
        DataFormatError: a line that is no such object, or no line.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for number, line in enumerate(decoded_lines(path), start=1):
        if line.strip():
            counts[_listen(path, number, line)] += 1
    if not counts:
        raise DataFormatError(path, "no listen in the file", fix="collect it anew")
    rows = list(counts)
    plays = np.array([counts[row] for row in rows], dtype=float)
    return _listening(rows, [])._replace(plays=plays)


def _listen(path: Path, number: int, line: str) -> tuple[str, str]:
    try:
        listen = json.loads(line)
        user, artist = listen["user_name"], listen["track_metadata"]["artist_name"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        need = "a JSON object with user_name and track_metadata.artist_name is needed"
        raise DataFormatError(path, need, line=number, value=line.strip()) from error
    if not (isinstance(user, str) and user and isinstance(artist, str) and artist.strip()):
        need = "user_name and artist_name must be text"
        raise DataFormatError(path, need, line=number, value=line.strip())
    return user, artist


def _is_pair(entry: Any) -> bool:
    return isinstance(entry, tuple) and len(entry) == 2


def _items(path: Path, user: str, items: Any) -> Iterator[str]:
    """Yield the different items of a user, in their order."""
    if not isinstance(items, list) or any(
        isinstance(item, bool) or not isinstance(item, int | str) or item == "" for item in items
    ):
        need = f"user {user!r}: a list of numbers or names is needed"
        raise DataFormatError(path, need, value=items, fix="correct the user")
    yield from dict.fromkeys(map(str, items))


def _listening(rows: list[tuple[str, str]], listed: list[str]) -> ListeningRows:
    users, items = ([row[i] for row in rows] for i in (0, 1))
    ones = np.ones(len(rows))
    return ListeningRows(np.array(users, dtype=object), np.array(items, dtype=object), ones, listed)


READERS: Mapping[str, Callable[[Path], ListeningRows]] = {
    ".json": read_features,
    ".jsonl": read_listens,
    ".ndjson": read_listens,
    ".csv": read_plays,
    ".tsv": read_plays,
}
