"""What items are called: name tables, the list of Million Song Dataset tracks, its tags."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.logs import PIECE, Layout, read_pieces
from muso_exp.formats.text import CONTROL, UNREADABLE, read_text
from muso_exp.records import Finding

_TAG_QUERY = (
    "SELECT tids.tid, tags.tag, tid_tag.val FROM tid_tag "
    "JOIN tids ON tid_tag.tid = tids.ROWID JOIN tags ON tid_tag.tag = tags.ROWID"
)


def read_names(path: Path, layout: Layout, wanted: np.ndarray | None = None) -> pd.DataFrame:
    """Return the rows of a name table whose id, the first column, is wanted; the id as index.

    Args:
        path: of the table, of any size.
        layout: its columns.
        wanted: ids, shape (n_ids,); None for all.

    Raises:
        DataFormatError: no line, one that the layout does not allow, or a second row of an id.
    """
    key = layout.columns[0]
    found = []
    for piece in read_pieces(path, layout, PIECE):
        rows = piece.table.to_pandas()
        rows["line"] = np.arange(len(rows)) + piece.first_line
        known = slice(None) if wanted is None else np.isin(rows[key].to_numpy(), wanted)
        found.append(rows[known])
    if not found:
        raise DataFormatError(path, "the file is empty", fix="copy it anew")
    table = readable(pd.concat(found), layout)
    repeated = table[key].duplicated().to_numpy()
    if repeated.any():
        row = table.iloc[int(np.argmax(repeated))]
        raise DataFormatError(
            path,
            "second row of the same id",
            line=int(row["line"]),
            column=key,
            value=row[key],
            fix="keep one",
        )
    return table.drop(columns="line").set_index(key)


def readable(table: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Return a table with U+FFFD for each control character in a name, as for unreadable bytes."""
    for name in layout.names:
        table[name] = table[name].str.replace(CONTROL, UNREADABLE, regex=True)
    return table


def read_loose_names(path: Path) -> tuple[dict[int, str], int]:
    """Return the names of a table `id <tab> name`, and how many lines are malformed.

    The published artist_data.txt has lines without a tab, and names cut over two lines; a name
    with a control character is malformed too.
    """
    names: dict[int, str] = {}
    bad = 0
    for line in _lines(path):
        number, _, name = line.partition("\t")
        if number.strip().isdecimal() and name.strip() and not CONTROL.search(name):
            names.setdefault(int(number), name.strip())
        else:
            bad += 1
    return names, bad


def read_aliases(path: Path) -> tuple[dict[int, int], int]:
    """Return wrong id -> right id of a table `bad <tab> good`, and how many lines are malformed.

    The published artist_alias.txt has lines without the first id.
    """
    aliases: dict[int, int] = {}
    bad = 0
    for line in _lines(path):
        first, _, second = line.partition("\t")
        if first.strip().isdecimal() and second.strip().isdecimal():
            aliases[int(first)] = int(second)
        else:
            bad += 1
    return aliases, bad


def follow_aliases(aliases: dict[int, int], ids: np.ndarray) -> np.ndarray:
    """Return the right id of each id, shape (n_ids,); chains are followed, circles left alone."""
    ends = ((start, _end(aliases, start)) for start in ids.tolist())
    return np.array([start if end is None else end for start, end in ends], dtype=ids.dtype)


def count_circles(aliases: dict[int, int], ids: np.ndarray) -> int:
    """Return how many ids (n_ids,) lead into a circle of aliases, such as 1 -> 2 -> 1."""
    return sum(_end(aliases, start) is None for start in ids.tolist())


def _end(aliases: dict[int, int], start: int) -> int | None:
    """Return where a chain of aliases ends, None if nowhere; an alias of itself is an end."""
    seen, current = {start}, start
    while (following := aliases.get(current, current)) != current:
        if following in seen:
            return None
        seen.add(following)
        current = following
    return current


def _lines(path: Path) -> list[str]:
    text = read_text(path, controls=True)
    lines = [line.rstrip("\r") for line in text.split("\n") if line.strip()]
    if not lines:
        raise DataFormatError(path, "the file is empty", fix="copy it anew")
    return lines


def read_unique_tracks(path: Path) -> pd.DataFrame:
    """Return the tracks of the Million Song Dataset: `track`, `song`, `artist`, `title`.

    Format: unique_tracks.txt, `track<SEP>song<SEP>artist<SEP>title`, without a header.

    Raises:
        DataFormatError: a line of another form, or a second line of a track.
    """
    rows, seen = [], set()
    for number, line in enumerate(read_text(path, controls=True).split("\n"), start=1):
        cells = CONTROL.sub(UNREADABLE, line.rstrip("\r")).split("<SEP>")
        if cells == [""]:
            continue
        if len(cells) != 4:
            need = f"track<SEP>song<SEP>artist<SEP>title is needed, this has {len(cells)} parts"
            raise DataFormatError(path, need, line=number, value=line)
        if cells[0] in seen:
            raise DataFormatError(
                path, "second line of the same track", line=number, value=cells[0], fix="keep one"
            )
        seen.add(cells[0])
        rows.append(cells)
    if not rows:
        raise DataFormatError(path, "no tracks", fix="give the list that has them")
    return pd.DataFrame(rows, columns=["track", "song", "artist", "title"], dtype=object)


@dataclass(frozen=True)
class TrackTags:
    """Tags of Million Song Dataset tracks.

    Attributes:
        tracks: track ids, shape (n_tracks,).
        tags: names, n_tags of them.
        weights: of the tags, 1 to 100, shape (n_tracks, n_tags).
    """

    tracks: np.ndarray
    tags: list[str]
    weights: csr_matrix


def read_track_tags(path: Path) -> TrackTags:
    """Read lastfm_tags.db, the Last.fm tags of the Million Song Dataset (SQLite).

    Raises:
        DataFormatError: no such database, or damaged.
    """
    try:
        with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as connection:
            table = pd.read_sql_query(_TAG_QUERY, connection)
    except (sqlite3.Error, pd.errors.DatabaseError) as error:
        reason = str(error).splitlines()[-1]
        raise DataFormatError(path, f"no database of tags: {reason}", fix="copy it anew") from error
    table = table[table["val"] > 0]
    track, tracks = pd.factorize(table["tid"])
    tag, tags = pd.factorize(table["tag"])
    weights = csr_matrix(
        (table["val"].to_numpy(dtype=float), (track, tag)), shape=(len(tracks), len(tags))
    )
    return TrackTags(np.asarray(tracks, dtype=object), [str(name) for name in tags], weights)


def unreadable(items: pd.DataFrame) -> list[Finding]:
    """Return the note on names of items that hold a control character."""
    odd = [items[name].astype(str).str.contains(UNREADABLE) for name in ("artist", "title")]
    number = int((odd[0] | odd[1]).sum())
    text = f"{number} items have a name with control characters; U+FFFD stands for each"
    return [Finding("unreadable_names", number, text, "warning")] if number else []


def unnamed(n_unnamed: int, file: str) -> list[Finding]:
    """Return the note on items that a name table lacks."""
    if n_unnamed == 0:
        return []
    text = f"{n_unnamed} items are not in {file}; they keep their number for a name"
    return [Finding("unnamed_items", n_unnamed, text, "warning")]
