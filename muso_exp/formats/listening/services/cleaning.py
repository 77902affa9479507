"""Which rows of listening histories are plays: not the short ones, nor those read before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

FIRST_TIME = pd.Timestamp("2002-10-01", tz="UTC")  # no service counted plays before Last.fm
NEAR_SECONDS = 600  # between start and end of a song, as two services note the same play
MOST_HOURS = 24  # of one play; Spotify counts on where a player is forgotten

COLUMNS = (
    *("user", "time", "artist", "title", "album", "ms_played", "uri", "n_plays", "playlist"),
    "part",
)
REPEATED = "repeated in exports that overlap"
NO_PLAY = "in a library or playlist beside a history"


def cleaned(table: pd.DataFrame, min_seconds: float) -> tuple[pd.DataFrame, Counter[str]]:
    """Return the rows that are plays, by user and time, and how many are none, by reason.

    A time before October 2002 (as ListenBrainz has it: a player whose clock was never set) or
    after tomorrow becomes NaT, and a length of more than `MOST_HOURS` hours unknown.
    """
    left: Counter[str] = Counter()
    table["ms_played"] = table["ms_played"].astype("Int64")
    short = (table["ms_played"] < 1000 * min_seconds).fillna(False).to_numpy(dtype=bool)
    table = _without(table, short, f"plays under {min_seconds:g} s", left)
    table = _without(table, _repeated(table), REPEATED, left)
    counted = table["n_plays"].notna()
    beside = ~counted & table["user"].isin(table.loc[counted, "user"].unique())
    table = _without(table, beside.to_numpy(dtype=bool), NO_PLAY, left)
    tomorrow = pd.Timestamp.now("UTC") + pd.Timedelta(days=1)
    table["time"] = table["time"].where(table["time"].between(FIRST_TIME, tomorrow))
    table["ms_played"] = table["ms_played"].where(table["ms_played"] <= MOST_HOURS * 3_600_000)
    table = table.sort_values(["user", "time"], kind="stable", ignore_index=True)
    return table[list(COLUMNS)], left


def noted_twice(table: pd.DataFrame, formats: Sequence[str]) -> int:
    """Return how many plays another service has of the same song within `NEAR_SECONDS`.

    Spotify notes when a play ended, Last.fm and ListenBrainz when it began; so of one play that
    both noted no time is equal.

    Args:
        table: from `cleaned`.
        formats: of each part; its first word is the service.
    """
    timed = table[table["time"].notna() & table["n_plays"].notna()]
    services = np.array([name.split()[0] for name in formats], dtype=str)
    service = services[timed["part"].to_numpy()]
    if len(np.unique(service)) < 2:
        return 0
    names = [timed["user"], *(timed[name].str.casefold() for name in ("artist", "title"))]
    song = timed.groupby(names, sort=False).ngroup().to_numpy()
    seconds = timed["time"].dt.as_unit("s").astype("int64").to_numpy()
    order = np.lexsort([seconds, song])
    song, seconds, service = song[order], seconds[order], service[order]
    near = (np.diff(song) == 0) & (np.diff(seconds) <= NEAR_SECONDS)
    return int((near & (service[1:] != service[:-1])).sum())


def _without(
    table: pd.DataFrame, gone: np.ndarray, reason: str, left: Counter[str]
) -> pd.DataFrame:
    if gone.any():
        left[reason] += int(gone.sum())
        table = table[~gone]
    return table


def _repeated(table: pd.DataFrame) -> np.ndarray:
    """Return which rows repeat a play of an export that overlaps, shape (n_rows,), bool.

    Plays of a user, an artist and a title are the same play at the same second. Where a part knows
    minutes only, so often as another part has the song in this minute, in which it may be played
    twice. Without a time nothing is known to repeat.
    """
    repeated = np.zeros(len(table), dtype=bool)
    timed = np.flatnonzero(table["time"].notna() & table["n_plays"].notna())
    if len(timed) == 0:
        return repeated
    rows = table.iloc[timed][["user", "artist", "title", "uri", "part"]].reset_index(drop=True)
    rows["uri"] = rows["uri"].where((rows["artist"] == "") & (rows["title"] == ""), "")
    seconds = table["time"].iloc[timed].dt.as_unit("s").astype("int64").to_numpy()
    song = rows.groupby(["user", "artist", "title", "uri"], sort=False).ngroup().to_numpy()
    part = rows["part"].to_numpy()
    by_part = pd.Series(seconds % 60).groupby(part)
    in_minutes = (by_part.transform("max") == 0).to_numpy()
    plays = pd.DataFrame({"song": song, "minute": seconds // 60, "second": seconds, "part": part})
    exact = plays[~in_minutes]
    again = exact.duplicated(["song", "second"])
    repeated[timed[exact.index[again]]] = True
    rough = plays[in_minutes].copy()
    rough["turn"] = rough.groupby(["part", "song", "minute"]).cumcount()
    known = exact[~again].groupby(["song", "minute"]).size().rename("known")
    rough = rough.join(known, on=["song", "minute"])
    again = rough.duplicated(["song", "minute", "turn"]) | (
        rough["turn"] < rough["known"].fillna(0)
    )
    repeated[timed[rough.index[again]]] = True
    return repeated
