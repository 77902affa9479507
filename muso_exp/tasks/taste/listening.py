"""What one person's listening history says by itself: artists, songs, years, hours of the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from muso_exp.features.matching import song_key
from muso_exp.formats.listening.histories import History

_HOUR = 3_600_000  # milliseconds
_MONTHS = 12
NAMES = ["artist", "title", "uri"]


@dataclass(frozen=True)
class Listening:
    """Counts of a history; names that have one key (`muso_exp.features.matching`) are one.

    A name is spelt as it is most often. Times are those of `History.local_time`. A listed track of
    a library or playlist, which is no play, counts once.

    Attributes:
        plays: number of plays, of listed tracks where there is no play.
        listed: whether the rows are listed tracks.
        artists: artist, plays, songs (different ones), hours (NaN where no length is known), first
            and last (dates; NaT without times); the most played first. `row` is the number in it.
        songs: artist, title, uri, plays, hours, first, last; the most played first.
        years: a row per year with times: year, plays, hours, artists, new_artists (played for the
            first time), of_new (plays of these), songs, new_songs.
        months: a row per month from the first to the last: month (its first day), plays, of_new
            (plays of artists whose first play is in the same year).
        clock: plays by day of the week (Monday first) and hour, shape (7, 24).
        timed: plays with a time.
        measured: plays with a length.
        artist_rows: row in `artists` of each row of the history, -1 without, shape (n_rows,).
    """

    plays: float
    listed: bool
    artists: pd.DataFrame
    songs: pd.DataFrame
    years: pd.DataFrame
    months: pd.DataFrame
    clock: np.ndarray
    timed: float
    measured: float
    artist_rows: np.ndarray

    @property
    def hours(self) -> float:
        """Return the hours of the plays whose length is known."""
        return float(self.artists.attrs["hours"])


def count_listening(history: History) -> Listening:
    """Count what a history of one person holds.

    Args:
        history: of one person.
    """
    table = history.table
    local = history.local_time().dt.tz_localize(None)
    listed = bool(table["n_plays"].isna().all())
    rows = pd.DataFrame(
        {
            "plays": table["n_plays"].fillna(1.0).to_numpy(dtype=np.float64),
            "hours": table["ms_played"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
            / _HOUR,
            "time": local.to_numpy(),
        }
    )
    artist, artist_names = _grouped(table[["artist"]], _artist_key, rows["plays"])
    song, song_names = _grouped(table[NAMES], _song_key, rows["plays"])
    rows["artist"], rows["song"] = artist, song
    artists, order = _counted(rows, "artist", artist_names)
    artists.attrs["hours"] = rows["hours"].sum()
    pairs = rows.loc[(artist >= 0) & (song >= 0), ["artist", "song"]].drop_duplicates()
    different = pairs["artist"].value_counts().reindex(order).fillna(0).astype(int)
    artists.insert(2, "songs", different.to_numpy())
    place = np.full(len(artist_names) + 1, -1)
    place[order] = np.arange(len(order))
    timed = rows[rows["time"].notna()]
    return Listening(
        *(float(rows["plays"].sum()), listed, artists, _counted(rows, "song", song_names)[0]),
        *(_years(timed), _months(timed), _clock(timed), float(timed["plays"].sum())),
        *(float(rows["plays"][rows["hours"].notna()].sum()), place[artist]),
    )


def _artist_key(artist: str) -> str:
    return song_key(artist, artist, "versions")


def _song_key(artist: str, title: str, uri: str) -> str:
    """Return the key of a song; its id where it has no name, "" where it is no song."""
    if not title:
        return uri if not artist else ""
    return song_key(artist or title, title, "versions")


def _grouped(names: pd.DataFrame, key: object, plays: pd.Series) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the group of each row (n_rows,), -1 for none, and the names of each group.

    The names of a group are those of its most played spelling.
    """
    spelling = names.groupby(list(names), sort=False).ngroup().to_numpy()
    _, first = np.unique(spelling, return_index=True)
    spelt = names.iloc[first].reset_index(drop=True)
    keys = pd.Series([key(*row) for row in spelt.itertuples(index=False)], dtype=object)  # type: ignore[operator]
    group = pd.factorize(keys.where(keys != ""))[0]
    best = np.lexsort([-np.bincount(spelling, plays, minlength=len(spelt)), group])
    best = best[group[best] >= 0]
    chosen = best[np.unique(group[best], return_index=True)[1]]
    return group[spelling], spelt.iloc[chosen].reset_index(drop=True)


def _counted(rows: pd.DataFrame, by: str, names: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return plays, hours, first and last of each group, most played first, and their order."""
    groups = rows[rows[by] >= 0].groupby(by)
    counts = pd.DataFrame(
        {
            "plays": groups["plays"].sum(),
            "hours": groups["hours"].sum(min_count=1),
            "first": groups["time"].min().dt.normalize(),
            "last": groups["time"].max().dt.normalize(),
        }
    )
    order = np.lexsort([np.arange(len(counts)), -counts["plays"].to_numpy()])
    table = pd.concat([names, counts.reset_index(drop=True)], axis=1)
    return table.iloc[order].reset_index(drop=True), order


def _years(timed: pd.DataFrame) -> pd.DataFrame:
    year = timed["time"].dt.year
    groups = timed.groupby(year)
    table = pd.DataFrame(
        {"plays": groups["plays"].sum(), "hours": groups["hours"].sum(min_count=1)}
    )
    for by in ("artist", "song"):
        named = timed[by] >= 0
        table[f"{by}s"] = timed[by][named].groupby(year[named]).nunique()
        first = year[named].groupby(timed[by][named]).min()
        table[f"new_{by}s"] = first.value_counts()
    new = _is_new(timed, year)
    table["of_new"] = timed["plays"].where(new, 0.0).groupby(year).sum()
    names = ["artists", "new_artists", "songs", "new_songs"]
    table[names] = table[names].fillna(0).astype(int)
    return table.rename_axis("year").reset_index()


def _is_new(timed: pd.DataFrame, year: pd.Series) -> pd.Series:
    """Return which plays are of an artist whose first play is in the same year."""
    first = year.groupby(timed["artist"]).transform("min")
    return (first == year) & (timed["artist"] >= 0)


def _months(timed: pd.DataFrame) -> pd.DataFrame:
    year = timed["time"].dt.year
    month = _MONTHS * year + timed["time"].dt.month - 1
    if timed.empty:
        return pd.DataFrame({"month": pd.Series(dtype="datetime64[s]"), "plays": [], "of_new": []})
    every = np.arange(month.min(), month.max() + 1)
    new = timed["plays"].where(_is_new(timed, year), 0.0)
    return pd.DataFrame(
        {
            "month": pd.to_datetime(
                {"year": every // _MONTHS, "month": every % _MONTHS + 1, "day": 1}
            ),
            "plays": timed["plays"].groupby(month).sum().reindex(every, fill_value=0.0).to_numpy(),
            "of_new": new.groupby(month).sum().reindex(every, fill_value=0.0).to_numpy(),
        }
    )


def _clock(timed: pd.DataFrame) -> np.ndarray:
    place = 24 * timed["time"].dt.day_of_week + timed["time"].dt.hour
    return np.bincount(place, timed["plays"], minlength=7 * 24).reshape(7, 24)
