"""Files of the Million Playlist Dataset (MPD): slices, the challenge set, its truth.

A file is read as a stream, a playlist at a time, checked, and kept as columns in the cache; a
preparation that was interrupted goes on with the next file.
"""

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from joblib import Parallel, delayed

from muso_exp.data.cache import cache_key, cached_folder
from muso_exp.data.continuation.json_stream import JsonStream
from muso_exp.data.continuation.tables import CHALLENGE, SLICE, TRUTH, Part, Playlists, join_parts
from muso_exp.errors import DataFormatError, DatasetNotFoundError

SLICES, CHALLENGE_SET, CHALLENGE_TRUTH = (
    "mpd.slice.*.json",
    "challenge_set.json",
    "challenge_truth.json",
)
FIX = (
    f"{SLICES} of the Million Playlist Dataset (aicrowd.com), in this folder or in data/, are "
    "needed, or a table with playlist_id and track_id"
)
_VERSION = 1  # raised when other columns are kept
_TEXTS = ("track_uri", "artist_uri", "artist_name", "track_name")
_PREFIXES = ("spotify:track:", "spotify:artist:")


def find_slices(root: Path) -> list[Path]:
    """Return the slices in a folder or its `data/`, plain or .gz, by their first playlist."""
    for folder in (root, root / "data"):
        found = [path for end in ("", ".gz") for path in folder.glob(SLICES + end)]
        if found:
            return sorted(found, key=lambda path: (len(path.name), path.name))
    return []


def find_one(root: Path, name: str) -> Path | None:
    """Return a file of a folder, plain or .gz; None if it is not there."""
    paths = [root / (name + end) for end in ("", ".gz")]
    return next((path for path in paths if path.is_file()), None)


def read_mpd(root: Path, cache: Path, workers: int, challenge: bool) -> Playlists:
    """Return the playlists of all slices, and where asked for those of the challenge.

    Args:
        root: folder of the files.
        cache: folder for the columns of each file.
        workers: processes that read files.
        challenge: whether to read the challenge set and its truth too.

    Raises:
        DatasetNotFoundError: no slices, or no challenge set with its truth where asked for.
        DataFormatError: a file holds what its format does not allow, or two the same playlist.
    """
    kinds = dict.fromkeys(find_slices(root), SLICE)
    if not kinds:
        raise DatasetNotFoundError(root, [SLICES], FIX)
    if challenge:
        for name, kind in ((CHALLENGE_SET, CHALLENGE), (CHALLENGE_TRUTH, TRUTH)):
            path = find_one(root, name)
            if path is None:
                fix = "its truth is secret; set dataset.split=holdout to hold out from the slices"
                raise DatasetNotFoundError(root, [name], fix)
            kinds[path] = kind
    jobs = [delayed(_prepared)(path, kind, cache) for path, kind in kinds.items()]
    done = Parallel(n_jobs=min(workers, len(jobs)))(jobs)
    for (path, kind), ready in zip(kinds.items(), done, strict=True):
        if not ready:
            prepare(path, kind, cache)  # fails again, here, where the error can be told
    return join_parts([_load(path, kind, cache) for path, kind in kinds.items()])


def _prepared(path: Path, kind: str, cache: Path) -> bool:
    """Prepare a file; errors do not travel between processes, so return whether there was none."""
    try:
        prepare(path, kind, cache)
    except DataFormatError:
        return False
    return True


def prepare(path: Path, kind: str, cache: Path) -> Path:
    """Return the cache folder with the columns of a file, made if it is not there yet.

    Raises:
        DataFormatError: the file holds what its format does not allow.
    """
    return cached_folder(cache, _key(path, kind), lambda folder: _write(path, kind, folder))


def _key(path: Path, kind: str) -> str:
    state = path.stat()
    params = {"name": path.name, "size": state.st_size, "time": state.st_mtime_ns, "kind": kind}
    return cache_key("mpd_columns", _VERSION, params)


def _write(path: Path, kind: str, folder: Path) -> None:
    part = read_part(path, kind)
    entries = pa.table({"track": part.entries})
    pq.write_table(entries, folder / "entries.parquet")
    part.playlists.to_parquet(folder / "playlists.parquet", index=False)
    part.tracks.to_parquet(folder / "tracks.parquet", index=False)


def _load(path: Path, kind: str, cache: Path) -> Part:
    folder = prepare(path, kind, cache)
    return Part(
        path,
        kind,
        pd.read_parquet(folder / "playlists.parquet"),
        pq.read_table(folder / "entries.parquet")["track"].to_numpy(),
        pd.read_parquet(folder / "tracks.parquet"),
    )


def read_part(path: Path, kind: str) -> Part:
    """Return the playlists of one file.

    Args:
        path: JSON, plain or .gz.
        kind: `slice`, `challenge` (incomplete playlists) or `truth` (what they lack).

    Raises:
        DataFormatError: no JSON, no playlists, or one that is not as its format says.
    """
    return _Reader(path, kind).read()


