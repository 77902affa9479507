"""A disk that fills up while a log is aggregated, and a log whose last line is cut."""

import bz2
import errno
import gzip
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from made import made

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.listening.aggregate import aggregate_log, disk_errors, unended
from muso_exp.formats.listening.lfm1b import LFM_EVENTS
from muso_exp.formats.listening.sources import SOURCES

PIECE = 2**21


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def write_log(path: Path, n_lines: int = 400_000) -> Path:
    rng = np.random.default_rng(0)
    users = np.sort(rng.integers(1, 500, n_lines))
    rest = [rng.integers(1, most, n_lines) for most in (9, 9, 90_000)]
    columns = np.column_stack([users, *rest, rng.integers(1_356_998_400, 1_372_636_800, n_lines)])
    np.savetxt(path, columns, fmt="%d", delimiter="\t")
    return path


def test_a_full_disk_leaves_whole_parts_and_the_next_start_goes_on(
    disk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_log(tmp_path / "log.txt")
    expected = aggregate_log(path, LFM_EVENTS, tmp_path / "cache", piece=PIECE)
    for size in (400_000, 1_500_000):  # in the midst of the parts, and of their sum
        subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)
        with pytest.raises(ConfigError, match=r"paths\.cache=.*No space left on device"):
            aggregate_log(path, LFM_EVENTS, disk / "cache", piece=PIECE)
        left = sorted(found.suffix for found in (disk / "cache").iterdir())
        assert left == [".lock", ".parts"]
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    with caplog.at_level("INFO"):
        again = aggregate_log(path, LFM_EVENTS, disk / "cache", piece=PIECE)
    assert "goes on at line" in caplog.text
    assert again.pairs.read_bytes() == expected.pairs.read_bytes()
    assert (again.lines, again.plays) == (expected.lines, expected.plays)
    assert not list((disk / "cache").glob("*.parts"))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("block (…). This limit was set by 'max_temp_directory_size'", errno.ENOSPC),
        ("Could not write file: Disk quota exceeded", errno.EDQUOT),
        ("Could not write file: File too large", errno.EFBIG),
    ],
)
def test_what_duckdb_says_of_a_file_that_cannot_grow_is_an_error_of_the_system(
    said: str, code: int
) -> None:
    with pytest.raises(OSError, match=os.strerror(code)) as caught, disk_errors():
        raise duckdb.OutOfMemoryException(said)
    assert caught.value.errno == code
    with pytest.raises(duckdb.ParserException, match="syntax"), disk_errors():
        raise duckdb.ParserException("syntax")


@pytest.mark.parametrize(("cut", "column"), [(2, None), (18, "columns"), (24, "columns")])
def test_a_cut_last_line_is_refused_with_its_number_or_noted(
    tmp_path: Path, cut: int, column: str | None
) -> None:
    data = made("plays", None, tmp_path / "cache", source="lfm1b", world=WORLD)
    files = data._find()
    path = files["events"]
    lines = path.read_bytes()
    assert lines.endswith(b"\n") and unended(path) == []
    path.chmod(0o644)
    path.write_bytes(lines[:-cut])
    if column:
        with pytest.raises(DataFormatError, match=rf"line {lines.count(10)}.*{column}"):
            aggregate_log(path, LFM_EVENTS, tmp_path / "other")
    else:  # a number of fewer digits is a number
        (note,) = unended(path)
        assert note.check == "last_line_without_end" and path.name in note.text


@pytest.mark.parametrize(("end", "ended"), [(b"", False), (b"\n", True)])
@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_a_log_that_was_packed_after_it_was_cut_is_noted(
    suffix: str, pack: Callable, end: bytes, ended: bool, tmp_path: Path
) -> None:
    path = tmp_path / f"log{suffix}"
    path.write_bytes(pack(b"1\t1\t1\t1\t5\n1\t1\t1\t1\t5" + end))
    for _ in range(2):  # from the cache too
        summed = aggregate_log(path, LFM_EVENTS, tmp_path / "cache", piece=8)
        assert summed.ended == ended
        assert len(unended(path, summed.ended)) == (not ended)


@pytest.mark.parametrize(("source", "name"), [("table", "plays.csv"), ("hetrec", "user_artists")])
def test_a_table_whose_last_line_has_no_end_is_noted(
    source: str, name: str, tmp_path: Path
) -> None:
    root = None
    if source == "table":
        root = tmp_path / "root"
        root.mkdir()
        (root / name).write_text("user,artist,plays\na,x,10\nb,x,10\nb,y,10\n")
    data = made("plays", root, tmp_path / "cache", source=source, world=WORLD)
    files = data._find()
    for cut in (False, True):
        if cut:
            files[name].chmod(0o644)
            files[name].write_bytes(files[name].read_bytes().rstrip())
        notes = [note.check for note in SOURCES[source].read(files, data.options).notes]
        assert ("last_line_without_end" in notes) == cut


WORLD = {"users": 20, "artists": 40, "genres": 4}
