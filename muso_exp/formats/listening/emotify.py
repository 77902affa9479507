"""Emotify's answers as a small matrix of preference: which listener groups like which clips."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.errors import DataFormatError
from muso_exp.features.interactions import sum_plays
from muso_exp.formats.columns import require_columns
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.msd import Files, ReadOptions, only_top
from muso_exp.formats.tables import read_table, refuse_where, whole_numbers
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
    table = _answers(path)
    track = whole_numbers(path, table, "track id", least=1)
    liked = whole_numbers(path, table, "liked")
    refuse_where(path, table, "liked", liked > 1, "0 or 1 is needed")
    if not liked.any():
        raise DataFormatError(path, "no answer with a like", column="liked", fix="give all answers")
    person = table[GROUP].agg("\t".join, axis=1)
    likes = liked > 0
    groups, user = np.unique(person[likes].to_numpy(str), return_inverse=True)
    ids, item = np.unique(track[likes], return_inverse=True)
    plays = sum_plays(user, item, np.ones(len(user), np.int64), len(groups), len(ids))
    items = _named(ids, files.get("manifest"))
    notes = [_who(person, track, len(groups)), *_missing(items)]
    data = Interactions(plays, np.arange(len(groups)), items, notes=notes)
    return only_top(data, options)


def _answers(path: Path) -> pd.DataFrame:
    """Return the columns `WANTED` of the answers as text; blanks around a name do not count.

    Raises:
        DataFormatError: a column is missing, or a row of another length.
    """

    def pick(header: list[str]) -> dict[str, int]:
        names = [name.strip() for name in header]
        for name in WANTED:
            if name not in names:
                raise DataFormatError(path, f"no column {name}", line=1, value=",".join(names))
        return {name: names.index(name) for name in WANTED}

    return read_table(path, pick).apply(lambda column: column.str.strip())


def _named(ids: np.ndarray, manifest: Path | None) -> pd.DataFrame:
    """Return id, artist and title of each clip, empty where the manifest does not list it."""
    items = pd.DataFrame({"id": ids, "artist": "", "title": ""})
    if manifest is None:
        return items
    pick = partial(require_columns, manifest, ["track_id", "artist", "track"])
    names = read_table(manifest, pick).apply(lambda column: column.str.strip())
    names.index = pd.Index(whole_numbers(manifest, names, "track_id"))
    names = names[~names.index.duplicated()].reindex(ids).fillna("")
    return items.assign(artist=names["artist"].to_numpy(), title=names["track"].to_numpy())


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
