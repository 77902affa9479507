import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.download import fetch_zip

URL = "https://example.org/data.zip"
CONTENT = b"id\tname\n1\tNA\n"
DIGESTS = {"a.dat": hashlib.sha256(CONTENT).hexdigest()}


def serve(monkeypatch: pytest.MonkeyPatch, archive: bytes) -> None:
    def retrieve(url: str, known_hash: None, fname: str, path: Path) -> str:
        target = Path(path) / fname
        target.write_bytes(archive)
        return str(target)

    monkeypatch.setattr("muso_exp.formats.download.pooch.retrieve", retrieve)


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_wanted_files_are_unpacked_whatever_their_folder_and_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = CONTENT.replace(b"\n", b"\r\n")
    serve(monkeypatch, zipped({"lastfm/a.dat": windows, "lastfm/readme.txt": b"read me"}))
    fetch_zip(URL, DIGESTS, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.dat"]
    assert (tmp_path / "a.dat").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("archive", "match"),
    [
        (zipped({"a.dat": b"other"}), f"a.dat: sha256 {DIGESTS['a.dat']} is needed, got"),
        (zipped({"b.dat": CONTENT}), "the archive lacks, got 'a.dat'"),
        (zipped({"a.dat": CONTENT})[:-9], "damaged zip archive"),
        (b"<html>not found</html>", "no zip archive"),
    ],
)
def test_any_other_content_is_refused(
    archive: bytes, match: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, archive)
    with pytest.raises(DataFormatError, match=match):
        fetch_zip(URL, DIGESTS, tmp_path)
    assert not (tmp_path / "a.dat").exists()


def test_without_a_network_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> str:
        raise ConnectionError("no route")

    monkeypatch.setattr("muso_exp.formats.download.pooch.retrieve", refuse)
    match = r"example.org/data.zip: not found: a.dat; the download failed \(ConnectionError\); fet"
    with pytest.raises(DatasetNotFoundError, match=match):
        fetch_zip(URL, DIGESTS, tmp_path)
