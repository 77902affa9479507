from pathlib import Path

import pandas as pd
import pytest

from muso_exp.commands.match import match
from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.formats.listening.song_matching import (
    artist_coverage,
    coverage,
    match_catalogues,
    read_songs,
    spot_check,
    write_matching,
)
from muso_exp.simulation.lfm1b import write_lfm1b
from muso_exp.simulation.world import simulate_world


def songs(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["id", "artist", "title"])


QUERIES = songs(
    ("q0", "NA", "One"), ("q1", "na", "two"), ("q2", "Null", "Three!"), ("q3", "X", "Y")
)
CATALOGUE = songs(("c0", "NA", "Two"), ("c1", "NA", "One"), ("c2", "Null", "Three"))


def test_coverage_counts_each_query_once_and_those_left() -> None:
    table = coverage(match_catalogues(QUERIES, CATALOGUE))
    assert table["songs"].tolist() == [2, 0, 1, 0, 0, 1]
    assert table["share"].sum() == pytest.approx(1)
    assert table["cumulated"][4] == pytest.approx(3 / 4)


def test_songs_by_a_known_artist_count_whether_the_song_is_known_or_not() -> None:
    queries = songs(("a", "NA", "x"), ("b", "na", "y"), ("c", "X", "z"), ("d", "", "w"))
    table = artist_coverage(match_catalogues(queries, CATALOGUE)).set_index("matched")
    assert table.loc["songs by these artists", ["found", "of"]].tolist() == [2, 4]
    assert table.loc["songs by these artists", "share"] == 2 / 4
    assert table.loc["artists", ["found", "of"]].tolist() == [1, 2]  # NA and na are one


def test_files_are_aligned_line_by_line(tmp_path: Path) -> None:
    write_matching(match_catalogues(QUERIES, CATALOGUE, ["case"]), tmp_path / "new")
    lines = {p.stem: p.read_text().splitlines() for p in (tmp_path / "new").iterdir()}
    assert lines["query_ids"] == ["q0", "q1"]
    assert lines["catalogue_ids"] == ["c1", "c0"]
    assert lines["matched_artists_tracks"] == ["NA\tOne", "na\ttwo"]
    assert lines["methods"] == ["case\t100.0"] * 2


def test_a_spot_check_shows_both_names_of_some_matches() -> None:
    shown = spot_check(match_catalogues(QUERIES, CATALOGUE), size=1, seed=0)
    assert shown["method"].tolist() == ["case", "punctuation"]
    assert shown["match"][1] == "Null - Three"


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ConfigError, match="method 'ear'"):
        match_catalogues(QUERIES, CATALOGUE, ["ear"])


def test_awkward_names_of_a_csv_survive(tmp_path: Path) -> None:
    QUERIES.to_csv(tmp_path / "songs.csv", index=False)
    assert read_songs(tmp_path / "songs.csv").equals(QUERIES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "id,artist\n1,a\n",
            r"songs.csv, line 1: no column of tracks \(track, .*\) among: id, artist; name it so",
        ),
        (
            'id,artist,title\n"1',
            "songs.csv, line 2: no CSV: unexpected end of data; correct the row",
        ),
        (b"id\n\xff", "songs.csv, line 2: not utf-8"),
    ],
)
def test_a_csv_of_another_form_is_refused(
    content: str | bytes, message: str, tmp_path: Path
) -> None:
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "songs.csv").write_bytes(raw)
    with pytest.raises(DataFormatError, match=message):
        read_songs(tmp_path / "songs.csv")


def test_a_missing_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"nowhere\.txt"):
        read_songs(tmp_path / "nowhere.txt")


def test_the_worlds_tracks_are_matched_to_themselves_and_never_to_others(tmp_path: Path) -> None:
    write_lfm1b(simulate_world(30, 60, 4, seed=1, styles_per_genre=2), tmp_path)
    matched = match_catalogues(read_songs(tmp_path / "unique_tracks.txt"), read_songs(tmp_path))
    found = matched.matching.target >= 0
    truth = matched.queries["id"][found].str[8:].map(lambda digits: int(digits, 16))
    target = matched.catalogue["title"].iloc[matched.matching.target[found]].str.lower()
    own = matched.catalogue["title"].iloc[truth].str.lower()
    assert found.mean() > 0.95
    assert (target.to_numpy() == own.to_numpy()).mean() > 0.999


def test_the_command_prints_the_coverage_and_writes_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    QUERIES.to_csv(tmp_path / "queries.csv", index=False)
    CATALOGUE.to_csv(tmp_path / "catalogue.csv", index=False)
    places = tmp_path / "queries.csv", tmp_path / "catalogue.csv", tmp_path / "out"
    match(*places, method=["case"], threshold=90, sample=1, seed=0)
    printed = capsys.readouterr().out
    assert "case" in printed and "0.5000" in printed
    assert (tmp_path / "out" / "query_ids.txt").read_text() == "q0\nq1\n"
