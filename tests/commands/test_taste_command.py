"""`taste` as a user calls it: alone, with a run on several people's histories, and with HetRec."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir

from muso_exp.commands import taste as command
from muso_exp.data import hetrec
from muso_exp.run import run
from muso_exp.simulation.hetrec import write_hetrec
from muso_exp.simulation.world import simulate_world

LOG = "artist,track,uts\nBand,One,1500000000\nBand,Two,1500090000\n"
SONGS = [(f"{'Rock' if n < 20 else 'Jazz'} Band {n // 2}", f"Song {n}") for n in range(40)]


def uri(song: int) -> str:
    return f"spotify:track:{'0' * 20}{song:02d}"


def play(song: int, when: pd.Timestamp) -> dict:
    artist, title = SONGS[song]
    return {
        **{"ts": f"{when:%Y-%m-%dT%H:%M:%SZ}", "ms_played": 200_000},
        **{"master_metadata_track_name": title, "master_metadata_album_artist_name": artist},
        "spotify_track_uri": uri(song),
    }


def write_people(folder: Path) -> None:
    """Extended histories of 24 people of two tastes, a folder each."""
    rng = np.random.default_rng(1)
    for user in range(24):
        own = np.arange(20) + 20 * (user % 2)
        heard = np.repeat(rng.choice(own, 12, replace=False), rng.integers(1, 9, 12))
        start = pd.Timestamp("2021-01-01")
        rows = [play(song, start + pd.Timedelta(hours=7 * n)) for n, song in enumerate(heard)]
        path = folder / f"person{user}" / "Streaming_History_Audio_2021_0.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(rows))


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Path, Path]:
    """A run of WMF on histories, and the histories."""
    folder = tmp_path_factory.mktemp("people")
    write_people(folder / "histories")
    given = ["+experiment=wmf", "dataset.source=history", f"dataset.root={folder / 'histories'}"]
    common = ["scale=smoke", "resamples=20", "logger=none", f"paths.cache={cache}"]
    places = [f"paths.outputs={folder}", f"paths.run={folder / 'run'}"]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        run(compose("config", [*given, *common, *places]))
    return folder / "run", folder / "histories"


def test_a_history_becomes_a_page_and_its_tables(tmp_path: Path, call: Callable) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    out = tmp_path / "out"
    status, shown, _ = call("taste", str(tmp_path / "log.csv"), "--out", str(out))
    assert status == 0 and shown.splitlines()[-1] == str(out / "taste.html")
    assert "2 plays of 2 songs read" in shown
    assert {path.name for path in out.iterdir()} == {"taste.html", "artists.csv", "songs.csv"}


def test_what_several_people_play_is_learned_and_recommends_to_one_of_them(
    learned: tuple[Path, Path], tmp_path: Path, call: Callable
) -> None:
    folder, histories = learned
    record = json.loads((folder / "metrics.json").read_text())
    assert record["n"]["users"] == 24 and "24" in str(record["audit"])
    mine, out = histories / "person3", tmp_path / "out"
    given = ["--catalogue", str(folder), "--out", str(out), "--timezone", "Asia/Tokyo"]
    assert call("taste", str(mine), *given)[0] == 0
    page = (out / "taste.html").read_text()
    assert "Of your 12 songs the run run knows 12 (100 %)" in page
    assert "What you might like" in page and "Listeners like you" in page
    assert "The catalogue has no tags." in page
    ranked = pd.read_csv(out / "recommendations.csv")
    played = {row["spotify_track_uri"] for row in json.loads(next(mine.iterdir()).read_text())}
    assert set(ranked["uri"]) <= {uri(song) for song in range(40)} - played
    assert (ranked["artist"].head(4).str.startswith("Jazz")).all()
    assert (out / "spotify_uris.txt").read_text().split() == ranked["uri"].tolist()
    playlist = (out / "recommendations.m3u8").read_text().splitlines()
    first = ranked.iloc[0]
    assert playlist[0] == "#EXTM3U" and playlist[2:4] == [
        f"#EXTINF:-1,{first['artist']} - {first['title']}",
        first["uri"],
    ]
    assert call("taste", str(mine), "--out", str(out))[0] == 0
    assert not (out / "recommendations.csv").exists() and not (out / "spotify_uris.txt").exists()


def test_predict_can_leave_out_longer_plays(
    learned: tuple[Path, Path], tmp_path: Path, call: Callable
) -> None:
    folder, histories = learned
    mine = str(histories / "person3")
    assert call("predict", str(folder), mine, "--min-seconds", "200")[0] == 0
    status, _, said = call("predict", str(folder), mine, "--min-seconds", "201")
    assert status == 1 and re.search(r"no play is left of it: \d+ plays under 201 s", said)
    status, _, said = call("predict", str(folder), mine, "--min-seconds", "-1")
    assert status == 2 and "--min-seconds -1: 0 or more seconds are needed" in said


@pytest.mark.parametrize(
    ("content", "options", "status", "message"),
    [
        ("hello\n", [], 1, "no listening history; known are: Spotify account data"),
        ("artist,track,uts,ms_played\nA,B,1500000000,9\n", [], 1, "no play is left of it: 1 plays"),
        (LOG, ["--timezone", "Mars/Base"], 2, "timezone=Mars/Base: no such time zone"),
        (LOG, ["--catalogue", "nowhere"], 1, "nowhere: no checkpoint here; give a run folder"),
        (LOG, ["--catalogue", "x", "--download"], 2, "--download and --catalogue: give one of"),
    ],
)
def test_what_is_no_history_is_told_in_a_line_and_leaves_nothing(
    content: str, options: list[str], status: int, message: str, tmp_path: Path, call: Callable
) -> None:
    (tmp_path / "x.csv").write_text(content)
    out = tmp_path / "out"
    code, _, said = call("taste", str(tmp_path / "x.csv"), "--out", str(out), *options)
    assert code == status and message in said and said.count("\n") == 1
    assert not out.exists()


def test_a_catalogue_that_is_a_log_is_told_what_a_catalogue_is(
    tmp_path: Path, call: Callable
) -> None:
    log = tmp_path / "log.csv"
    log.write_text(LOG)
    code, _, said = call("taste", log, "--catalogue", log, "--out", tmp_path / "out")
    assert code == 1 and said.count("\n") == 1 and not (tmp_path / "out").exists()
    assert f"--catalogue {log}: not a readable checkpoint: a run folder or a .ckpt file" in said
    assert "a catalogue is the folder of a finished run of a recommender" in said


def test_a_missing_file_is_told(tmp_path: Path, call: Callable) -> None:
    code, _, said = call("taste", str(tmp_path / "gone.zip"))
    assert code == 1 and "not found: gone.zip" in said


@contextmanager
def served(content: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a server that answers with `content`, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hetrec.zip", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hetrec_archive(folder: Path) -> tuple[bytes, dict[str, str]]:
    """A small world as an archive of HetRec, and the sha256 of its files."""
    write_hetrec(simulate_world(n_users=60, n_artists=120, n_genres=6, seed=1), folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue(), {n: hashlib.sha256(c).hexdigest() for n, c in files.items()}


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"no", 404, "the download failed"),
        (b"<html>later</html>", 200, "no zip archive"),
        (None, 200, "is needed, got"),
    ],
)
def test_a_download_that_fails_is_told_in_a_line_and_leaves_nothing(
    content: bytes | None,
    status: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: Callable,
) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "files").mkdir()
    archive = hetrec_archive(tmp_path / "files")[0] if content is None else content
    with served(archive, status) as (address, asked):
        monkeypatch.setattr(hetrec, "URL", address)
        out = tmp_path / "out"
        cache = tmp_path / "cache"
        monkeypatch.setenv("MUSO_CACHE", str(cache))
        given = ["taste", str(tmp_path / "log.csv"), "--out", str(out)]
        assert call(*given)[0] == 0 and asked == []  # never unasked
        code, _, said = call(*given, "--download")
    assert code == 1 and message in said and "Traceback" not in said
    assert not any(path.is_dir() for path in cache.iterdir())


@pytest.mark.slow
def test_hetrec_is_fetched_and_learned_from_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable
) -> None:
    (tmp_path / "files").mkdir()
    archive, digests = hetrec_archive(tmp_path / "files")
    names = pd.read_csv(tmp_path / "files" / "artists.dat", sep="\t")["name"]
    (tmp_path / "log.csv").write_text("artist,plays\n" + "".join(f'"{n}",9\n' for n in names[:9]))
    monkeypatch.setattr(command, "TRAINING", (*command.TRAINING, "scale=smoke", "logger=none"))
    out = tmp_path / "out"
    with served(archive) as (address, asked):
        monkeypatch.setattr(hetrec, "URL", address)
        monkeypatch.setattr(hetrec, "SHA256", digests)
        monkeypatch.setenv("MUSO_CACHE", str(tmp_path / "cache"))
        for _ in range(2):
            status, _, said = call(
                "taste", str(tmp_path / "log.csv"), "--out", str(out), "--download"
            )
            assert status == 0, said
    assert asked == ["/hetrec.zip"]
    assert len(list((tmp_path / "outputs" / "wmf").iterdir())) == 1
    page = (out / "taste.html").read_text()
    assert "Your tags" in page and "Listeners like you" in page
    assert "names alone" in (out / "recommendations.m3u8").read_text()
