"""Listening histories of several people -> interactions."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.interactions import sum_plays
from muso_exp.formats.listening.histories import read_history
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.msd import ONE_PERSON, Files, ReadOptions, merged, only_top
from muso_exp.records import Finding
from muso_exp.text import counted

_DAY = 86_400


def read_history_plays(files: Files, options: ReadOptions) -> Interactions:
    """Read who played what, see `muso_exp.formats.listening.histories`; a listed track is a play.

    An item goes by its name: `artist - title`, or the artist; where none has a name, by its id.

    Raises:
        DataFormatError: no history, or of one user alone.
        ConfigError: a cut in time, and no play has one.
    """
    root = files["root"]
    history = read_history(root, min_seconds=options.reading.min_seconds)
    if len(history.users) < 2:
        raise DataFormatError(
            root,
            f"all plays are of one user ({history.users[0]}), from which nothing can be learned",
            fix=f"give a file or folder for each of several people; {ONE_PERSON}",
        )
    table = _with_items(history.table, options.reading.items)
    named = table["item"] != ""
    notes = [Finding("histories_read", len(history.users), history.summary())]
    if not named.all():
        n = int((~named).sum())
        text = f"{counted(n, 'row')} without a name of the {options.reading.items} left out"
        notes.append(Finding("unnamed_rows", n, text))
        table = table[named]
    users, user = np.unique(table["user"].to_numpy(str), return_inverse=True)
    number, ids = pd.factorize(table["item"], sort=True)
    weights = table["n_plays"].fillna(1).to_numpy()
    if (weights != np.round(weights)).any():
        raise DataFormatError(root, "a number of plays that is not whole", fix="round it")
    plays = weights.astype(np.int64)
    shape = len(users), len(ids)
    first = table.drop_duplicates("item").set_index("item").loc[ids]
    items = pd.DataFrame(
        {"id": np.asarray(ids, dtype=object), "artist": first["artist"].to_numpy(object)}
    ).assign(title=first["title"].to_numpy(object))
    if options.reading.items == "track":
        items["uri"] = _addresses(table).reindex(ids).fillna("").to_numpy(object)
    data = Interactions(
        sum_plays(user, number, plays, *shape),
        np.arange(len(users)),
        items,
        earlier=_earlier(table, options, user, number, plays, shape),
        notes=notes,
    )
    return only_top(merged(data, options, "versions"), options)


def _with_items(table: pd.DataFrame, items: str) -> pd.DataFrame:
    """Return the rows with `item`, what the item is called, "" for none, and its names."""
    artist, title = table["artist"], table["title"]
    second = {"track": title, "album": table["album"]}.get(items, title.where(title == "", ""))
    if items == "track" and not title.any() and artist.any():
        return table.assign(item=artist, title="")
    if items == "track" and not title.any():
        return table.assign(item=table["uri"], title=table["uri"])
    item = artist if items == "artist" else (artist + " - " + second).where(second != "", "")
    return table.assign(item=item, title=second)


def _addresses(table: pd.DataFrame) -> pd.Series:
    """Return the first address of each item that has one, by item."""
    addressed = table[table["uri"] != ""].drop_duplicates("item")
    return addressed.set_index("item")["uri"]


def _earlier(
    table: pd.DataFrame,
    options: ReadOptions,
    user: np.ndarray,
    item: np.ndarray,
    plays: np.ndarray,
    shape: tuple[int, int],
) -> csr_matrix | None:
    """Return the plays before the day that parts the asked share of all plays; None without."""
    if options.earlier_share is None:
        return None
    times = table["time"]
    if times.isna().any():
        raise ConfigError(
            f"dataset.split.by=temporal: {int(times.isna().sum())} plays have no time; set holdout"
        )
    days = times.dt.as_unit("s").astype("int64").to_numpy() // _DAY
    cut = np.sort(days)[int(options.earlier_share * len(days))]
    before = days < cut
    return sum_plays(user[before], item[before], plays[before], *shape)
