"""Whatever artists and songs are called: what is written in a format is what is read of it."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import pytest
from history_samples import extended
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from muso_exp.formats.listening.histories import read_history

Play = tuple[pd.Timestamp, str, str]  # time, artist, title

SIGNS = "aZ ,;:\"'|/\\{}[]()&%$#@!?*_~^.019\u00e9\u0416\u65e5\u0641\U0001f525\u200f"
NAMES = st.text(st.sampled_from(SIGNS), min_size=1, max_size=8).filter(
    lambda text: text == text.strip() and text[0] != "'"
)
TIMES = st.datetimes(pd.Timestamp("2008-01-01"), pd.Timestamp("2025-01-01")).map(
    lambda time: pd.Timestamp(time, tz="UTC").floor("min")
)
PLAYS = st.lists(st.tuples(TIMES, NAMES, NAMES), min_size=1, max_size=4, unique=True)


def table(rows: Iterable[list], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def account(plays: list[Play]) -> str:
    names = ("endTime", "artistName", "trackName", "msPlayed")
    rows = [(f"{time:%Y-%m-%d %H:%M}", artist, title, 200_000) for time, artist, title in plays]
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows])


def lines(plays: list[Play]) -> str:
    return "\n".join(
        json.dumps(
            {
                "listened_at": int(time.timestamp()),
                "track_metadata": {"artist_name": artist, "track_name": title},
            },
            ensure_ascii=False,
        )
        for time, artist, title in plays
    )


WRITERS: dict[str, Callable[[list[Play]], str]] = {
    "account data": account,
    "extended": lambda plays: json.dumps([extended(f"{t:%FT%TZ}", s, a) for t, a, s in plays]),
    "ListenBrainz": lines,
    "headings": lambda plays: table(
        [["uts", "artist", "album", "track"], *([t.timestamp(), a, "", s] for t, a, s in plays)]
    ),
    "semicolons": lambda plays: table(
        [["Artist", "Track", "Date"], *([a, s, f"{t:%F %T}"] for t, a, s in plays)], ";"
    ),
    "no headings": lambda plays: table([a, "", s, f"{t:%d %b %Y %H:%M}"] for t, a, s in plays),
    "Last.fm-1K": lambda plays: "".join(
        f"user_1\t{t:%FT%TZ}\t\t{a}\t\t{s}\n" for t, a, s in plays
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plays=PLAYS)
def test_names_are_read_as_they_were_written(name: str, plays: list[Play], tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text(WRITERS[name](plays), encoding="utf-8", newline="")
    found = read_history(path, one_person=True).table[["time", "artist", "title"]]
    assert sorted(found.itertuples(index=False, name=None)) == sorted(plays)
