"""What a history says by itself, against a count play by play."""

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from muso_exp.formats.listening.histories import read_history
from muso_exp.tasks.taste.listening import Listening, count_listening

ZONE = "America/New_York"


def written(folder: Path, n: int = 1500) -> Path:
    """A log of three years, its names in a few spellings."""
    rng = np.random.default_rng(5)
    artists = ["Beyoncé", "Beyonce", "The Knife", "knife", "!!!", "NA", "Ärzte", "Zed & Co"]
    rows = pd.DataFrame(
        {
            "uts": np.sort(rng.integers(1_546_300_800, 1_640_995_200, n)),
            "artist": rng.choice(artists, n, p=[0.3, 0.1, 0.15, 0.1, 0.05, 0.1, 0.1, 0.1]),
            "track": [f"Song {number}" for number in rng.integers(0, 6, n)],
            "ms_played": rng.integers(30_000, 400_000, n).astype(str),
        }
    )
    rows.loc[rng.random(n) < 0.1, "ms_played"] = ""
    rows.loc[rows["artist"] == "Zed & Co", "uts"] += 20_000_000  # is new later
    rows.to_csv(folder / "log.csv", index=False)
    return folder / "log.csv"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Listening]:
    path = written(tmp_path_factory.mktemp("log"))
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    return rows, count_listening(read_history(path, ZONE, one_person=True))


SAME = {"Beyonce": "Beyoncé", "knife": "The Knife"}


def by_hand(rows: pd.DataFrame) -> list[tuple[datetime, str, str, float]]:
    """Local time, artist, song and hours (NaN where unknown) of each play, in order of time."""
    plays = []
    for uts, artist, track, length in rows.itertuples(index=False):
        when = datetime.fromtimestamp(int(uts), ZoneInfo(ZONE))
        hours = int(length) / 3_600_000 if length else np.nan
        plays.append((when, SAME.get(artist, artist), track, hours))
    return sorted(plays, key=lambda play: play[0])


def test_artists_are_counted_under_the_spelling_that_is_played_most(log: tuple) -> None:
    rows, found = log
    plays = by_hand(rows)
    counts = Counter(artist for _, artist, _, _ in plays)
    table = found.artists.set_index("artist")
    assert table["plays"].to_dict() == counts
    assert table["plays"].is_monotonic_decreasing
    for artist in counts:
        own = [play for play in plays if play[1] == artist]
        row = table.loc[artist]
        assert row["songs"] == len({song for _, _, song, _ in own})
        assert row["hours"] == pytest.approx(np.nansum([play[3] for play in own]))
        assert row["first"].date() == own[0][0].date() and row["last"].date() == own[-1][0].date()
    assert [found.artists["artist"][row] for row in found.artist_rows] == [p[1] for p in plays]


def test_songs_are_those_of_one_artist_and_title(log: tuple) -> None:
    rows, found = log
    counts = Counter((artist, song) for _, artist, song, _ in by_hand(rows))
    table = found.songs
    same = [SAME.get(artist, artist) for artist in table["artist"]]
    assert dict(zip(zip(same, table["title"], strict=True), table["plays"], strict=True)) == counts


def test_years_are_those_of_the_time_zone_and_say_what_was_new(log: tuple) -> None:
    rows, found = log
    plays = by_hand(rows)
    first: dict[str, int] = {}
    first_song: dict[tuple[str, str], int] = {}
    for when, artist, song, _ in plays:
        first.setdefault(artist, when.year)
        first_song.setdefault((artist, song), when.year)
    expected = []
    for year in sorted({when.year for when, *_ in plays}):
        own = [play for play in plays if play[0].year == year]
        expected.append(
            {
                "year": year,
                "plays": len(own),
                "hours": pytest.approx(np.nansum([play[3] for play in own])),
                "artists": len({play[1] for play in own}),
                "new_artists": sum(began == year for began in first.values()),
                "songs": len({play[1:3] for play in own}),
                "new_songs": sum(began == year for began in first_song.values()),
                "of_new": sum(first[play[1]] == year for play in own),
            }
        )
    assert found.years.to_dict("records") == expected and len(expected) > 3
    assert found.hours == pytest.approx(np.nansum([play[3] for play in plays]))
    assert found.measured == sum(not np.isnan(play[3]) for play in plays)


def test_months_and_hours_of_the_week_hold_every_play(log: tuple) -> None:
    rows, found = log
    plays = by_hand(rows)
    by_month = Counter((when.year, when.month) for when, *_ in plays)
    clock: dict[tuple[int, int], int] = defaultdict(int)
    for when, *_ in plays:
        clock[when.weekday(), when.hour] += 1
    months = {(m.year, m.month): n for m, n in found.months[["month", "plays"]].to_numpy()}
    assert {month: n for month, n in months.items() if n} == by_month
    assert (
        len(months) == (max(months)[0] - min(months)[0]) * 12 + max(months)[1] - min(months)[1] + 1
    )
    assert found.months["of_new"].sum() == found.years["of_new"].sum()
    assert {place: found.clock[place] for place in clock} == clock
    assert found.clock.sum() == len(plays) == found.timed == found.plays


def counted(folder: Path, text: str) -> Listening:
    (folder / "x.csv").write_text(text)
    return count_listening(read_history(folder / "x.csv", one_person=True))


def test_counted_plays_without_times_have_no_years(tmp_path: Path) -> None:
    found = counted(tmp_path, "artist,plays\nA,90\nB,2\na,8\n")
    assert found.artists[["artist", "plays"]].to_numpy().tolist() == [["A", 98], ["B", 2]]
    assert found.plays == 100 and found.timed == 0 and not found.listed
    assert len(found.songs) == len(found.years) == len(found.months) == found.clock.sum() == 0
    assert found.artists["first"].isna().all() and found.artists["hours"].isna().all()


def test_a_list_counts_each_track_once(tmp_path: Path) -> None:
    found = counted(tmp_path, "artist,track\nA,One\nA,Two\nB,\n")
    assert found.listed and found.plays == 3
    assert found.artists[["artist", "plays", "songs"]].to_numpy().tolist() == [
        ["A", 2, 2],
        ["B", 1, 0],
    ]


def test_songs_without_a_name_go_by_their_id(tmp_path: Path) -> None:
    found = counted(tmp_path, "track_id,timestamp\nzsl1,2019-02-20 15:41\nzsl1,2020-02-20 15:41\n")
    assert len(found.artists) == 0 and found.songs["plays"].tolist() == [2]
    assert found.songs["uri"].tolist() == ["zsl1"]
    assert found.years[["year", "artists", "songs", "new_songs"]].to_numpy().tolist() == [
        [2019, 0, 1, 1],
        [2020, 0, 1, 0],
    ]
