"""The audio store: clips of sound files, decoded once, in memory maps that batches are cut from."""

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from numba import njit

from muso_exp.cache import cache_key, cached_folder, find_cached, written_to
from muso_exp.errors import ConfigError, DataFormatError, PartOnlyError
from muso_exp.options import Count, Inert, NotNegative, Options, Positive
from muso_exp.sound.clips import ClipOptions, Crop
from muso_exp.sound.shards import VERSION, count_shards, write_shards
from muso_exp.sound.suffixes import is_other, reads_others
from muso_exp.sound.workers import Limits

log = logging.getLogger(__name__)

PASSING = ("timeout", "memory", "crashed")  # may be the fault of a busy machine, not of the file
FULL_SCALE = 32767  # of int16: a sample of 1.0


class StoreOptions(Options, frozen=True, kw_only=True):
    """What the store holds and what its making may take.

    Attributes:
        sample_rate: of the clips, in Hz.
        seconds: length of a clip; shorter files are padded with zeros at their end.
        crop: which part of a longer file: centre or start.
        workers: processes that decode.
        min_seconds: the least length of a file that is used.
        time_limit: seconds that one file may take.
        memory_limit: bytes that one file may take.
        part: `3/16` decodes the third of sixteen parts of the clips and ends the run there, so
            that many machines make a store; None: all that is missing, joined.

    Raises:
        ConfigError: clips without a sample, or a part that there is not.
    """

    sample_rate: Count
    seconds: Positive
    crop: Crop
    workers: Inert[Count]
    min_seconds: NotNegative = 0.0
    time_limit: Inert[Positive] = 120.0
    memory_limit: Inert[Count] = 2**29
    part: Inert[str | None] = None

    def __post_init__(self) -> None:
        if self.share and not 1 <= self.share[0] <= self.share[1]:
            raise ConfigError(f"store.part={self.part}: parts are 1 to {self.share[1]}")
        if self.clip.n_samples < 1:
            raise ConfigError(f"seconds={self.seconds}: not one sample at {self.sample_rate} Hz")

    @property
    def clip(self) -> ClipOptions:
        """Return what a clip is: what the content of the store depends on."""
        return ClipOptions(self.sample_rate, self.seconds, self.crop, self.min_seconds)

    @property
    def share(self) -> tuple[int, int] | None:
        """Return which of how many parts is asked for; None: all.

        Raises:
            ConfigError: it is not written as `3/16`.
        """
        if self.part is None:
            return None
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", self.part)
        if found is None:
            raise ConfigError(f"store.part={self.part}: number/parts is needed, such as 3/16")
        return int(found[1]), int(found[2])


