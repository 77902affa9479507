"""Emotify's answers as a small matrix of preference: which listener groups like which clips."""

from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.errors import DataFormatError
from muso_exp.features.interactions import sum_plays
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.msd import Files, ReadOptions, only_top
from muso_exp.formats.text import read_csv_rows, whole_numbers
from muso_exp.records import Finding

GROUP = ["age", "gender", "mother tongue"]
WANTED = ["track id", "liked", "disliked", *GROUP]


def read_emotify(files: Files, options: ReadOptions) -> Interactions:
    """Read who likes what in Emotify: a play is a like.

    The annotations name no participants. People of one age, gender and mother tongue are taken for
    one user, which can be several people. Answers without a like say nothing here.

    Raises:
        DataFormatError: a table of another form, or no like at all.
    """
    path = files["annotations"]
    table = _read_columns(path, WANTED)
    track = whole_numbers(path, table, "track id", least=1)
    liked = whole_numbers(path, table, "liked")
    if liked.max() > 1:
        row = int(liked.argmax())
        raise DataFormatError(
            path, "0 or 1 is needed", line=row + 2, column="liked", value=table["liked"].iloc[row]
        )
    if not liked.any():
        raise DataFormatError(path, "nobody likes anything", column="liked", fix="copy it anew")
    person = table[GROUP].agg("\t".join, axis=1)
    likes = liked > 0
    groups, user = np.unique(person[likes].to_numpy(str), return_inverse=True)
    ids, item = np.unique(track[likes], return_inverse=True)
    plays = sum_plays(user, item, np.ones(len(user), np.int64), len(groups), len(ids))
    items = _named(ids, files.get("manifest"))
    notes = [_who(person, track, len(groups)), *_missing(items)]
    data = Interactions(plays, np.arange(len(groups)), items, notes=notes)
    return only_top(data, options)


def _read_columns(path: Path, columns: list[str]) -> pd.DataFrame:
    """Return columns of a comma-separated table as text; blanks around a name do not count.

    Raises:
        DataFormatError: a column is missing, or a row of another length.
    """
    (_, first), *rows = read_csv_rows(path)
    header = [name.strip() for name in first]
    for name in columns:
        if name not in header:
            raise DataFormatError(path, f"no column {name}", line=1, value=",".join(header))
    for line, row in rows:
        if len(row) != len(header):
            need = f"{len(header)} comma-separated values are needed"
            raise DataFormatError(path, need, line=line, value=",".join(row))
    table = pd.DataFrame([row for _, row in rows], columns=header, dtype=str)
    return table[columns].apply(lambda column: column.str.strip())


def _named(ids: np.ndarray, manifest: Path | None) -> pd.DataFrame:
    """Return id, artist and title of each clip, empty where the manifest does not have it."""
    items = pd.DataFrame({"id": ids, "artist": "", "title": ""})
    if manifest is None:
        return items
    names = _read_columns(manifest, ["track_id", "id3_artist", "id3_title"])
    names.index = pd.Index(whole_numbers(manifest, names, "track_id"))
    names = names[~names.index.duplicated()].reindex(ids).fillna("")
    return items.assign(artist=names["id3_artist"].to_numpy(), title=names["id3_title"].to_numpy())


def _who(person: pd.Series, track: np.ndarray, n_groups: int) -> Finding:
    answers = pd.Series(1, index=[person.to_numpy(), track]).groupby(level=[0, 1]).sum()
    several = int((answers > 1).groupby(level=0).any().sum())
    text = (
        f"users are {n_groups} listener groups with a like (age, gender, mother tongue) of "
        f"{person.nunique()} in {len(person)} answers: no participant is named, and a group may be "
        f"several people; {several} groups have answered for one clip more than once"
    )
    return Finding("listener_groups", n_groups, text, "warning")


def _missing(items: pd.DataFrame) -> list[Finding]:
    nameless = int((items["artist"] == "").sum())
    text = f"{nameless} of {len(items)} liked clips have no name in manifest.csv, nor sound"
    return [Finding("unnamed_items", nameless, text)] if nameless else []