class _Reader:
    """Collects playlists as columns; each distinct track is checked once."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path, self.kind = path, kind
        self.stream = JsonStream(path, "playlists", "playlist")
        self.numbers: dict[str, int] = {}  # of the tracks, by URI
        self.tracks: list[tuple[str, ...]] = []
        self.entries = array("i")  # 4 bytes each, however long the file
        self.playlists: list[tuple[int, str | None, int, bool]] = []
        self.pids: dict[int, int] = {}  # playlist id -> its place in the list

    def read(self) -> Part:
        for playlist in self.stream:
            self._playlist(playlist)
        if not self.playlists:
            raise DataFormatError(self.path, "no playlists in the list", fix="copy it anew")
        tracks = pd.DataFrame(self.tracks, columns=["id", "artist_id", "artist", "title"])
        columns = ["pid", "name", "n_tracks", "at_random"]
        playlists = pd.DataFrame(self.playlists, columns=columns)
        playlists["name"] = playlists["name"].astype(object)
        return Part(self.path, self.kind, playlists, np.asarray(self.entries, np.int32), tracks)

    def _playlist(self, playlist: Any) -> None:
        if not isinstance(playlist, dict):
            self._fail("no object", playlist)
        pid = self._whole(playlist, "pid")
        if pid in self.pids:
            self._fail(f"the pid is that of playlist {self.pids[pid]} already", pid=pid)
        self.pids[pid] = self.stream.number
        tracks = playlist.get("tracks")
        if not isinstance(tracks, list):
            self._fail('no list "tracks"', pid=pid)
        self._counts(playlist, len(tracks), pid)
        name = playlist.get("name")
        if not (isinstance(name, str) or (name is None and self.kind != SLICE)):
            self._fail('no text "name"', name, pid)
        self._learn(tracks, pid)
        self.entries.extend([self.numbers[track["track_uri"]] for track in tracks])
        title = None if name is None else _whole_characters(name)
        self.playlists.append((pid, title, len(tracks), self._at_random(tracks)))

    def _learn(self, tracks: Sequence[Any], pid: int) -> None:
        """Number the tracks of a playlist that are new in the file."""
        known = self.numbers
        try:
            new = [place for place, track in enumerate(tracks) if track["track_uri"] not in known]
        except (KeyError, TypeError):  # no track at all: the check below says what is wrong
            new = list(range(len(tracks)))
        for place in new:
            self._track(tracks[place], place + 1, pid)

    def _track(self, track: Any, place: int, pid: int) -> None:
        """Check a track and give it a number, if it has none."""
        if not isinstance(track, dict):
            self._fail(f"track {place} is no object", track, pid)
        texts: list[Any] = [track.get(name) for name in _TEXTS]
        for name, text in zip(_TEXTS, texts, strict=True):
            if type(text) is not str:
                self._fail(f'track {place} has no text "{name}"', text, pid)
        for name, text, prefix in zip(_TEXTS, texts, _PREFIXES, strict=False):
            if not text.startswith(prefix):
                self._fail(f'track {place}: "{name}" must begin with {prefix}', text, pid)
        uri, artist, *names = texts
        if uri not in self.numbers:
            self.numbers[uri] = len(self.tracks)
            row = (uri[len(_PREFIXES[0]) :], artist[len(_PREFIXES[1]) :], *names)
            self.tracks.append(tuple(map(_whole_characters, row)))

    def _counts(self, playlist: Mapping[str, Any], n_listed: int, pid: int) -> None:
        """Refuse a playlist whose numbers of tracks do not agree with its list."""
        name = "num_samples" if self.kind == CHALLENGE else "num_tracks"
        told = self._whole(playlist, name)
        if told != n_listed:
            self._fail(f'"{name}" is {told}, but {n_listed} tracks are listed', pid=pid)
        if self.kind == CHALLENGE:
            whole, held = (self._whole(playlist, n) for n in ("num_tracks", "num_holdouts"))
            if whole != told + held:
                self._fail(f'"num_tracks" is {whole}, not {told} seeds + {held} held out', pid=pid)

    def _at_random(self, tracks: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether the seeds of the challenge are others than the first tracks."""
        places = [track.get("pos") for track in tracks] if self.kind == CHALLENGE else []
        return places != list(range(len(places)))

    def _whole(self, playlist: Mapping[str, Any], name: str) -> int:
        value = playlist.get(name)
        if type(value) is not int or not 0 <= value < 2**63:
            self._fail(f'"{name}" must be a whole number >= 0', value, playlist.get("pid"))
        return value

    def _fail(self, problem: str, value: object = None, pid: object = None) -> NoReturn:
        name = f"playlist {self.stream.number}" + ("" if pid is None else f" (pid {pid})")
        fix = "correct it or remove the playlist"
        line = self.stream.line
        raise DataFormatError(self.path, f"{name}: {problem}", line=line, value=value, fix=fix)


def _whole_characters(text: str) -> str:
    """Return a text with a question mark for each half of a character (an emoji cut in two)."""
    return text if text.isascii() else text.encode(errors="replace").decode()
