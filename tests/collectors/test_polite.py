"""One pace for all processes, and files that are whole."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from local_services import NOW, Slept, quick

from muso_exp.collectors import files
from muso_exp.collectors.polite import Patience, RateLimit, http_fault, transport
from muso_exp.errors import ConfigError


def test_all_who_ask_share_one_pace(tmp_path: Path) -> None:
    def ask(_: int) -> float:
        RateLimit("both", 0.05, Patience(), tmp_path).wait()
        return time.monotonic()

    with ThreadPoolExecutor(3) as pool:
        times = sorted(pool.map(ask, range(8)))
    assert times[-1] - times[0] >= 7 * 0.05 - 0.01


def test_a_pause_holds_for_the_others(tmp_path: Path) -> None:
    slept = Slept()
    first, other = (RateLimit("both", 0.5, quick(slept), tmp_path) for _ in range(2))
    first.pause(30)
    first.pause(10)
    other.wait()
    assert slept == [30]


@pytest.mark.parametrize("found", ["", "x", "nan", str(NOW + 10_000)])
def test_a_damaged_or_absurd_time_is_none(found: str, tmp_path: Path) -> None:
    slept = Slept()
    (tmp_path / "both.next").write_text(found)
    RateLimit("both", 0.5, quick(slept), tmp_path).wait()
    assert slept == []


def test_a_place_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be made: Not a directory"):
        RateLimit("both", 0.5, quick(), tmp_path / "file" / "folder").wait()


def test_processes_of_the_user_share_the_file_of_a_service() -> None:
    both = [transport("Last.fm", lambda status, body: None, 0.25).limit._path for _ in range(2)]
    assert both[0] == both[1] and both[0].name == "lastfm.next"


@pytest.mark.parametrize(
    ("status", "again"),
    [(200, None), (204, None), (301, False), (401, False), (404, False), (408, True),
     (418, False), (429, True), (500, True), (599, True)],
)  # fmt: skip
def test_what_may_be_answered_later_is_asked_again(status: int, again: bool | None) -> None:
    fault = http_fault(status)
    assert (fault and fault.again) is again


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_json(tmp_path / "a.json", {"b": 1, "a": "é"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{"b": 1, "a": "é"}'
    assert (tmp_path / "a.json").stat().st_mode & 0o077 == 0
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        files.write_text(tmp_path / "a.json", "other")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
