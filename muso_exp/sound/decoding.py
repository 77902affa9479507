"""A sound file -> a checked mono waveform; each fault of a file has a code and one line."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr

from muso_exp.errors import DataFormatError
from muso_exp.sound.headers import is_cut
from muso_exp.sound.quiet import quiet
from muso_exp.sound.suffixes import CONVERT, is_other, is_unread
from muso_exp.text import ESCAPED

if TYPE_CHECKING:
    from muso_exp.sound.other_formats import OtherSound

MIN_RATE, MAX_RATE = 4_000, 384_000  # Hz; below telephone, above any studio
MAX_CHANNELS = 32
MAX_SECONDS = 12 * 3600
MAX_PEAK = 8.0  # a lossy codec overshoots 1 a little; 8 is a file in another scale
QUALITY = "HQ"  # of soxr: 20 bits, more than the 16 of the store
_BLOCK = 2**16  # frames read at once, all channels
_NO_LENGTH = 2**62  # frames; libsndfile gives 2**63 - 1 for a length that is not stated
_TAIL = 0.5  # seconds at the end that are read to see whether they are there


class AudioError(DataFormatError):
    """A sound file that cannot be used.

    Attributes:
        code: one word for the reason: missing, not_a_file, unreadable, empty, not_audio,
            other_format, bad_channels, bad_rate, no_length, too_long, cut, damaged, not_finite,
            bad_scale, too_short, silent.
        detail: the reason in words, without the path.
    """

    def __init__(self, path: Path | str, code: str, detail: str) -> None:
        super().__init__(path, detail)
        self.path, self.code, self.detail = str(path), code, detail

    def __reduce__(self) -> tuple:
        """Let it cross from one process to another."""
        return type(self), (self.path, self.code, self.detail)


@dataclass(frozen=True)
class AudioInfo:
    """What a sound file says of itself: its rate in Hz, its channels, its length in frames."""

    sample_rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        """Return the length in seconds."""
        return self.frames / self.sample_rate


def decode(
    path: Path, sample_rate: int | None = None, start: float = 0.0, seconds: float | None = None
) -> tuple[np.ndarray, int]:
    """Return a part of a sound file as a mono waveform: the mean of its channels.

    Only the part is read, and the last half second to see that the file is whole.

    Args:
        path: a file that libsndfile reads (wav, flac, ogg, opus, mp3, aiff, ...), or, where it is
            installed, PyAV (m4a, aac, wma, ...).
        sample_rate: rate wanted, in Hz; None keeps the file's.
        start: where the part begins, in seconds.
        seconds: length of the part, None for all that follows. At the end of the file it is
            shorter.

    Returns:
        The waveform, float32 (n_samples,), about -1..1, and its rate in Hz.

    Raises:
        AudioError: a file that cannot be used; see its codes.
        ValueError: a negative start or length, or a rate outside 4,000 to 384,000 Hz.
    """
    if start < 0 or (seconds is not None and seconds <= 0):
        raise ValueError(f"start must be >= 0 and seconds > 0, got {start} and {seconds}")
    if sample_rate is not None and not MIN_RATE <= sample_rate <= MAX_RATE:
        need = f"sample_rate must be {MIN_RATE} to {MAX_RATE} Hz"
        raise ValueError(f"{need}, got {sample_rate}")
    with open_audio(path) as (file, info):
        first = round(start * info.sample_rate)
        if first >= info.frames:
            what = f"ends after {info.seconds:.2f} s, wanted from {start:.2f} s on"
            raise AudioError(path, "too_short", what)
        left = info.frames - first
        n_frames = left if seconds is None else min(round(seconds * info.sample_rate), left)
        waveform = read_part(path, file, first, n_frames)
    return resample(waveform, info.sample_rate, sample_rate), sample_rate or info.sample_rate


def resample(waveform: np.ndarray, given: int, wanted: int | None) -> np.ndarray:
    """Return a waveform (n_samples,) of `given` Hz at `wanted` Hz; None or equal: as it is."""
    if wanted is None or wanted == given:
        return waveform
    return soxr.resample(waveform, given, wanted, quality=QUALITY)


@contextmanager
def open_audio(path: Path) -> Iterator[tuple[soundfile.SoundFile | OtherSound, AudioInfo]]:
    """Open a sound file and check what can be known before any of it is decoded.

    Raises:
        AudioError: no regular file, empty, of another format, no sound, absurd rate or channels,
            longer than 12 hours, or cut off.
    """
    _check_regular(path)
    if is_other(path):
        with _open_other(path) as found:
            yield found
        return
    with quiet():
        try:
            file = soundfile.SoundFile(os.fsencode(path))  # a str must be UTF-8
        except soundfile.LibsndfileError as error:
            raise _open_error(path, error) from error
        except TypeError as error:  # a name that ends in .raw, which has no header
            raise AudioError(path, "not_audio", "raw samples without a header") from error
        with file:
            info = AudioInfo(file.samplerate, file.channels, file.frames)
            _check_info(path, info)
            if is_cut(path, file.format):
                raise AudioError(path, "cut", "shorter than its header says: cut off")
            yield file, info


@contextmanager
def _open_other(path: Path) -> Iterator[tuple[OtherSound, AudioInfo]]:
    """Open a sound file that libsndfile does not read; see `open_audio`."""
    from muso_exp.sound.other_formats import OtherFormatError, OtherSound

    with quiet():
        try:
            file = OtherSound(path, MAX_SECONDS)
        except OtherFormatError as error:
            raise AudioError(path, error.code, error.detail) from error
        with file:
            _check_info(path, AudioInfo(file.samplerate, file.stated_channels, file.frames))
            yield file, AudioInfo(file.samplerate, file.channels, file.frames)


def read_part(
    path: Path, file: soundfile.SoundFile | OtherSound, first: int, n_frames: int
) -> np.ndarray:
    """Return `n_frames` frames from frame `first` on, mono, float32 (n_frames,).

    Raises:
        AudioError: frames that do not decode, are missing, not finite, or not in -1..1; or the
            end of the file is missing.
    """
    waveform = np.empty(n_frames, np.float32)
    try:
        n_found = _fill(file, first, waveform)
    except soundfile.LibsndfileError as error:
        with soundfile.SoundFile(os.fsencode(path)) as anew:  # a lost decoder does not seek again
            if _has_tail(anew):
                raise AudioError(path, "damaged", f"does not decode: {_reason(error)}") from error
        n_found = 0
    if n_found < n_frames or not _has_tail(file):
        what = f"its header says {file.frames / file.samplerate:.2f} s, not all of it is there"
        raise AudioError(path, "cut", what + ": cut off or damaged")
    peak = max(waveform.max(), -waveform.min())  # NaN if any sample is
    if not np.isfinite(peak):
        raise AudioError(path, "not_finite", "holds samples that are NaN or infinite")
    if peak > MAX_PEAK:
        raise AudioError(path, "bad_scale", f"samples up to {peak:.3g}; -1 to 1 is needed")
    return waveform


def _fill(file: soundfile.SoundFile | OtherSound, first: int, waveform: np.ndarray) -> int:
    """Read frames from `first` on into `waveform` (n,), the mean of the channels; return how many.

    In blocks, so that a file of many channels takes no more memory than one of few.
    """
    file.seek(first)
    if file.channels == 1:
        return len(file.read(dtype="float32", out=waveform))
    block = np.empty((_BLOCK, file.channels), np.float32)
    weights = np.full(file.channels, 1 / file.channels, np.float32)
    done = 0
    while done < len(waveform):
        found = file.read(dtype="float32", out=block[: len(waveform) - done])
        if not len(found):
            break
        np.matmul(found, weights, out=waveform[done : done + len(found)])
        done += len(found)
    return done


def _has_tail(file: soundfile.SoundFile | OtherSound) -> bool:
    """Return whether the end that the header promises is there.

    Of an ogg file the end itself says how long it is. Half of the half second may be lacking: mp3
    encoders count their own delay differently.
    """
    n_tail = min(round(_TAIL * file.samplerate), file.frames)
    try:
        if file.format == "OGG" or file.tell() == file.frames:
            return True
        file.seek(file.frames - n_tail)
        return len(file.read(n_tail, dtype="float32", always_2d=True)) >= n_tail / 2
    except soundfile.LibsndfileError:
        return False


def _check_regular(path: Path) -> None:
    """Raise AudioError where opening would fail, find nothing, or wait for ever (a FIFO).

    A name that promises another format is believed: its folder was counted as left out by it.
    """
    try:
        found = path.stat()
    except OSError as error:
        what = f"cannot be found: {error.strerror}"
        if ESCAPED.search(path.name):  # a table holds no such name as it is
            what += "; rename it, if a control character or no UTF-8 is in its name"
        raise AudioError(path, "missing", what) from error
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, socket or device"
        raise AudioError(path, "not_a_file", f"{kind}, not a file")
    if found.st_size == 0:
        raise AudioError(path, "empty", "no bytes")
    if is_unread(path):
        raise AudioError(path, "other_format", f"{path.suffix} is not read; {CONVERT}")


def _open_error(path: Path, error: soundfile.LibsndfileError) -> AudioError:
    """Translate what libsndfile says when it cannot open a file.

    The numbers are libsndfile's: 2 the system refuses, 24 an impossible rate, 32 and 33 no or too
    many channels. Its text of 7 ("does not exist") is wrong where a name promises mp3.
    """
    if error.code == 2:
        return AudioError(path, "unreadable", "cannot be read: permission or device")
    if error.code in (32, 33):
        return AudioError(path, "bad_channels", _reason(error))
    if error.code == 24:
        return AudioError(path, "bad_rate", "sample rate is zero or impossible")
    if error.code in (1, 7):
        return AudioError(path, "not_audio", "no sound format that libsndfile knows")
    return AudioError(path, "damaged", _reason(error))


def _reason(error: soundfile.LibsndfileError) -> str:
    return error.error_string.strip().removeprefix("Error : ").rstrip(".")


def _check_info(path: Path, info: AudioInfo) -> None:
    if not MIN_RATE <= info.sample_rate <= MAX_RATE:
        need = f"sample rate {info.sample_rate} Hz; {MIN_RATE} to {MAX_RATE} is needed"
        raise AudioError(path, "bad_rate", need)
    if info.channels > MAX_CHANNELS:
        need = f"{info.channels} channels; at most {MAX_CHANNELS} are read"
        raise AudioError(path, "bad_channels", need)
    if info.frames == 0:
        raise AudioError(path, "empty", "a header without samples")
    if info.frames > _NO_LENGTH:
        what = "its header does not say how long it is: a stream; encode it anew"
        raise AudioError(path, "no_length", what)
    if info.seconds > MAX_SECONDS:
        need = f"{info.seconds / 3600:.1f} hours by its header; at most 12 are read"
        raise AudioError(path, "too_long", need)
