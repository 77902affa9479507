"""Opening the files of a data set, plain or packed.

Whatever is no file, and a packed file that would fill the memory, is refused here, in one line.
"""

import bz2
import gzip
import io
import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from muso_exp.errors import ConfigError, DataFormatError, what_is

GIB = 2**30
UNPACKED = "MUSO_MAX_UNPACKED_GIB"  # the option; where it is set, the ratio no longer counts
TEXT = "MUSO_MAX_TEXT_GIB"
MAX_UNPACKED = 64.0  # GiB of a file that is read in pieces; LFM-1b's log of events has 40
MAX_TEXT = 2.0  # GiB of a file that is read whole: as a table it takes several times as much
MAX_RATIO = 250  # tables shrink to a third or a twentieth; zeros to a thousandth
ANY_RATIO = 64 * 2**20  # bytes up to which the ratio does not matter
MAX_LINE = 16 * 2**20  # bytes of a line of text
# What numpy raises of an .npy or .npz file that is torn, empty, or claims what cannot be.
DAMAGED_ARRAY = (
    *(OSError, ValueError, EOFError, TypeError, SyntaxError, OverflowError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, tokenize.TokenError),
)
PACKED = (".gz", ".bz2")  # suffixes of files that are unpacked while they are read
_CHUNK = 2**20
_NO_END = "File is not a zip file"  # what zipfile says of an archive without its end
_ZIP = b"PK\x03\x04"  # how an archive begins that is not empty


def is_file(path: Path) -> bool:
    """Return whether a file that can be read lies at a path; False where nothing does.

    Raises:
        DataFormatError: something else lies there: a folder, a pipe, a broken link, ...
    """
    try:
        kind = what_is(path)
    except PermissionError as error:
        raise DataFormatError(path, f"cannot be read: {error.strerror}") from error
    if kind not in ("", "a file"):
        raise DataFormatError(path, f"{kind}, not a file", fix="put the file itself there")
    return kind == "a file"


def file_state(path: Path) -> os.stat_result:
    """Return size and times of a file.

    Raises:
        DataFormatError: no file, or one that cannot be read.
    """
    if not is_file(path):
        raise DataFormatError(path, "no file is there", fix="put it there")
    return path.stat()


@contextmanager
def open_data(path: Path) -> Iterator[BinaryIO]:
    """Open a plain, gzipped or bzip2 file to be read; what it unpacks to is bounded.

    The bounds: `MAX_UNPACKED` GiB, and beyond 64 MiB 250 times the packed size; or else as many
    GiB as the environment variable `MUSO_MAX_UNPACKED_GIB` says.

    Raises:
        DataFormatError: no file, unreadable, damaged packed data, beyond the bounds, or too large
            for the memory; also for what is raised while it is open.
        ConfigError: the environment variable holds no number above 0.
    """
    is_file(path)  # a pipe would wait for ever
    try:
        with path.open("rb") as file:
            if path.suffix not in PACKED:
                yield file
                return
            bound = _bound(path, os.fstat(file.fileno()).st_size)
            with _unpacked(path, file) as packed:
                yield io.BufferedReader(_Bounded(packed, path, bound), _CHUNK)  # type: ignore[type-var]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        kind = "bzip2" if path.suffix == ".bz2" else "gzip"
        raise DataFormatError(path, f"damaged {kind} file: {error}", fix="copy it anew") from error
    except OSError as error:
        if path.suffix == ".bz2" and error.errno is None:  # what bz2 raises of other bytes
            problem = f"damaged bzip2 file: {error}"
            raise DataFormatError(path, problem, fix="copy it anew") from error
        raise DataFormatError(path, f"cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise DataFormatError(
            path, "does not fit into memory", fix="give a smaller file"
        ) from error


def _unpacked(path: Path, file: BinaryIO) -> gzip.GzipFile | bz2.BZ2File:
    return bz2.open(file) if path.suffix == ".bz2" else gzip.open(file)


def read_whole(path: Path, longest: int | None = MAX_LINE) -> bytes:
    """Return the bytes of a plain or gzipped file.

    Args:
        path: of the file.
        longest: bytes that a line may have; None for any number.

    Raises:
        DataFormatError: as of `open_data`; a longer line; or more than `MAX_TEXT` GiB
            (`MUSO_MAX_TEXT_GIB`).
    """
    with open_data(path) as file:
        return read_bounded(file, path, longest)


def read_bounded(file: BinaryIO, path: Path, longest: int | None = MAX_LINE) -> bytes:
    """Return the rest of an open file.

    Args:
        file: open.
        path: of the file, for messages.
        longest: bytes that a line may have; None for any number.

    Raises:
        DataFormatError: a longer line, or more than `MAX_TEXT` GiB (`MUSO_MAX_TEXT_GIB`).
    """
    parts, total, since = [], 0, 0  # `since` the last line end
    while chunk := file.read(_CHUNK):
        parts.append(chunk)
        total += len(chunk)
        check_text(path, total)
        first = chunk.find(b"\n")
        since += len(chunk) if first < 0 else first
        if longest is not None and since > longest:
            line = sum(part.count(b"\n") for part in parts[:-1]) + 1
            raise too_long(path, line, longest)
        if first >= 0:
            since = len(chunk) - chunk.rfind(b"\n") - 1
    return b"".join(parts)


