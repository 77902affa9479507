"""Playlists and the tracks in them as numbers, whatever file they came from."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from muso_exp.errors import DataFormatError
from muso_exp.formats.columns import find_columns
from muso_exp.formats.listening.histories import read_listed
from muso_exp.formats.text import decoded_lines
from muso_exp.formats.track_tables import bare_id, read_rows

TABLES = ("spotify_songs.csv", "playlists.csv")  # a row per playlist and track
SLICE, CHALLENGE, TRUTH = "slice", "challenge", "truth"  # kinds of playlists
TRACKS = pa.schema([(name, pa.string()) for name in ("id", "artist_id", "artist", "title")])
_WAIT = 2**17  # rows that wait until they are compared with the tracks that are known


@dataclass(frozen=True)
class PlaylistFile:
    """The playlists of one file.

    Attributes:
        path: the file.
        kind: `slice`, `challenge` or `truth`.
        playlists: pid, name (None without), n_tracks, at_random (of seeds: not the first tracks),
            miscounted (the file states another number of tracks than it lists).
        entries: tracks of all playlists, one after the other, by their row in `tracks`.
        tracks: of the schema `TRACKS`; ids differ.
    """

    path: Path
    kind: str
    playlists: pa.Table
    entries: np.ndarray
    tracks: pa.Table


@dataclass(frozen=True)
class PlaylistCollection:
    """All playlists.

    Attributes:
        pids: id of each playlist, shape (n_playlists,): int64, or text where the file has text.
        names: shape (n_playlists,), None where there is no title.
        kinds: shape (n_playlists,).
        at_random: of the challenge, whether the seeds are not the first tracks, (n_playlists,).
        starts: where each playlist begins in `entries`, shape (n_playlists + 1,).
        entries: track numbers in playlist order, repeats included, int32.
        tracks: id, artist_id, artist, title; sorted by id, which differ.
        miscounted: ids of the playlists whose file states another number of tracks than it lists.
    """

    pids: np.ndarray
    names: np.ndarray
    kinds: np.ndarray
    at_random: np.ndarray
    starts: np.ndarray
    entries: np.ndarray
    tracks: pd.DataFrame
    miscounted: tuple[int | str, ...] = ()

    def of(self, playlist: int) -> np.ndarray:
        """Return the tracks of a playlist in order, repeats included."""
        return self.entries[self.starts[playlist] : self.starts[playlist + 1]]

    def fingerprint(self) -> str:
        """Return the sha256 of ids, titles and entries, whatever files they are spread over."""
        digest = hashlib.sha256()
        order = np.lexsort([self.kinds.astype(str), self.pids.astype(str)])
        for column in ("id", "artist_id"):
            digest.update("\0".join(self.tracks[column]).encode())
        for playlist in order:
            label = f"{self.pids[playlist]}\0{self.names[playlist]}\0{self.kinds[playlist]}\0"
            digest.update(label.encode("utf-8", "surrogatepass"))
            digest.update(self.of(playlist).astype("<i4").tobytes())
        return digest.hexdigest()


class DistinctTracks:
    """Tracks as they come, each kept once and numbered by where it came first."""

    def __init__(self) -> None:
        self.known = TRACKS.empty_table()
        self.waiting: list[pa.Table] = []
        self.n_waiting = 0
        self.numbers: list[np.ndarray] = []

    def add(self, rows: pa.Table) -> None:
        """Add tracks, of the schema `TRACKS`."""
        self.waiting.append(rows)
        self.n_waiting += len(rows)
        if self.n_waiting > max(_WAIT, len(self.known)):  # so that each is compared a few times
            self._compare()

    def all(self) -> tuple[np.ndarray, pa.Table]:
        """Return the number of each row that was added, int32, and the tracks."""
        self._compare()
        return np.concatenate(self.numbers), self.known

    def _compare(self) -> None:
        rows = pa.concat_tables([self.known, *self.waiting])
        encoded = rows["id"].combine_chunks().dictionary_encode()
        numbers = encoded.indices.to_numpy()
        first = np.empty(len(encoded.dictionary), dtype=np.int64)
        first[numbers[::-1]] = np.arange(len(rows))[::-1]  # what is written last stays
        self.numbers.append(numbers[len(self.known) :])
        self.known = rows.take(first)
        self.waiting, self.n_waiting = [], 0


def join_parts(parts: Iterable[PlaylistFile]) -> PlaylistCollection:
    """Return the playlists of all parts over one list of tracks.

    Args:
        parts: each is let go before the next is asked for, but for its playlists and entries.

    Raises:
        DataFormatError: two parts have the same playlist.
    """
    tracks, n_rows = DistinctTracks(), 0
    files, entries = [], []
    for part in parts:
        tracks.add(part.tracks)
        entries.append(part.entries + np.int32(n_rows))
        n_rows += len(part.tracks)
        files.append((part.path, part.kind, part.playlists))
    _refuse_repeats(files)
    numbers, known = tracks.all()
    order = pc.sort_indices(known["id"]).to_numpy()
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    table = pa.concat_tables([playlists for _, _, playlists in files])
    return PlaylistCollection(
        pids=table["pid"].to_pandas().to_numpy(),
        names=np.array(table["name"].to_pylist(), dtype=object),
        kinds=np.repeat([kind for _, kind, _ in files], [len(lists) for _, _, lists in files]),
        at_random=table["at_random"].to_numpy(),
        starts=np.concatenate([[0], np.cumsum(table["n_tracks"].to_numpy())]),
        entries=rank[numbers][np.concatenate(entries)],
        tracks=known.take(order).to_pandas(),
        miscounted=tuple(table.filter(table["miscounted"])["pid"].to_pylist()),
    )


def _refuse_repeats(files: Sequence[tuple[Path, str, pa.Table]]) -> None:
    """Raise DataFormatError where two files have a playlist in common; truth repeats on purpose."""
    listed = [(path, table["pid"].to_pandas()) for path, kind, table in files if kind != TRUTH]
    pids = pd.concat([column for _, column in listed], ignore_index=True)
    repeated = pids.duplicated().to_numpy()
    if repeated.any():
        pid = pids[int(np.argmax(repeated))]
        first, second = [path for path, column in listed if (column == pid).any()][:2]
        problem = f"playlist of pid {pid} is in {first.name} too"
        raise DataFormatError(second, problem, fix="keep one of the two")


def is_playlist_table(path: Path) -> bool:
    """Return whether a file is a table that separates its playlists, by name or by a column."""
    if path.name.startswith(TABLES):
        return True
    first = next(decoded_lines(path), "")
    header = [cell.strip('" ') for cell in first.rstrip("\r\n").split(",")]
    return "playlist_id" in find_columns(header, ["playlist_id"])


def read_playlist_table(path: Path) -> PlaylistFile:
    """Return the playlists of a table with a row per playlist and track.

    Args:
        path: CSV, plain or .gz, with playlist_id and a track id, in playlist order, and where the
            file has them playlist_name, track_artist and track_name.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: no table, no playlist_id, or a row without one.
    """
    rows = read_rows(path)
    header = [str(name) for name in rows]
    roles = find_columns(header, ["playlist_id", "playlist_name"])
    if "playlist_id" not in roles:
        raise DataFormatError(path, "no column playlist_id", line=1, fix="add it")
    rows = rows.rename(columns={header[place]: role for role, place in roles.items()})
    empty = (rows["playlist_id"] == "").to_numpy()
    if empty.any():
        line = int(rows["line"].iloc[int(np.argmax(empty))])
        raise DataFormatError(path, "a row without playlist_id", line=line, fix="remove it")
    return _of_rows(path, rows)


def read_playlist_files(root: Path) -> PlaylistFile:
    """Return playlists as services export them, a file or a name each.

    Args:
        root: see `muso_exp.formats.listening.histories.read_listed`.

    Raises:
        DataFormatError: a damaged file, or no list.
    """
    rows = read_listed(root)
    rows["id"] = [bare_id(uri) for uri in rows["uri"]]
    names = rows["artist"] + ": " + rows["title"]  # what stands for the id of a track without one
    rows["id"] = rows["id"].where(rows["id"] != "", names)
    return _of_rows(root, rows.rename(columns={"playlist": "playlist_id"}))


def _of_rows(path: Path, rows: pd.DataFrame) -> PlaylistFile:
    """Return the playlists of rows with playlist_id, id, artist, title, maybe playlist_name."""
    rows = rows.iloc[np.argsort(rows["playlist_id"].to_numpy(dtype=str), kind="stable")]
    tracks = rows.drop_duplicates("id")[["id", "artist", "title"]].reset_index(drop=True)
    tracks.insert(1, "artist_id", tracks["artist"])
    entries = pd.Index(tracks["id"]).get_indexer(pd.Index(rows["id"])).astype(np.int32)
    names = rows["playlist_name"] if "playlist_name" in rows else rows["playlist_id"]
    grouped = rows.assign(name=names).groupby("playlist_id", sort=True)["name"]
    playlists = grouped.agg(["first", "size"]).reset_index()
    playlists.columns = pd.Index(["pid", "name", "n_tracks"])
    playlists = playlists.assign(at_random=False, miscounted=False)
    columns = pa.Table.from_pandas(playlists, preserve_index=False)
    return PlaylistFile(
        path, SLICE, columns, entries, pa.Table.from_pandas(tracks, TRACKS, preserve_index=False)
    )
