"""Fetching a published archive: whole, checked by content, or nothing."""

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pooch

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.opening import open_zip


def fetch_zip(url: str, digests: Mapping[str, str], folder: Path) -> None:
    """Download a zip archive and unpack the named files of it into `folder`.

    Args:
        url: of the archive.
        digests: sha256 of the content of each wanted file, line ends LF.
        folder: an existing, empty folder; on an error the caller throws it away.

    Raises:
        DatasetNotFoundError: no network, or the address does not answer with a file.
        DataFormatError: no zip archive, a file missing in it, or of another content.
    """
    try:
        archive = Path(pooch.retrieve(url, None, fname="archive.zip", path=folder))
    except (OSError, ValueError) as error:
        reason = type(error).__name__
        fix = f"the download failed ({reason}); fetch it by hand and set dataset.root"
        raise DatasetNotFoundError(url, sorted(digests), fix) from error
    for name, content in _members(archive, digests).items():
        content = content.replace(b"\r\n", b"\n")
        found = hashlib.sha256(content).hexdigest()
        if found != digests[name]:
            raise DataFormatError(
                f"{url}: {name}", f"sha256 {digests[name]} is needed", value=found, fix="try again"
            )
        (folder / name).write_bytes(content)
    archive.unlink()


def _members(archive: Path, names: Mapping[str, str]) -> dict[str, bytes]:
    try:
        with open_zip(archive) as opened:
            inside = {PurePosixPath(path).name: path for path in opened.namelist()}
            return {name: opened.read(inside[name]) for name in names}
    except KeyError as error:
        raise DataFormatError(archive.name, "the archive lacks", value=error.args[0]) from error
