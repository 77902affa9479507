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
from pathlib import Path

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
    with (tmp_path / "words").open("w+") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "muso_exp", *args],
            cwd=REPOSITORY,
            env={**os.environ, **places},
            stdout=words,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        words.seek(0)
        said = [line for line in words.read().splitlines() if ": scale smoke" not in line]
    gib = used.ru_maxrss / 2**20
    print(f"| {FAMILIES[name]}.gz, {packed / 1e6:.0f} MB | {gib:.2f} GiB | {said[-1][-90:]} |")
    assert os.waitstatus_to_exitcode(status) == 1 and len(said) == 1, said
    assert "more than" in said[0] and gib < 4
