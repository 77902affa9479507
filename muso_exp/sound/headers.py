"""Whether a sound file is shorter than its own header says, where libsndfile does not say."""

import struct
from pathlib import Path
from typing import BinaryIO

_UNKNOWN = (0, 2**32 - 1)  # written by programs that could not go back to fill in the length
_OGG_PAGE = 65_307  # the most bytes of a page


def is_cut(path: Path, kind: str) -> bool:
    """Return whether the file ends before its header says.

    libsndfile takes a wav, aiff, au or ogg file as long as it is; of flac and mp3 the stated end
    is read instead.

    Args:
        path: a file that libsndfile has opened.
        kind: its format as libsndfile names it.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if kind == "OGG":
            return not _ogg_ends(file, size)
        if kind not in _ENDS:
            return False
        try:
            return _ENDS[kind](file) > size
        except (OSError, ValueError, struct.error):  # a place that no file has; a torn header
            return True


def _riff_end(file: BinaryIO) -> int:
    """Return where the samples of a wav file should end; 0 where its header does not say."""
    magic = file.read(12)[:4]
    order = ">" if magic == b"RIFX" else "<"
    large = 0
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack(f"{order}4sI", head)
        if name == b"ds64":
            large = struct.unpack("<8xQ", file.read(16))[0]
            file.seek(size - 16, 1)
        elif name == b"data":
            size = large if size == 2**32 - 1 and large else size
            return 0 if size in _UNKNOWN else file.tell() + size
        else:
            file.seek(size + size % 2, 1)
    return 0


def _aiff_end(file: BinaryIO) -> int:
    file.seek(12)
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack(">4sI", head)
        if name == b"SSND":
            return 0 if size in _UNKNOWN else file.tell() + size
        file.seek(size + size % 2, 1)
    return 0


def _au_end(file: BinaryIO) -> int:
    magic, offset, size = struct.unpack("<4sII", file.read(12).ljust(12, b"\0"))
    if magic == b".snd":
        offset, size = (int.from_bytes(n.to_bytes(4, "little"), "big") for n in (offset, size))
    return 0 if size in _UNKNOWN else offset + size


def _w64_end(file: BinaryIO) -> int:
    """Return where the samples of a Sony Wave64 file should end: chunks of 16-byte names."""
    file.seek(40)
    while len(head := file.read(24)) == 24:
        name, size = struct.unpack("<4s12xQ", head)
        if name == b"data":
            return file.tell() - 24 + size
        if size < 24:  # less than its own head: no chunk
            return 0
        file.seek((size + 7) // 8 * 8 - 24, 1)
    return 0


def _ogg_ends(file: BinaryIO, size: int) -> bool:
    """Return whether the last page of an ogg file is whole.

    Its mark as the last one is not asked for: recorded streams lack it, and a cut seldom falls
    between two pages.
    """
    file.seek(max(size - _OGG_PAGE, 0))
    tail = file.read()
    place = tail.rfind(b"OggS")
    if place < 0 or len(tail) < place + 27:
        return False
    n_segments = tail[place + 26]
    lengths = tail[place + 27 : place + 27 + n_segments]
    return len(lengths) == n_segments and place + 27 + n_segments + sum(lengths) <= len(tail)


_ENDS = {
    "WAV": _riff_end,
    "WAVEX": _riff_end,
    "RF64": _riff_end,
    "AIFF": _aiff_end,
    "AU": _au_end,
    "W64": _w64_end,
}
