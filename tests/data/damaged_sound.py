"""Good sound files, and 34 files that are damaged, each in another way, with the code it gets."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import soundfile

RATE = 22_050


def music(seconds: float = 6.0, seed: int = 0, sample_rate: int = RATE) -> np.ndarray:
    """A chord with some noise, float32 (n_samples,), at about -10 dBFS."""
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    rng = np.random.default_rng(seed)
    tones = sum(np.sin(2 * np.pi * f * t) for f in rng.uniform(100, 3000, 4))
    return (0.07 * tones + 0.02 * rng.standard_normal(len(t))).astype(np.float32)


def write_good(folder: Path, n_files: int, seconds: float = 6.0) -> list[Path]:
    """Files of four formats, in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    suffixes = ("mp3", "flac", "ogg", "wav")
    paths = [folder / f"good_{n:03d}.{suffixes[n % 4]}" for n in range(n_files)]
    for n, path in enumerate(paths):
        soundfile.write(path, music(seconds, n), RATE)
    return paths


def write_damaged(folder: Path, source: dict[str, bytes] | None = None) -> dict[str, str]:
    """Write 34 damaged files; return the code of each file name.

    `source` are whole files by suffix (mp3, flac, ogg, wav) to damage, synthetic ones by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = source or encoded()
    codes = {}
    for code, files in (_cut(source) | _not_sound(source) | _strange_headers(source)).items():
        for name, content in files.items():
            (folder / name).write_bytes(content)
            codes[name] = code
    return codes | _strange_samples(folder) | _no_files(folder)


def encoded(waveform: np.ndarray | None = None, sample_rate: int = RATE) -> dict[str, bytes]:
    """One waveform in the four formats, as bytes."""
    files = {}
    for suffix in ("mp3", "flac", "ogg", "wav"):
        target = io.BytesIO()
        samples = music() if waveform is None else waveform
        soundfile.write(target, samples, sample_rate, format=suffix.upper())
        files[suffix] = target.getvalue()
    return files


def patched(content: bytes, place: int, layout: str, value: int) -> bytes:
    changed = bytearray(content)
    struct.pack_into(layout, changed, place, value)
    return bytes(changed)


def with_hole(content: bytes) -> bytes:
    """The same with zeros for an eighth of its bytes, from the middle on."""
    half, hole = len(content) // 2, len(content) // 8
    return content[:half] + bytes(hole) + content[half + hole :]


def _cut(source: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    files = {f"cut.{suffix}": whole[: len(whole) * 6 // 10] for suffix, whole in source.items()}
    for suffix in ("mp3", "flac", "ogg"):
        files[f"late.{suffix}"] = source[suffix][: len(source[suffix]) * 9 // 10]
    files["hole.mp3"] = with_hole(source["mp3"])
    files["lies.wav"] = patched(source["wav"], source["wav"].find(b"data") + 4, "<I", 2**30)
    return {"cut": files}


def _not_sound(source: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    noise = np.random.default_rng(0).bytes(50_000)
    return {
        "not_audio": {
            "text.mp3": b"these are words, not music\n" * 1000,
            "page.mp3": b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n",
            "random.mp3": noise,
            "archive.flac": b"PK\x03\x04" + noise,
        },
        "empty": {"empty.mp3": b"", "header.wav": source["wav"][:44]},
        "damaged": {
            "stump.wav": source["wav"][:30],
            "stump.flac": source["flac"][:60],
            "hole.flac": with_hole(source["flac"]),
        },
    }


def _strange_headers(source: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    wav, flac = source["wav"], source["flac"]
    frames = int.from_bytes(flac[18:26], "big") | (2**36 - 1)  # the last 36 bits of the field
    return {
        "bad_channels": {
            "no_channels.wav": patched(wav, 22, "<H", 0),
            "channels.wav": patched(wav, 22, "<H", 5000),
        },
        "bad_rate": {
            "rate_0.wav": patched(wav, 24, "<I", 0),
            "rate_1.wav": patched(wav, 24, "<I", 1),
            "rate_10M.wav": patched(wav, 24, "<I", 10_000_000),
        },
        "too_long": {"months.flac": patched(flac, 18, ">Q", frames)},
    }


def _strange_samples(folder: Path) -> dict[str, str]:
    good = music()
    bad, endless = good.copy(), good.copy()
    bad[len(good) // 2], endless[len(good) // 2] = np.nan, np.inf
    soundfile.write(folder / "nan.wav", bad, RATE, subtype="FLOAT")
    soundfile.write(folder / "inf.wav", endless, RATE, subtype="FLOAT")
    soundfile.write(folder / "scale.wav", good * 32767, RATE, subtype="FLOAT")
    soundfile.write(folder / "offset.wav", np.full(len(good), 0.3), RATE)
    soundfile.write(folder / "short.ogg", good[: RATE // 2], RATE)
    with soundfile.SoundFile(folder / "four_hours.flac", "w", 8000, 1) as file:
        for _ in range(4 * 60):
            file.write(np.zeros(60 * 8000, np.int16))
    silent = dict.fromkeys(("offset.wav", "four_hours.flac"), "silent")
    nans = dict.fromkeys(("nan.wav", "inf.wav"), "not_finite")
    return {**silent, **nans, "scale.wav": "bad_scale", "short.ogg": "too_short"}


def _no_files(folder: Path) -> dict[str, str]:
    os.mkfifo(folder / "pipe.mp3")
    (folder / "folder.mp3").mkdir()
    (folder / "device.wav").symlink_to("/dev/zero")
    (folder / "dangling.ogg").symlink_to(folder / "nothing.ogg")
    strange = dict.fromkeys(("pipe.mp3", "folder.mp3", "device.wav"), "not_a_file")
    return {**strange, "dangling.ogg": "missing"}
