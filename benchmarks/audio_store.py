"""Random crops of sound: the store against tar shards and mp3s; decoding against librosa.

    python benchmarks/audio_store.py [FOLDER] [CLIPS]

FOLDER holds sound files in a known layout (default: ../shared/data/emotify-audio; where it is
absent, noise in mp3s); they are repeated until there are CLIPS clips (default 600) of 20 s. All
readers give batches of 32 random crops of 59,049 samples at 16 kHz, one crop per clip and epoch,
in a random order, as float32; epochs of the readers alternate, and medians of processor time are
compared, everything in the page cache. Tar shards are read by `webdataset` where it is installed
(`pip install --target X webdataset braceexpand; PYTHONPATH=X`), and always by a minimal reader of
the same format: members in sequence, a shuffle buffer of 1,000 clips.

Decoding is compared with `librosa.load(path, sr=16000)` on the files as they are, and encoded anew
at 44.1 kHz in stereo, in four formats: the whole file, and the 20 s of the store alone. Where they
are installed likewise (never into the environment of the project), miniaudio (with soxr, for its
own resampler is linear) and torchcodec (needs FFmpeg's libraries) decode the same files.
"""

import importlib.util
import io
import os
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import librosa
import numpy as np
import pandas as pd
import soundfile
import soxr
import torch

from muso_exp.formats.sound.layouts import read_tracks
from muso_exp.sound.decoding import decode
from muso_exp.sound.quiet import quiet
from muso_exp.sound.store import AudioStore, StoreOptions, build_store

RATE, SECONDS, CROP, BATCH = 16_000, 20.0, 59_049, 32
PER_TAR, BUFFER, EPOCHS = 100, 1000, 5
EMOTIFY = Path(__file__).parent.parent.parent / "shared" / "data" / "emotify-audio"


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def sound_files(folder: Path, scratch: Path) -> list[Path]:
    """Return the files of a folder, or noise in mp3s where it is absent."""
    if folder.is_dir():
        return [Path(path) for path in read_tracks(folder)["path"]]
    rng = np.random.default_rng(0)
    paths = [scratch / f"{n}.mp3" for n in range(20)]
    for path in paths:
        soundfile.write(path, 0.1 * rng.standard_normal(30 * 22_050), 22_050)
    return paths


def write_tars(store: AudioStore, folder: Path) -> list[Path]:
    """Write the clips as WebDataset writes them: shards of `<key>.npy` members."""
    paths = []
    for first in range(0, len(store), PER_TAR):
        paths.append(folder / f"{first // PER_TAR:05d}.tar")
        with tarfile.open(paths[-1], "w") as tar:
            for i in range(first, min(first + PER_TAR, len(store))):
                content = io.BytesIO()
                np.save(content, store.clip(i))
                member = tarfile.TarInfo(f"{i:06d}.npy")
                member.size = content.tell()
                content.seek(0)
                tar.addfile(member, content)
    return paths


