"""`collect`: both services, gone on with, refused and forgotten, as a user types it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_services import HIDES, KEY, RING, Service, polite, quick, running

from muso_exp import __main__
from muso_exp.collectors import listenbrainz
from muso_exp.collectors import polite as polite_module


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    monkeypatch.setenv("LASTFM_API_KEY", KEY)
    with running() as found:

        def transport(name: str, judge: Any, interval: float) -> Any:
            return polite(found, tmp_path, judge, quick())

        monkeypatch.setattr(polite_module, "transport", transport)
        monkeypatch.setattr(listenbrainz, "ADDRESS", "http://listenbrainz.invalid")
        yield found


def run(monkeypatch: pytest.MonkeyPatch, *args: object) -> int:
    monkeypatch.setattr(sys, "argv", ["muso_exp", "collect", *map(str, args)])
    try:
        __main__.main()
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def test_chains_are_written_and_gone_on_with(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:  # fmt: skip
    asked = [RING[0], RING[30], "--out", tmp_path / "new", "--train", 5, "--test", 4]
    assert run(monkeypatch, *asked) == 0
    assert "+experiment=dos_classifier dataset.root=" in capfd.readouterr().out
    before = service.asked.total()
    assert run(monkeypatch, *asked) == 0 and service.asked.total() == before
    assert run(monkeypatch, *asked[:-1], 6) == 2
    assert "was begun with test=4, not 6" in capfd.readouterr().err


def test_a_network_is_written_and_a_user_forgotten(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:  # fmt: skip
    out = ["--out", tmp_path / "new"]
    asked = [RING[0], *out, "--source", "listenbrainz", "--most", 4, "--days", 10_000]
    assert run(monkeypatch, *asked) == 0
    assert "4 users, 4 pairs of friends" in capfd.readouterr().out
    written = {path.name for path in (tmp_path / "new").iterdir()}
    assert written == {".private", "edges.csv", "listens.jsonl"}
    assert run(monkeypatch, "--forget", RING[1], *out) == 0
    assert f"{RING[1]} is forgotten" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([RING[0]], "two different users of Last.fm are needed, got 1"),
        ([RING[0], RING[0]], "two different users of Last.fm are needed"),
        (["--source", "listenbrainz"], "at least one user of ListenBrainz is needed"),
        ([RING[0], "--source", "other"], "--source other: choose one of lastfm, listenbrainz"),
        (["--forget", RING[0]], "no collection is there"),
        ([HIDES, RING[0]], f"no chain of 101 users starts at user {HIDES}"),
    ],
)
def test_what_cannot_be_collected_is_one_line(
    args: list[str], message: str, service: Service, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture,
) -> None:  # fmt: skip
    assert run(monkeypatch, *args, "--out", tmp_path / "new") != 0
    error = capfd.readouterr().err
    assert message in error and "Traceback" not in error and KEY not in error


def test_without_a_key_nothing_is_begun(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.delenv("LASTFM_API_KEY")
    assert run(monkeypatch, RING[0], RING[1], "--out", tmp_path / "new") == 1
    assert "set LASTFM_API_KEY to your key" in capfd.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_forgotten_root_of_a_chain_is_refused(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:  # fmt: skip
    asked = [RING[0], RING[30], "--out", tmp_path / "new", "--train", 3, "--test", 3]
    assert run(monkeypatch, *asked) == 0
    assert run(monkeypatch, "--forget", RING[0], "--out", tmp_path / "new") == 0
    assert run(monkeypatch, *asked) == 2
    assert f"{RING[0]} was forgotten here; take another user" in capfd.readouterr().err