def check_text(path: Path, n_bytes: int) -> None:
    """Raise DataFormatError for more text than may be read whole: `MAX_TEXT` GiB, or the option."""
    most = _gib(TEXT, MAX_TEXT)
    if n_bytes > most * GIB:
        problem = f"more than {most:g} GiB of text, which is read whole"
        raise DataFormatError(path, problem, fix=f"set {TEXT} if there is the memory")


def too_long(path: Path, line: int, longest: int = MAX_LINE) -> DataFormatError:
    """Return the error to raise for a line that no table has."""
    problem = f"a line of more than {longest / 2**20:g} MiB"
    return DataFormatError(path, problem, line=line, fix="it is no table; copy it anew")


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a plain or gzipped file with their numbers, line ends included.

    Raises:
        DataFormatError: as of `open_data`, or a line of more than `MAX_LINE` bytes.
    """
    with open_data(path) as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise too_long(path, number)
            yield number, line


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive (.npz is one) whose content stays within the bounds of `open_data`.

    Raises:
        DataFormatError: no file, no archive, damaged, or beyond the bounds.
    """
    is_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_unpacked(path, sum(info.file_size for info in archive.infolist()))
            yield archive
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError) as error:
        if "encrypted" in str(error):
            fix = "unpack it, and give the folder"
            raise DataFormatError(path, "a password locks this archive", fix=fix) from error
        problem = f"no zip archive: {error}"
        if begins_as_zip(path):
            problem = "damaged zip archive: " + str(error).replace(_NO_END, "it is cut off")
        raise DataFormatError(path, problem, fix="copy it anew") from error
    except (EOFError, zlib.error) as error:
        raise DataFormatError(path, f"damaged archive: {error}", fix="copy it anew") from error
    except OSError as error:
        raise DataFormatError(path, f"cannot be read: {error.strerror or error}") from error


@contextmanager
def open_member(path: Path, member: str) -> Iterator[BinaryIO]:
    """Open a file in a zip archive, unpacked where its name is that of a gzipped or bzip2 file.

    Raises:
        DataFormatError: as of `open_zip` and `open_data`; also for what is raised while it is open.
    """
    with open_zip(path) as archive, archive.open(member) as file:
        if PurePosixPath(member).suffix not in PACKED:
            yield file  # type: ignore[misc]
            return
        bound = _bound(path, archive.getinfo(member).file_size)
        with _unpacked(Path(member), file) as packed:  # type: ignore[arg-type]
            yield io.BufferedReader(_Bounded(packed, path, bound), _CHUNK)  # type: ignore[type-var]


def begins_as_zip(path: Path) -> bool:
    """Return whether a file begins as a zip archive does, be it whole or cut off."""
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def check_unpacked(path: Path, n_bytes: int) -> None:
    """Raise DataFormatError for a packed file of `n_bytes` unpacked, if `open_data` would stop."""
    _bound(path, path.stat().st_size).check(n_bytes)


class _Bound:
    """How many bytes a packed file may unpack to."""

    def __init__(self, path: Path, ratio: int | None, size: float) -> None:
        self.path, self.ratio, self.size = path, ratio, size

    def check(self, n_bytes: int) -> None:
        fix = f"it is damaged or made to fill the memory; if it is sound, set {UNPACKED}"
        if self.ratio is not None and n_bytes > self.ratio:
            problem = f"unpacks to more than {MAX_RATIO} times its size"
            raise DataFormatError(self.path, problem, fix=fix)
        if n_bytes > self.size:
            problem = f"unpacks to more than {self.size / GIB:g} GiB"
            raise DataFormatError(self.path, problem, fix=fix)


def _bound(path: Path, packed: int) -> _Bound:
    ratio = None if UNPACKED in os.environ else max(ANY_RATIO, MAX_RATIO * packed)
    return _Bound(path, ratio, _gib(UNPACKED, MAX_UNPACKED) * GIB)


def _gib(option: str, default: float) -> float:
    given = os.environ.get(option, str(default))
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ConfigError(f"{option}={given}: a number of GiB above 0 is needed")
    return value


class _Bounded(io.RawIOBase):
    """An unpacked stream that ends in an error where it goes beyond its bound."""

    def __init__(self, packed: gzip.GzipFile | bz2.BZ2File, path: Path, bound: _Bound) -> None:
        self.packed, self.path, self.bound = packed, path, bound

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        return self.packed.seek(place, whence)

    def tell(self) -> int:
        return self.packed.tell()

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        chunk = self.packed.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.bound.check(self.packed.tell())
        return len(chunk)
