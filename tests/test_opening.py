"""What is no file, and what would fill the memory, is refused in one line."""

import gzip
import os
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from muso_exp import opening
from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError, MusoError
from muso_exp.formats.download import fetch_zip
from muso_exp.formats.factors import load_factors
from muso_exp.formats.listening.csv_headers import read_headers, refuse_damaged
from muso_exp.formats.listening.logs import PIECE, Layout, read_pieces
from muso_exp.formats.listening.song_matching import read_songs
from muso_exp.formats.mpd.json_bytes import map_json
from muso_exp.formats.tables import exactly, read_cells, read_table
from muso_exp.formats.text import read_json, read_text
from muso_exp.opening import file_state, is_file, open_data, open_zip, read_lines, read_whole

SMALL = 2**16
LAYOUT = Layout(("user", "item"))


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a file of a test can reach."""
    monkeypatch.setattr(opening, "ANY_RATIO", SMALL)
    monkeypatch.setattr(opening, "MAX_LINE", SMALL)


def bomb(path: Path, content: bytes = bytes(2**24)) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


READERS: dict[str, Callable[[Path], object]] = {
    "text": read_text,
    "json": read_json,
    "table": lambda path: read_table(path, exactly(path, ["a"])),
    "csv": read_cells,
    "lines": lambda path: list(read_lines(path)),
    "log": lambda path: list(read_pieces(path, LAYOUT, PIECE)),
    "own table": lambda path: refuse_damaged(path),
    "own header": lambda path: read_headers({"a": path}, "track"),
    "playlists": map_json,
    "songs": read_songs,
}


def test_the_state_of_what_is_no_file_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(DataFormatError, match="a circle of symbolic links, not a file"):
        file_state(tmp_path / "circle")
    with pytest.raises(DataFormatError, match="nothing: no file is there; put it there"):
        file_state(tmp_path / "nothing")


@pytest.mark.parametrize("reader", READERS)
def test_a_bomb_ends_each_reader_in_one_line(reader: str, low: None, tmp_path: Path) -> None:
    with pytest.raises(
        DataFormatError, match=r"a.csv.gz.*(250 times its size|a line of)"
    ) as caught:
        READERS[reader](bomb(tmp_path / "a.csv.gz", b"1" * 2**24))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("reader", ["text", "lines", "csv", "table", "own header", "songs"])
def test_a_line_that_no_table_has_is_refused_in_a_plain_file(
    reader: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(opening, "MAX_LINE", 2**20)
    (tmp_path / "a.csv").write_bytes(b"user,track\n" + b"x" * (17 * 2**20))
    with pytest.raises(DataFormatError, match=r"a.csv, line 2: a line of more than|a.csv: no CSV"):
        if reader == "own header":
            list(read_lines(tmp_path / "a.csv"))
        READERS[reader](tmp_path / "a.csv")


def test_a_log_of_one_endless_line_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("muso_exp.formats.listening.logs.MAX_LINE", SMALL)
    (tmp_path / "log.txt").write_bytes(b"1\t1\n" + b"1" * (3 * SMALL))
    with pytest.raises(DataFormatError, match=r"log.txt, line 2: a line of more than"):
        list(read_pieces(tmp_path / "log.txt", LAYOUT, SMALL))


def test_what_unpacks_a_hundredfold_is_read(low: None, tmp_path: Path) -> None:
    lines = b"".join(b"user %d,artist\n" % number for number in range(20_000))
    path = bomb(tmp_path / "a.gz", lines)
    assert len(lines) > SMALL
    assert read_whole(path) == lines
    with open_data(path) as file:
        file.seek(10)
        assert file.read(7) == lines[10:17]


def test_the_option_counts_instead_of_the_ratio(
    low: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = bomb(tmp_path / "a.gz")
    monkeypatch.setenv("MUSO_MAX_UNPACKED_GIB", "1")
    assert read_whole(path, longest=None) == bytes(2**24)
    monkeypatch.setenv("MUSO_MAX_UNPACKED_GIB", str(2**-8))
    with pytest.raises(DataFormatError, match=r"more than 0.00390625 GiB; .*MUSO_MAX_UNPACKED_GIB"):
        read_whole(path, longest=None)


def test_text_that_is_read_whole_has_a_bound(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(b"a line\n" * 400_000)
    monkeypatch.setenv("MUSO_MAX_TEXT_GIB", str(2**-9))
    with pytest.raises(DataFormatError, match=r"more than 0.001953.* GiB of text.*MUSO_MAX_TEXT"):
        read_text(tmp_path / "a.txt")


@pytest.mark.parametrize("given", ["many", "-1", "0", "nan", "inf"])
def test_an_option_that_is_no_size_is_refused(
    given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MUSO_MAX_UNPACKED_GIB", given)
    with pytest.raises(ConfigError, match=f"MUSO_MAX_UNPACKED_GIB={given}: a number of GiB above"):
        read_whole(bomb(tmp_path / "a.gz", b"x"))


def test_an_archive_has_the_same_bounds(
    low: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "factors.npz"
    np.savez_compressed(path, item_factors=np.zeros((2**12, 2**9)))
    with pytest.raises(DataFormatError, match=r"factors.npz: unpacks to more than 250 times"):
        with open_zip(path):
            pass
    with pytest.raises(MusoError, match=r"factors.npz: unpacks to more than 250 times"):
        load_factors(tmp_path)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dat", bytes(2**24))
    monkeypatch.setattr(
        "muso_exp.formats.download.pooch.retrieve", lambda *_, **__: str(tmp_path / "archive.zip")
    )
    with pytest.raises(DataFormatError, match=r"archive.zip: unpacks to more than 250 times"):
        fetch_zip("https://example.org/a.zip", {"a.dat": ""}, tmp_path)


def special(folder: Path, kind: str) -> Path:
    path = folder / "table.csv"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a named pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "a circle of symbolic links":
        path.symlink_to(path)
    elif kind == "a symbolic link that leads nowhere":
        path.symlink_to(folder / "nowhere")
    else:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
    return path


KINDS = (
    *("a folder", "a named pipe", "a device", "a socket"),
    *("a circle of symbolic links", "a symbolic link that leads nowhere"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_named_and_not_waited_for(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    path = special(Path(), kind)
    for reader in (is_file, read_whole, map_json, read_json):
        with pytest.raises(DataFormatError, match=f"table.csv: {kind}, not a file; put the file"):
            reader(path)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"a folder"}))
def test_a_root_that_is_no_folder_is_named(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = DatasetNotFoundError(special(Path(), kind), ["the folder itself"], "set dataset.root")
    assert str(error) == f"table.csv: {kind}, not a folder; set dataset.root"


def test_a_closed_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(opening, "what_is", closed)
    with pytest.raises(DataFormatError, match=r"a\.csv: cannot be read: Permission denied"):
        is_file(tmp_path / "a.csv")


def test_a_file_that_the_memory_cannot_hold_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(DataFormatError, match=r"a\.csv: does not fit into memory"):
        with open_data(tmp_path / "a.csv"):
            raise MemoryError


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x07", "\x7f"])
def test_a_control_character_is_refused_with_its_place(character: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"id,name\n1,on{character}e\n")
    with pytest.raises(
        DataFormatError, match=r"a\.csv, line 2, column 5: a control character, got"
    ):
        read_cells(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("escape", "kind"),
    [
        (r"\u001b", "a control character"),
        (r"\u0000", "a control character"),
        (r"\ud83d", "half of a character"),
        (r"\ude00\ud83d", "half of a character"),
    ],
)
def test_an_odd_escape_in_json_is_refused_with_its_place(
    escape: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(f'{{\n"a": "b{escape}"}}')
    with pytest.raises(DataFormatError, match=rf"a\.json, line 2, column 8: {kind}, got"):
        read_json(tmp_path / "a.json")


def test_usual_escapes_in_json_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(r'["\ud83d\ude00 \\u001b \\ud83d \t\u00e9"]')
    assert read_json(tmp_path / "a.json") == ["\U0001f600 \\u001b \\ud83d \té"]
