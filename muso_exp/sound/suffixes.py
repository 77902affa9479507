"""The suffixes of sound files: those that libsndfile reads, and those that PyAV reads."""

import os
from collections import Counter
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

SUFFIXES = frozenset(
    ".wav .flac .ogg .oga .opus .mp3 .mp2 .aif .aiff .aifc .au .snd .caf .w64".split()
)
OTHER_SUFFIXES = frozenset(
    ".m4a .m4b .m4p .aac .alac .wma .webm .mp4 .mka .ape .wv .mpc .tta .dsf .dff .ac3 .amr .ra"
    .split()
)  # fmt: skip
CONVERT = (
    "convert it, for instance: ffmpeg -i song.m4a song.flac; or let PyAV read it: pip install av"
)
ALONE = "MUSO_LIBSNDFILE_ALONE"  # environment variable: 1 leaves PyAV out where it is installed


def reads_others() -> bool:
    """Return whether formats that libsndfile does not read are read: by PyAV, the extra `audio`."""
    return os.environ.get(ALONE) != "1" and find_spec("av") is not None


def is_sound(path: Path) -> bool:
    """Return whether a name has the suffix of a sound file, one that is read or another."""
    return path.suffix.lower() in SUFFIXES | OTHER_SUFFIXES


def is_unread(path: Path) -> bool:
    """Return whether a name has the suffix of a sound file that is not read."""
    return is_other(path) and not reads_others()


def is_other(path: Path) -> bool:
    """Return whether a name has the suffix of a sound file that libsndfile does not read."""
    return path.suffix.lower() in OTHER_SUFFIXES


def count_suffixes(paths: Iterable[Path]) -> str:
    """Return the suffixes of some files with how many have each, the most frequent first."""
    counts = Counter(path.suffix.lower() for path in paths)
    return ", ".join(f"{suffix} {count}" for suffix, count in counts.most_common())
