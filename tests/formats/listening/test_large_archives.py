"""Archives of more text than fits into memory, however packed, and of one name twice."""

import gzip
import zipfile
from pathlib import Path

import pytest

from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.histories import read_history

LOG = b"artist,track,date\n" + b"A,One,2024-01-02T03:04:05Z\n" * 60_000  # 1.5 MiB
KINDS = {
    "one": {"log.csv": LOG * 2},
    "several": {"a.csv": LOG, "b.csv": LOG},
    "gzip in zip": {"log.csv.gz": gzip.compress(LOG * 2)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_of_too_much_text_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "my.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in KINDS[kind].items():
            archive.writestr(name, raw)
        archive.writestr("song.mp3", bytes(2**22))  # is not read
    monkeypatch.setenv("MUSO_MAX_TEXT_GIB", str(2**-9))
    with pytest.raises(DataFormatError, match=r"my\.zip.*: more than 0\.00195.* GiB of text"):
        read_history(path)
    monkeypatch.setenv("MUSO_MAX_TEXT_GIB", str(2**-7))
    assert read_history(path).plays > 0


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_of_two_files_of_one_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "my.zip", "w") as archive:
        archive.writestr("log.csv", LOG[:99])
        archive.writestr("log.csv", LOG[:200])
    with pytest.raises(DataFormatError, match=r"my\.zip: holds 2 files named log\.csv"):
        read_history(tmp_path / "my.zip")