def crop_of(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random crop of an int16 clip as float32."""
    start = rng.integers(0, len(clip) - CROP + 1)
    return clip[start : start + CROP].astype(np.float32) / np.float32(32767)


def batched(crops: Iterator[np.ndarray]) -> None:
    """Stack crops to batches, as a loader does."""
    rows = []
    for crop in crops:
        rows.append(crop)
        if len(rows) == BATCH:
            np.stack(rows)
            rows = []


def from_store(store: AudioStore, seed: int) -> None:
    """Read an epoch from the store."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(store))
    for first in range(0, len(order), BATCH):
        clips = order[first : first + BATCH]
        store.crops(clips, rng.integers(0, store.n_samples - CROP + 1, len(clips)), CROP)


def tar_clips(paths: list[Path], rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the clips of tar shards: shards in random order, members in sequence."""
    for n in rng.permutation(len(paths)):
        with tarfile.open(paths[n], "r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None:
                    yield np.load(io.BytesIO(content.read()))


def shuffled(clips: Iterator[np.ndarray], rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield what a buffer of BUFFER clips gives up at random."""
    held: list[np.ndarray] = []
    for clip in clips:
        held.append(clip)
        if len(held) > BUFFER:
            place = rng.integers(len(held))
            held[place], held[-1] = held[-1], held[place]
            yield held.pop()
    for place in rng.permutation(len(held)):
        yield held[place]


def from_tars(paths: list[Path], seed: int) -> None:
    """Read an epoch from tar shards by the minimal reader."""
    rng = np.random.default_rng(seed)
    batched(crop_of(clip, rng) for clip in shuffled(tar_clips(paths, rng), rng))


def from_webdataset(paths: list[Path], seed: int) -> None:
    """Read an epoch from tar shards by webdataset."""
    import webdataset

    rng = np.random.default_rng(seed)
    names = [str(path) for path in paths]
    clips = webdataset.WebDataset(names, shardshuffle=100, seed=seed, empty_check=False)
    clips = clips.shuffle(BUFFER).decode().to_tuple("npy")
    batched(crop_of(clip, rng) for (clip,) in clips)


def from_mp3(files: list[Path], seed: int, whole: bool) -> None:
    """Read an epoch by decoding: the 20 s of each file, or no more than the crop."""
    rng = np.random.default_rng(seed)
    seconds = SECONDS if whole else (CROP + 1) / RATE

    def crops() -> Iterator[np.ndarray]:
        for n in rng.permutation(len(files)):
            start = 5.0 if whole else 5 + rng.uniform(0, SECONDS - seconds)
            waveform, _ = decode(files[n], RATE, start, seconds)
            first = rng.integers(0, len(waveform) - CROP + 1)
            yield waveform[first : first + CROP]

    batched(crops())


def compare_readers(files: list[Path], n_clips: int, scratch: Path) -> None:
    """Print the processor time of a crop by each reader, and how many times that of the store."""
    paths = [str(files[n % len(files)]) for n in range(n_clips)]
    tracks = pd.DataFrame({"track_id": [str(n) for n in range(n_clips)], "path": paths})
    began = time.perf_counter()
    options = StoreOptions(sample_rate=RATE, seconds=SECONDS, crop="centre", workers=2)
    store = build_store(tracks, scratch / "cache", options)
    say(f"store of {len(store)} clips built in {time.perf_counter() - began:.1f} s, 2 workers")
    tars = write_tars(store, scratch)
    readers: dict[str, tuple[Callable[[int], None], int]] = {
        "store": (lambda seed: from_store(store, seed), len(store)),
        "tar shards, minimal reader": (lambda seed: from_tars(tars, seed), len(store)),
        "decoding 20 s of each mp3": (lambda seed: from_mp3(files, seed, True), len(files)),
        "decoding the crop alone": (lambda seed: from_mp3(files, seed, False), len(files)),
    }
    if importlib.util.find_spec("webdataset"):
        readers["tar shards, webdataset"] = lambda seed: from_webdataset(tars, seed), len(store)
    spent: dict[str, list[float]] = {name: [] for name in readers}
    for epoch in range(EPOCHS + 1):
        for name, (read, n_crops) in readers.items():
            began = time.process_time()
            read(epoch)
            if epoch:  # the first one compiles and fills the page cache
                spent[name].append((time.process_time() - began) / n_crops)
    for name, times in spent.items():
        ratio = median(times) / median(spent["store"])
        low, high = min(times) * 1e6, max(times) * 1e6
        say(f"  {name}: {median(times) * 1e6:.1f} us/crop ({low:.1f} to {high:.1f}), {ratio:.1f}x")


def by_miniaudio(path: Path) -> np.ndarray:
    """Decode by miniaudio, resample by soxr."""
    import miniaudio

    given = miniaudio.get_file_info(str(path)).sample_rate
    form = miniaudio.SampleFormat.FLOAT32
    found = miniaudio.decode_file(str(path), form, nchannels=1, sample_rate=given)
    return soxr.resample(np.frombuffer(found.samples, np.float32), given, RATE, quality="HQ")


def by_torchcodec(path: Path) -> np.ndarray:
    """Decode and resample by torchcodec, that is by FFmpeg."""
    from torchcodec.decoders import AudioDecoder

    decoder = AudioDecoder(str(path), sample_rate=RATE, num_channels=1)
    return decoder.get_all_samples().data.numpy()[0]


def compare_decoders(name: str, files: list[Path]) -> None:
    """Print the processor time of a file by librosa and by `decode`, and the largest difference."""
    ways: dict[str, Callable[[Path], object]] = {
        "librosa": lambda path: librosa.load(path, sr=RATE),
        "decode": lambda path: decode(path, RATE),
        "librosa, 20 s": lambda path: librosa.load(path, sr=RATE, offset=5, duration=SECONDS),
        "decode, 20 s": lambda path: decode(path, RATE, 5.0, SECONDS),
    }
    for other, load in (("miniaudio", by_miniaudio), ("torchcodec", by_torchcodec)):
        if importlib.util.find_spec(other):
            ways[other] = load
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(EPOCHS + 1):
        for way, load in ways.items():
            began = time.process_time()
            with quiet():
                for path in files:
                    load(path)
            if turn:
                spent[way].append((time.process_time() - began) / len(files) * 1e3)
    theirs = librosa.load(files[0], sr=RATE)[0]
    difference = np.abs(theirs - decode(files[0], RATE)[0]).max()
    whole, part = (
        median(spent[f"librosa{x}"]) / median(spent[f"decode{x}"]) for x in ("", ", 20 s")
    )
    times = ", ".join(f"{way} {median(spent[way]):.1f} ms" for way in ways)
    say(f"  {name}: {times}; {whole:.2f}x, 20 s {part:.2f}x; largest difference {difference:.1e}")


def encode_anew(files: list[Path], scratch: Path) -> dict[str, list[Path]]:
    """Write files at 44.1 kHz in stereo, in four formats."""
    anew: dict[str, list[Path]] = {suffix: [] for suffix in ("mp3", "flac", "ogg", "wav")}
    for n, path in enumerate(files):
        waveform, _ = decode(path, 44_100)
        stereo = np.clip(np.stack([waveform, 0.8 * np.roll(waveform, 44)], axis=1), -1, 1)
        for suffix, paths in anew.items():
            paths.append(scratch / f"stereo_{n}.{suffix}")
            soundfile.write(paths[-1], stereo, 44_100)
    return anew


def compare_qualities(path: Path) -> None:
    """Print what each quality of soxr costs, and how far it is from the best."""
    waveform, given = decode(path)
    best = soxr.resample(waveform, given, RATE, quality="VHQ")
    for quality in ("VHQ", "HQ", "MQ", "LQ"):
        times = []
        for _ in range(20):
            began = time.process_time()
            found = soxr.resample(waveform, given, RATE, quality=quality)
            times.append(time.process_time() - began)
        steps = np.abs(found - best) * 32767
        rms = float(np.sqrt(np.mean(steps**2)))
        say(
            f"  soxr {quality}: {median(times) * 1e3:.2f} ms for 30 s; from VHQ {rms:.2f} steps of "
            f"16 bits (rms), {steps.max():.1f} at most"
        )


def main() -> None:
    """Run all comparisons."""
    torch.set_num_threads(1)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else EMOTIFY
    n_clips = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        files = sound_files(folder, scratch)
        say(f"{len(files)} files; {os.cpu_count()} cores; one thread")
        compare_readers(files, n_clips, scratch)
        say("decoding to mono at 16 kHz, processor time per file of 30 s")
        some = files[:: max(len(files) // 10, 1)][:10]
        compare_decoders(f"as they are ({some[0].suffix[1:]})", some)
        for suffix, paths in encode_anew(some, scratch).items():
            compare_decoders(f"{suffix}, 44.1 kHz, stereo", paths)
        compare_qualities(some[0])


if __name__ == "__main__":
    main()
