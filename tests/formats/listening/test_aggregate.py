import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from muso_exp.errors import DataFormatError
from muso_exp.formats.listening import aggregate as module
from muso_exp.formats.listening import logs
from muso_exp.formats.listening.aggregate import aggregate_log, check_total, time_quantile
from muso_exp.formats.listening.lfm1b import LFM_EVENTS
from muso_exp.formats.listening.load import load_plays
from muso_exp.formats.listening.logs import read_pieces
from muso_exp.formats.listening.sources import TRIPLETS


def write_log(path: Path, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    events = pd.DataFrame(
        {
            "user": rng.integers(1, 30, n),
            "artist": rng.integers(1, 9, n),
            "album": rng.integers(1, 9, n),
            "track": rng.integers(1, 60, n),
            "time": rng.integers(0, 100 * 86400, n),
        }
    )
    events.to_csv(path, sep="\t", header=False, index=False)
    return events


def expected(events: pd.DataFrame) -> pd.DataFrame:
    counted = events.groupby(["user", "track"]).size().reset_index(name="plays")
    return counted.rename(columns={"track": "item"})


@pytest.mark.parametrize("piece", [1500, 5000, 10**6])
def test_the_sum_is_that_of_a_group_by_however_it_is_cut(piece: int, tmp_path: Path) -> None:
    events = write_log(tmp_path / "log")
    found = aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache", piece=piece)
    pairs = pd.read_parquet(found.pairs)
    assert pairs[["user", "item", "plays"]].equals(expected(events))
    assert (found.lines, found.plays, found.pairs_count) == (2000, 2000, len(pairs))


def test_plays_before_the_cut_are_counted_apart(tmp_path: Path) -> None:
    events = write_log(tmp_path / "log")
    found = aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache", cut=50 * 86400)
    loaded = load_plays({"log": found}, events=True, timed=True)
    assert loaded.earlier is not None
    assert loaded.earlier.sum() == (events["time"] < 50 * 86400).sum()
    assert loaded.plays["log"].sum() == 2000
    assert not loaded.notes


def test_a_second_call_finds_the_result_and_no_parts_are_left(tmp_path: Path) -> None:
    write_log(tmp_path / "log")
    first = aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache")
    stamp = first.pairs.stat().st_mtime_ns
    again = aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache")
    assert again == first and again.pairs.stat().st_mtime_ns == stamp
    assert not list((tmp_path / "cache").glob("*.parts"))


def test_a_changed_log_is_aggregated_anew(tmp_path: Path) -> None:
    write_log(tmp_path / "log")
    aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache")
    write_log(tmp_path / "log", n=500)
    assert aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache").plays == 500


def test_a_killed_run_goes_on_after_its_last_whole_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = write_log(tmp_path / "log")
    written: list[int] = []
    write_part = module._write_part

    def dying(parts: Path, number: int, *rest: object) -> object:
        if len(written) == 3:
            (parts / f"{number:05d}.parquet").write_bytes(b"half")
            raise KeyboardInterrupt
        written.append(number)
        return write_part(parts, number, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_write_part", dying)
    with pytest.raises(KeyboardInterrupt):
        aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache", piece=6000)
    assert not list((tmp_path / "cache").glob("aggregate-*/facts.json"))

    def counting(parts: Path, number: int, *rest: object) -> object:
        written.append(number)
        return write_part(parts, number, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_write_part", counting)
    found = aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache", piece=6000)
    assert sorted(set(written)) == list(range(len(written)))  # none twice
    pairs = pd.read_parquet(found.pairs)
    assert pairs[["user", "item", "plays"]].equals(expected(events))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("00001.parquet", b"half"),
        ("00001.parquet", b""),
        ("00001.json", b""),
        ("00001.json", b'{"end": 3}'),
        ("00001.json", b"[1, 2]"),
    ],
)
def test_a_damaged_piece_is_written_anew_with_all_that_follow(
    name: str,
    content: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = write_log(tmp_path / "log")
    merge, write_part = module._merge, module._write_part

    def stopped(parts: Path, *rest: object) -> None:
        (parts / name).write_bytes(content)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_merge", stopped)
    with pytest.raises(KeyboardInterrupt):
        aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache", piece=6000)
    monkeypatch.setattr(module, "_merge", merge)
    written: list[int] = []

    def counting(parts: Path, number: int, *rest: object) -> object:
        written.append(number)
        return write_part(parts, number, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_write_part", counting)
    found = aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache", piece=6000)
    assert written[0] == 1
    assert "00001.json: damaged; it is made anew, with all that follow" in caplog.text
    pairs = pd.read_parquet(found.pairs)
    assert pairs[["user", "item", "plays"]].equals(expected(events))


def test_a_lost_play_is_noticed(tmp_path: Path) -> None:
    check_total(tmp_path, 5, 5, "aggregated")
    with pytest.raises(DataFormatError, match="5 plays before, 4 after they were aggregated"):
        check_total(tmp_path, 5, 4, "aggregated")


def test_a_part_that_lost_plays_stops_the_aggregation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(tmp_path / "log")
    write_part = module._write_part

    def tampering(parts: Path, number: int, *rest: object) -> object:
        part = write_part(parts, number, *rest)  # type: ignore[arg-type]
        table = pd.read_parquet(parts / f"{number:05d}.parquet")
        table.iloc[1:].to_parquet(parts / f"{number:05d}.parquet", index=False)
        return part

    monkeypatch.setattr(module, "_write_part", tampering)
    with pytest.raises(DataFormatError, match="2000 plays before, 19"):
        aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_the_cut_in_time_lies_at_the_share_to_the_day(share: float, tmp_path: Path) -> None:
    events = write_log(tmp_path / "log", n=5000)
    cut = time_quantile(tmp_path / "log", LFM_EVENTS, share, piece=3000)
    before = (events["time"] < cut).mean()
    a_day_less = (events["time"] < cut - 86400).mean()
    assert a_day_less < share <= before


def test_an_empty_log_has_no_time(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    with pytest.raises(DataFormatError, match="no lines"):
        time_quantile(tmp_path / "log", LFM_EVENTS, 0.5)


def test_pieces_hold_every_line_once_and_know_their_numbers(tmp_path: Path) -> None:
    events = write_log(tmp_path / "log")
    pieces = list(read_pieces(tmp_path / "log", LFM_EVENTS, 1000))
    tracks = np.concatenate([piece.table["track"].to_numpy() for piece in pieces])
    assert (tracks == events["track"].to_numpy()).all()
    assert [p.first_line for p in pieces[1:]] == np.cumsum(
        [1 + p.table.num_rows if n == 0 else p.table.num_rows for n, p in enumerate(pieces[:-1])]
    ).tolist()
    assert pieces[-1].end == (tmp_path / "log").stat().st_size


def test_a_fault_deep_in_a_log_has_its_line_number(tmp_path: Path) -> None:
    write_log(tmp_path / "log")
    lines = (tmp_path / "log").read_text().splitlines()
    lines[1499] = "1\t1\t1\tx\t5"
    (tmp_path / "log").write_text("\n".join(lines))
    with pytest.raises(DataFormatError, match="line 1500, column track"):
        aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache", piece=500)


def test_only_the_most_played_items_are_loaded_and_the_rest_is_counted(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("a\tx\t5\na\ty\t1\nb\tx\t2\nb\tz\t9\n")
    found = aggregate_log(tmp_path / "t", TRIPLETS, tmp_path / "cache")
    loaded = load_plays({"t": found}, top_items=2)
    assert loaded.items.tolist() == ["x", "z"]
    assert loaded.plays["t"].toarray().tolist() == [[5, 0], [2, 9]]
    assert [(n.check, n.value) for n in loaded.notes] == [("items_left_out", 1)]


def test_logs_of_several_files_share_users_and_items(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("a\tx\t5\n")
    (tmp_path / "h").write_text("a\ty\t1\nc\tx\t1\n")
    logs = {n: aggregate_log(tmp_path / n, TRIPLETS, tmp_path / "cache") for n in ("v", "h")}
    loaded = load_plays(logs)
    assert (loaded.users.tolist(), loaded.items.tolist()) == (["a", "c"], ["x", "y"])
    assert loaded.plays["v"].toarray().tolist() == [[5, 0], [0, 0]]
    assert loaded.plays["h"].toarray().tolist() == [[0, 1], [1, 0]]


def test_the_facts_beside_the_aggregate_are_json(tmp_path: Path) -> None:
    write_log(tmp_path / "log")
    found = aggregate_log(tmp_path / "log", LFM_EVENTS, tmp_path / "cache")
    assert json.loads((found.pairs.parent / "facts.json").read_text())["plays"] == 2000


def test_a_piece_of_short_lines_has_no_more_of_them_than_memory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = write_log(tmp_path / "log")
    monkeypatch.setattr(logs, "FIRST", 200)
    monkeypatch.setattr(logs, "MOST_LINES", 150)
    rows = [p.table.num_rows for p in read_pieces(tmp_path / "log", LFM_EVENTS, 10**6)]
    assert sum(rows) == len(events) and max(rows) < 200 and len(rows) < 25
