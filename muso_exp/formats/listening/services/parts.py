"""The files of a listening history: single files, folders and zip archives, plain or packed."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.text import decoded, refuse_name
from muso_exp.opening import (
    PACKED,
    begins_as_zip,
    check_text,
    is_file,
    open_data,
    open_member,
    open_zip,
    read_bounded,
    read_whole,
)
from muso_exp.text import visible

HEAD = 2**16  # bytes by which a format is recognised


@dataclass(frozen=True)
class Part:
    """One file of a history.

    Attributes:
        path: of the file, or of the archive that holds it.
        member: its name in the archive; "" where it is a file.
        size: bytes of a member, as the archive says; it yields no more.
        owner: name of the file, folder or archive that was given: whose plays these are, where no
            column says it.
    """

    path: Path
    owner: str
    member: str = ""
    size: int = 0

    @property
    def place(self) -> Path:
        """Return where the part is, for messages."""
        return self.path / self.member if self.member else self.path

    @property
    def name(self) -> str:
        """Return the name of the file without the suffix of a packed one."""
        name = PurePosixPath(self.member or self.path.name).name
        return name.removesuffix(PACKED[0]).removesuffix(PACKED[1])

    @property
    def leads_out(self) -> bool:
        """Return whether its name in the archive leads out of the archive; such are not read."""
        member = PurePosixPath(self.member)
        return member.is_absolute() or ".." in member.parts

    def head(self) -> str:
        """Return the first 64 KiB as text, bytes that are not UTF-8 replaced.

        Raises:
            DataFormatError: a file that cannot be read.
        """
        packed = open_member(self.path, self.member) if self.member else open_data(self.path)
        with packed as file:
            raw = file.read(HEAD)
        return raw.decode("utf-8-sig", errors="replace")

    def read(self) -> bytes:
        """Return the whole content without a byte order mark.

        Raises:
            DataFormatError: a file that cannot be read, or one that is too large.
        """
        if self.member:
            with open_member(self.path, self.member) as file:
                raw = read_bounded(file, self.place, longest=None)
        else:
            raw = read_whole(self.path, longest=None)
        return raw.removeprefix(b"\xef\xbb\xbf")

    def text(self) -> str:
        """Return the whole content as text, line ends LF.

        Raises:
            DataFormatError: as of `read`, or bytes that are not UTF-8.
        """
        return decoded(self.place, self.read())


def find_parts(paths: Sequence[Path]) -> list[Part]:
    """Return all files in what was given, in order; hidden ones are passed over.

    Raises:
        DatasetNotFoundError: nothing lies at a path.
        DataFormatError: a damaged archive, or a name that is not UTF-8.
    """
    return [part for path in paths for part in _parts(path, _stem(path))]


def check_archives(parts: Iterable[Part]) -> None:
    """Raise DataFormatError for an archive of more text, in all that is read, than fits."""
    sizes = Counter[Path]()
    for part in parts:
        sizes[part.path] += part.size
    for path, n_bytes in sizes.items():
        check_text(path, n_bytes)


def entries(root: Path) -> list[Path]:
    """Return what lies in a folder by name, hidden files left out; a file stands for itself."""
    return _visible(root) if root.is_dir() else [root]


def _parts(path: Path, owner: str) -> Iterator[Part]:
    refuse_name(path)
    if path.is_dir():
        for below in _visible(path):
            yield from _parts(below, owner)
    elif not is_file(path):
        fix = "give a file, a folder or a zip archive of a listening history"
        raise DatasetNotFoundError(path.parent, [path.name], fix)
    elif path.suffix.lower() == ".zip" and (zipfile.is_zipfile(path) or begins_as_zip(path)):
        with open_zip(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
        names = Counter(info.filename for info in infos)
        for name in (name for name, number in names.items() if number > 1):
            problem = f"holds {names[name]} files named {visible(name)}, of which one could be read"
            raise DataFormatError(path, problem, fix="unpack it, and give the folder")
        for info in sorted(infos, key=lambda info: info.filename):
            if not _is_hidden(PurePosixPath(info.filename)):
                yield Part(path, owner, info.filename, info.file_size)
    else:
        yield Part(path, owner)


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _is_hidden(name: PurePosixPath) -> bool:
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in name.parts)


def _stem(path: Path) -> str:
    """Return the name without suffixes of a file: `ann` of ann.csv.gz; of a folder all of it."""
    name = path.resolve().name
    if path.is_dir():
        return name
    for suffix in PACKED:
        name = name.removesuffix(suffix)
    return PurePosixPath(name).stem or name