class AudioStore:
    """Clips of equal length, by number.

    Attributes:
        folder: where it lies.
        index: a row per clip: track_id, path, shard, row, seconds (of the whole file), start (of
            the clip in it, in seconds), n_filled (samples before the padding), digest (sha256 of
            the samples); in the order of the tracks.
        quarantine: a row per file that cannot be used: track_id, path, code, detail.
        sample_rate: in Hz.
        n_samples: of a clip.
        fingerprint: hash of track ids and samples, not of file names.
    """

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        self.folder = folder
        self.sample_rate: int = facts["sample_rate"]
        self.n_samples: int = facts["n_samples"]
        self.fingerprint: str = facts["fingerprint"]
        self.index = pd.read_parquet(folder / "index.parquet")
        self.quarantine = pd.read_parquet(folder / "quarantine.parquet")
        self._places = self.index[["shard", "row"]].to_numpy(dtype=np.int64)  # (n_clips, 2)
        self._shards: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.index)

    def __getstate__(self) -> dict:
        """Leave the memory maps behind; a process that gets the store opens its own."""
        return {**self.__dict__, "_shards": {}}

    def clip(self, i: int) -> np.ndarray:
        """Return clip i as it is stored: a read-only memory map, int16 (n_samples,)."""
        shard, row = self._places[i]
        if shard not in self._shards:
            path = self.folder / shard_name(shard)
            self._shards[shard] = np.load(path, mmap_mode="r").view(np.ndarray)  # slices faster
        return self._shards[shard][row]

    def crops(
        self, clips: np.ndarray, starts: np.ndarray, length: int, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Return parts of clips as one batch, float32 in -1..1, shape (B, length).

        Args:
            clips: numbers of clips, (B,).
            starts: the first sample of each part, (B,).
            length: samples of a part.
            out: float32 (B, length) to be filled; None makes one.

        Raises:
            ValueError: a part that is not wholly inside its clip.
        """
        starts = np.asarray(starts)
        if len(starts) and (starts.min() < 0 or starts.max() + length > self.n_samples):
            low, high = starts.min(), starts.max()
            need = f"starts must be 0 to {self.n_samples - length} for parts of {length} samples"
            raise ValueError(f"{need}, got {low} to {high}")
        if out is None:
            out = np.empty((len(clips), length), np.float32)
        for row, (i, start) in enumerate(zip(clips, starts, strict=True)):
            _scale(self.clip(i)[start : start + length], out[row])
        return out


@njit(cache=True)
def _scale(samples: np.ndarray, waveform: np.ndarray) -> None:
    """Write int16 samples (n,) as float32 in -1..1 into `waveform` (n,).

    Straight from the memory map in one pass; assigning and then multiplying takes a third longer.
    """
    for i in range(len(samples)):
        waveform[i] = samples[i] * np.float32(1 / FULL_SCALE)


def build_store(tracks: pd.DataFrame, cache: Path, options: StoreOptions) -> AudioStore:
    """Return the store of the tracks' clips, made once; later calls find it.

    Each file that cannot be used goes into the quarantine table, and costs nothing else. A build
    that was stopped goes on after its last whole shard.

    Args:
        tracks: `track_id` and `path` of each sound file.
        cache: folder for prepared files.
        options: what the store holds.

    Raises:
        DataFormatError: no tracks, two with one id, or no file that can be used.
        ConfigError: the cache cannot be written, or more parts are asked for than there are.
        PartOnlyError: a part of the clips was asked for, and is decoded.
    """
    if not len(tracks):
        raise DataFormatError("audio store", "no tracks", fix="give a folder with sound files")
    repeated = tracks["track_id"][tracks["track_id"].duplicated()]
    if len(repeated):
        raise DataFormatError(
            cache, "two tracks with one id", value=repeated.iloc[0], fix="give each its own"
        )
    key = cache_key("audio_store", VERSION, asdict(options.clip), files_fingerprint(tracks))
    parts = cache / f"{key}.parts"
    limits = Limits(options.time_limit, options.memory_limit)
    if options.share:
        joined = find_cached(cache, key)
        raise PartOnlyError(
            f"store.part={options.part}: nothing to do, {joined} is whole"
            if joined
            else _write_part(tracks, parts, options, limits)
        )

    def write(folder: Path) -> None:
        outcome = write_shards(tracks, parts, options.clip, options.workers, limits)
        _write_tables(outcome, options, folder)
        for shard in sorted(parts.glob("*.npy")):
            shard.rename(folder / shard.name)

    try:
        folder = cached_folder(cache, key, write)
    except DataFormatError:
        shutil.rmtree(parts, ignore_errors=True)  # of no use: mended files have another key
        raise
    shutil.rmtree(parts, ignore_errors=True)
    store = AudioStore(folder)
    log.info("%s", summary(store))
    return store


def _write_part(tracks: pd.DataFrame, parts: Path, options: StoreOptions, limits: Limits) -> str:
    """Write the part of the clips that is asked for; return what was done.

    Raises:
        ConfigError: the cache cannot be written, or more parts are asked for than there are.
    """
    clips, share = options.clip, options.share or (1, 1)
    with written_to(parts.parent):
        outcome = write_shards(tracks, parts, clips, options.workers, limits, share)
    done, planned = count_shards(tracks, parts, clips)
    n_bad = int((outcome["code"] != "").sum())
    return (
        f"store.part={options.part}: {len(outcome) - n_bad} clips decoded, {n_bad} in "
        f"quarantine; {done} of {planned} shards are there, which a run without it joins"
    )


def shard_name(number: int) -> str:
    """Return the file name of a shard."""
    return f"{number:05d}.npy"


def summary(store: AudioStore) -> str:
    """Return one line: how many clips, how many files in quarantine and why."""
    seconds = store.n_samples / store.sample_rate
    line = f"audio store: {len(store)} clips of {seconds:g} s at {store.sample_rate} Hz"
    if len(store.quarantine):
        where = store.folder / "quarantine.parquet"
        line += f"; {len(store.quarantine)} files in quarantine ({why(store.quarantine)}): {where}"
    if store.quarantine["code"].isin(PASSING).any():
        line += f"; remove {store.folder} to try these again"
    return line


def why(quarantine: pd.DataFrame) -> str:
    """Return the codes of a quarantine table with their numbers, the most frequent first."""
    counts = quarantine["code"].value_counts()
    return ", ".join(f"{count} {code}" for code, count in counts.items())


def files_fingerprint(tracks: pd.DataFrame) -> str:
    """Return a hash of the tracks' ids, and of their files' places, sizes and times of change.

    Also of whether formats are read that libsndfile does not read, where there are such files.
    """
    lines = ["\t".join(entry) for entry in _files(tracks)]
    if any(is_other(Path(path)) for path in tracks["path"]) and reads_others():
        lines.append("read by PyAV")  # what was left out before is read now
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _files(tracks: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    for track_id, path in zip(tracks["track_id"], tracks["path"], strict=True):
        try:
            found = Path(path).stat()
            state = f"{found.st_size}-{found.st_mtime_ns}"
        except OSError as error:
            state = str(error.errno)
        yield str(track_id), str(path), state


def _write_tables(outcome: pd.DataFrame, options: StoreOptions, folder: Path) -> None:
    """Write the index, the quarantine table and the facts of a store.

    Raises:
        DataFormatError: no clip at all.
    """
    good = outcome["code"] == ""
    index = outcome[good].drop(columns=["code", "detail"]).reset_index(drop=True)
    quarantine = outcome.loc[~good, ["track_id", "path", "code", "detail"]].reset_index(drop=True)
    if not len(index):
        problem = f"none of the {len(outcome)} sound files can be used"
        first = f"{quarantine['path'].iloc[0]}: {quarantine['detail'].iloc[0]}"
        raise DataFormatError("audio store", f"{problem}: {why(quarantine)}; the first: {first}")
    content = "\n".join(index["track_id"] + "\t" + index["digest"])
    facts = {
        "sample_rate": options.sample_rate,
        "n_samples": options.clip.n_samples,
        "fingerprint": hashlib.sha256(content.encode()).hexdigest(),
    }
    index.to_parquet(folder / "index.parquet")
    quarantine.to_parquet(folder / "quarantine.parquet")
    (folder / "store.json").write_text(json.dumps(facts), encoding="utf-8")
