"""A packed file of lines that are sound, but too many: one line of words, in bounded memory.

Long form (10 GB behind a few MB, of each family of readers), with the memory that each took:
pytest -m slow -s tests/reliability/test_bombs.py
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from bad_inputs import FORMATS
from program import REPOSITORY

QUICK = ["scale=smoke", "logger=none", "resamples=20", "callbacks.progress=null"]
BLOCK = 2**24  # bytes that are packed once
FAMILIES = {  # a file of each family of readers
    "muso": "train_listening.json",
    "friends": "edges.csv",
    "hetrec": "user_friends.dat",
    "playlists": "a.csv",
    "mpd": "mpd.slice.0-5.json",
    "lfm1b": "unique_tracks.txt",
    "taste_profile": "train_triplets.txt",
    "audioscrobbler": "user_artist_data.txt",
    "table": "plays.csv",
    "track_features": "track_features.csv",
}
LIMITS = {  # what the environment sets -> what the line says
    "ratio": ({}, "unpacks to more than 250 times its size"),
    "size": ({"MUSO_MAX_UNPACKED_GIB": ".05"}, "unpacks to more than 0.05 GiB"),
    "text": (
        {"MUSO_MAX_UNPACKED_GIB": "64", "MUSO_MAX_TEXT_GIB": ".05"},
        "more than 0.05 GiB of text, which is read whole",
    ),
}


def pack(path: Path, n_bytes: int) -> None:
    """Put `path`.gz in the place of a file: its last line, or JSON value, over and over."""
    raw = path.read_bytes()
    if path.suffix == ".json":
        value = json.loads(raw)
        first = json.dumps(value if isinstance(value, dict) else value[0])
        head, line, tail = b"[", f"{first},\n".encode(), f"{first}]".encode()
    else:
        lines = raw.rstrip(b"\n").split(b"\n")
        head, line, tail = raw.rstrip(b"\n") + b"\n", lines[-1] + b"\n", b""
    many = line * (BLOCK // len(line))
    member = gzip.compress(many)
    with path.with_name(f"{path.name}.gz").open("wb") as file:
        file.write(gzip.compress(head))
        for _ in range(n_bytes // len(many) + 1):
            file.write(member)
        file.write(gzip.compress(tail))
    path.unlink()


def damaged(name: str, root: Path, n_bytes: int) -> list[str]:
    """Write the files of a format with a bomb among them; return the arguments that read them."""
    FORMATS[name].write(root)
    pack(root / FAMILIES[name], n_bytes)
    return [*FORMATS[name].arguments, f"dataset.root={root}", *QUICK]


@pytest.mark.parametrize("limit", LIMITS)
def test_too_much_text_is_refused_by_each_limit(
    limit: str, call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, words = LIMITS[limit]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    status, out, err = call(*damaged("friends", tmp_path, 96 * 2**20))
    assert status == 1 and f"edges.csv.gz: {words}" in err.splitlines()[-1], out + err
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FAMILIES)
def test_ten_gigabytes_end_in_one_line_and_in_bounded_memory(
    name: str, tmp_path: Path, cache: Path
) -> None:
    args = damaged(name, tmp_path, 10**10)
    packed = (tmp_path / f"{FAMILIES[name]}.gz").stat().st_size
    places = {"MUSO_OUTPUTS": str(tmp_path / "outputs"), "MUSO_CACHE": str(cache)}
    status, said, gib = measured(args, tmp_path, places)
    print(f"| {FAMILIES[name]}.gz, {packed / 1e6:.0f} MB | {gib:.2f} GiB | {said[-1][-90:]} |")
    assert status == 1 and len(said) == 1, said
    assert "more than" in said[0] and gib < 4


def measured(
    args: list[str], home: Path, environment: dict[str, str]
) -> tuple[int, list[str], float]:
    """Run the program; return its exit status, its lines and the GiB that it took."""
    with (home / "words").open("w+") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "muso_exp", *args],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdout=words,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        words.seek(0)
        said = [line for line in words.read().splitlines() if ": scale smoke" not in line]
    return os.waitstatus_to_exitcode(status), said, used.ru_maxrss / 2**20


ROW = b"An Artist,A Song,2024-01-02T03:04:05Z\n"
ARCHIVES = {  # name -> (what is in it: members and GB each, how many random bytes a block, said)
    "one row": ([("log.csv", 10)], 0, "more than 2 GiB of text"),
    "one member": ([("log.csv", 10)], 200_000, "more than 2 GiB of text"),
    "many members": ([(f"log-{n}.csv", 1) for n in range(10)], 200_000, "more than 2 GiB of text"),
    "gzip in zip": ([("log.csv.gz", 10)], 200_000, "more than 2 GiB of text"),
}


def archive(path: Path, members: list[tuple[str, int]], n_random: int) -> None:
    """Write a zip of listening histories, each of so many GB."""
    noise = np.random.default_rng(0).bytes(n_random).hex().encode()
    lines = [b"a%s,b,2024-01-02T03:04:05Z\n" % noise[k : k + 64] for k in range(0, len(noise), 64)]
    block = b"".join(lines) + ROW * ((BLOCK - sum(map(len, lines))) // len(ROW))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, size in members:
            head, again = b"artist,track,date\n", block
            if name.endswith(".gz"):
                head, again = gzip.compress(head), gzip.compress(block, 1)
            with packed.open(name, "w", force_zip64=True) as file:
                file.write(head)
                for _ in range(size * 10**9 // len(block)):
                    file.write(again)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ARCHIVES)
def test_a_history_of_ten_gigabytes_ends_in_one_line_and_in_bounded_memory(
    name: str, tmp_path: Path
) -> None:
    members, n_random, words = ARCHIVES[name]
    path = tmp_path / "my.zip"
    archive(path, members, n_random)
    status, said, gib = measured(["taste", str(path), "--out", str(tmp_path / "o")], tmp_path, {})
    size = path.stat().st_size / 1e6
    print(f"| taste: {name}, {size:.0f} MB | {gib:.2f} GiB | {said[-1][-90:]} |")
    assert status == 1 and len(said) == 1 and words in said[0], said
    assert gib < 4 and not (tmp_path / "o").exists()
