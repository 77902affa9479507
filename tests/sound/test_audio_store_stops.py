"""The audio store whose making is stopped, killed, or asked for by two processes at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE

import pytest
from conftest import REPOSITORY
from tiny_store import OPTIONS, N, good_files, good_store, table

from muso_exp.sound import shards
from muso_exp.sound.store import AudioStore, build_store


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return good_files(tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
def store(sound: Path) -> AudioStore:
    return good_store(sound)


def test_a_stopped_build_goes_on_after_its_last_whole_shard(
    sound: Path, store: AudioStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked, before = shards.run_each, [], iter(range(5))

    def stopped(*arguments: object) -> Iterator:
        for ended in real(*arguments):
            if next(before, None) is None:
                raise KeyboardInterrupt
            yield ended

    def counted(*arguments: object) -> Iterator:
        for ended in real(*arguments):
            asked.append(Path(ended[0][0]).name)
            yield ended

    tracks = table(sorted((sound / "good").iterdir()))
    monkeypatch.setattr(shards, "SHARD_BYTES", 2 * 2 * N)  # two clips
    monkeypatch.setattr(shards, "run_each", stopped)
    with pytest.raises(KeyboardInterrupt):
        build_store(tracks, tmp_path, OPTIONS)
    assert not [path for path in tmp_path.iterdir() if path.suffix not in (".parts", ".lock")]
    monkeypatch.setattr(shards, "run_each", counted)
    found = build_store(tracks, tmp_path, OPTIONS)
    assert sorted(asked) == list(tracks["track_id"][4:])
    assert found.fingerprint == store.fingerprint
    assert sorted(found.index["shard"].unique()) == [0, 1, 2, 3]
    assert not list(tmp_path.glob("*.parts"))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[-9] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("00000.npy", cut),
        ("00000.npy", flip),
        ("00000.npy", Path.unlink),
        ("00000.parquet", cut),
        ("00000.parquet", lambda path: path.write_bytes(b"")),
    ],
)
def test_a_damaged_shard_of_a_stopped_build_is_decoded_anew(
    name: str,
    damage: Callable[[Path], object],
    sound: Path,
    store: AudioStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracks = table(sorted((sound / "good").iterdir()))
    with monkeypatch.context() as patch:
        patch.setattr("muso_exp.sound.store._write_tables", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build_store(tracks, tmp_path, OPTIONS)
    (parts,) = tmp_path.glob("*.parts")
    damage(parts / name)
    assert build_store(tracks, tmp_path, OPTIONS).fingerprint == store.fingerprint
    assert "00000.npy: damaged; it is made anew" in caplog.text


def interrupted(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_a_damaged_store_is_made_anew(
    sound: Path, store: AudioStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracks = table(sorted((sound / "good").iterdir()))
    folder = build_store(tracks, tmp_path, OPTIONS).folder
    cut(folder / "00000.npy")
    found = build_store(tracks, tmp_path, OPTIONS)
    assert (found.clip(7) == store.clip(7)).all()
    assert "damaged (00000.npy: " in caplog.text


BUILD = """
import sys, pandas as pd, pathlib
from muso_exp.sound.store import StoreOptions, build_store
paths = sorted(pathlib.Path(sys.argv[1]).iterdir())
tracks = pd.DataFrame({"track_id": [p.name for p in paths], "path": [str(p) for p in paths]})
options = StoreOptions(sample_rate=16_000, seconds=4.0, crop="centre", workers=1, min_seconds=2.0)
sys.stdout.write(build_store(tracks, pathlib.Path(sys.argv[2]), options).fingerprint)
"""

HELD = """
import pathlib, signal, sys, time
from muso_exp.sound import shards
signal.signal(signal.SIGINT, signal.default_int_handler)  # else ignored in a background job
real = shards.run_each
def held(*arguments):
    for n, ended in enumerate(real(*arguments)):
        if n == 3:
            pathlib.Path(sys.argv[2], "held").touch()
            time.sleep(600)
        yield ended
shards.run_each = held
"""  # a build that waits after its third clip, to be stopped there


def start_build(sound: Path, cache: Path, before: str = "") -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])}
    arguments = [sys.executable, "-c", before + BUILD, str(sound / "good"), str(cache)]
    return subprocess.Popen(arguments, stdout=PIPE, stderr=PIPE, text=True, env=environment)


def test_two_processes_that_build_one_store_both_get_it(
    sound: Path, store: AudioStore, tmp_path: Path
) -> None:
    builders = [start_build(sound, tmp_path) for _ in range(2)]
    assert [builder.communicate(timeout=100)[0] for builder in builders] == [store.fingerprint] * 2
    folders = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(folders) == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_build_that_is_killed_leaves_no_process_and_no_half_store(
    sound: Path, store: AudioStore, tmp_path: Path, how: signal.Signals
) -> None:
    builder = start_build(sound, tmp_path, HELD)
    wait_for(lambda: (tmp_path / "held").exists())
    assert list(tmp_path.glob("*.parts/*.npy"))
    workers = Path(f"/proc/{builder.pid}/task/{builder.pid}/children").read_text().split()
    assert workers
    builder.send_signal(how)
    builder.communicate(timeout=60)
    assert builder.returncode != 0
    wait_for(lambda: not any(is_alive(worker) for worker in workers))
    assert not list(tmp_path.glob("*/store.json"))
    tracks = table(sorted((sound / "good").iterdir()))
    assert build_store(tracks, tmp_path, OPTIONS).fingerprint == store.fingerprint


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def is_alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
