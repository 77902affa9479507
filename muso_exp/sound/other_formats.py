"""Sound that libsndfile does not read (m4a, aac, wma, ...), by PyAV: FFmpeg's libraries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

DEMUXERS = {  # by the suffix alone: what is inside must not choose one that opens other files
    **dict.fromkeys((".m4a", ".m4b", ".m4p", ".alac", ".mp4"), "mov"),
    **dict.fromkeys((".webm", ".mka"), "matroska"),
    **{".aac": "aac", ".wma": "asf", ".ape": "ape", ".wv": "wv", ".tta": "tta", ".dsf": "dsf"},
    **{".mpc": "mpc8", ".dff": "iff", ".ac3": "ac3", ".amr": "amr", ".ra": "rm"},
}
_LACKING = 1.0  # seconds that a file may be shorter than its header says: its encoder's padding


class OtherFormatError(Exception):
    """A file that cannot be decoded.

    Attributes:
        code: see `muso_exp.sound.decoding.AudioError`.
        detail: the reason in words.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class OtherSound:
    """A file of another format, decoded whole; it is read as `soundfile.SoundFile` is.

    The stream is given to FFmpeg as bytes, its demuxer by name and no protocol allowed, so that no
    file makes it open another one or an address.

    Args:
        path: of the file.
        most_seconds: by its header; a longer one is not decoded.

    Attributes:
        samplerate: in Hz.
        channels: 1: they are averaged.
        stated_channels: of the file.
        frames: how many there are, or, of one that is too long, should be.
        format: of the file.

    Raises:
        OtherFormatError: no such format, damaged, or shorter than it says.
    """

    channels = 1

    def __init__(self, path: Path, most_seconds: float) -> None:
        import av

        self.format = DEMUXERS[path.suffix.lower()]
        try:
            with path.open("rb") as raw, av.open(raw, **self._options()) as container:
                if not container.streams.audio:
                    raise OtherFormatError("not_audio", "no sound in it")
                self._read_header(container)
                self._waveform = np.empty(0, np.float32)
                if self.frames <= most_seconds * self.samplerate:
                    self._decode(container)
        except av.error.InvalidDataError as error:
            raise OtherFormatError("not_audio", f"no {path.suffix} that FFmpeg knows") from error
        except (av.error.FFmpegError, ValueError) as error:
            raise OtherFormatError("damaged", f"does not decode: {error}") from error
        self._place = 0

    def _options(self) -> dict[str, Any]:
        return {"format": self.format, "options": {"protocol_whitelist": "none"}}

    def _read_header(self, container: Any) -> None:
        stream = container.streams.audio[0]
        self.samplerate, self.stated_channels = stream.rate or 0, stream.channels
        self._metadata = {**container.metadata, **stream.metadata}
        stated = stream.duration and float(stream.duration * stream.time_base)
        stated = stated or (container.duration or 0) / 1_000_000
        self.frames = round(stated * self.samplerate)

    def _decode(self, container: Any) -> None:
        """Decode all of the file, the mean of its channels; its end may lack `_LACKING` s."""
        blocks = [block.mean(axis=0, dtype=np.float32) for block in _blocks(container)]
        self._waveform = np.concatenate(blocks) if blocks else self._waveform
        found, stated = len(self._waveform), self.frames
        if stated - found > _LACKING * self.samplerate:
            seconds = stated / self.samplerate
            raise OtherFormatError(
                "cut", f"its header says {seconds:.2f} s, not all of it is there: cut off"
            )
        self.frames = found

    def copy_metadata(self) -> dict[str, str]:
        """Return the tags in the file."""
        return {name.lower(): text for name, text in self._metadata.items()}

    def tell(self) -> int:
        """Return the frame that is read next."""
        return self._place

    def seek(self, frame: int) -> int:
        """Read from this frame on."""
        self._place = frame
        return frame

    def read(
        self,
        frames: int = -1,
        dtype: str = "float32",
        always_2d: bool = False,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the next frames, (n,) or (n, 1), fewer at the end; into `out` if given."""
        wanted = len(out) if out is not None else frames if frames >= 0 else self.frames
        found = self._waveform[self._place : self._place + wanted].astype(dtype, copy=False)
        self._place += len(found)
        if out is not None:
            out[: len(found)] = found
            return out[: len(found)]
        return found[:, None] if always_2d else found

    def __enter__(self) -> OtherSound:
        """Return the file."""
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of what was decoded."""
        self._waveform = np.empty(0, np.float32)


def _blocks(container: Any) -> Iterator[np.ndarray]:
    """Yield the decoded sound, float32 (n_channels, n_frames)."""
    import av

    stream = container.streams.audio[0]
    resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=stream.rate)
    for frame in container.decode(stream):
        for part in resampler.resample(frame):
            yield part.to_ndarray()
    for part in resampler.resample(None):
        yield part.to_ndarray()
