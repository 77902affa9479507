"""Playlists and the tracks in them as numbers, whatever file they came from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.data.membership.readers import read_rows
from muso_exp.errors import DataFormatError

SLICE, CHALLENGE, TRUTH = "slice", "challenge", "truth"  # kinds of playlists


@dataclass(frozen=True)
class Part:
    """The playlists of one file.

    Attributes:
        path: the file.
        kind: `slice`, `challenge` or `truth`.
        playlists: pid, name (None without), n_tracks, at_random (of seeds: not the first tracks).
        entries: tracks of all playlists, one after the other, by their row in `tracks`.
        tracks: id, artist_id, artist, title; ids differ.
    """

    path: Path
    kind: str
    playlists: pd.DataFrame
    entries: np.ndarray
    tracks: pd.DataFrame


@dataclass(frozen=True)
class Playlists:
    """All playlists.

    Attributes:
        pids: id of each playlist, shape (n_playlists,): int64, or text where the file has text.
        names: shape (n_playlists,), None where there is no title.
        kinds: shape (n_playlists,).
        at_random: of the challenge, whether the seeds are not the first tracks, (n_playlists,).
        starts: where each playlist begins in `entries`, shape (n_playlists + 1,).
        entries: track numbers in playlist order, repeats included, int32.
        tracks: id, artist_id, artist, title; sorted by id, which differ.
    """

    pids: np.ndarray
    names: np.ndarray
    kinds: np.ndarray
    at_random: np.ndarray
    starts: np.ndarray
    entries: np.ndarray
    tracks: pd.DataFrame

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


def join_parts(parts: Sequence[Part]) -> Playlists:
    """Return the playlists of all parts over one list of tracks.

    Raises:
        DataFormatError: two parts have the same playlist.
    """
    _refuse_repeats(parts)
    tracks = pd.concat([part.tracks for part in parts], ignore_index=True)
    tracks = tracks.drop_duplicates("id").sort_values("id", ignore_index=True)
    number = pd.Index(tracks["id"])
    entries = [number.get_indexer(pd.Index(p.tracks["id"]))[p.entries] for p in parts]
    table = pd.concat([part.playlists for part in parts], ignore_index=True)
    counts = table["n_tracks"].to_numpy(dtype=np.int64)
    return Playlists(
        pids=table["pid"].to_numpy(),
        names=table["name"].astype(object).where(table["name"].notna(), None).to_numpy(),
        kinds=np.repeat([part.kind for part in parts], [len(part.playlists) for part in parts]),
        at_random=table["at_random"].to_numpy(dtype=bool),
        starts=np.concatenate([[0], np.cumsum(counts)]),
        entries=np.concatenate(entries).astype(np.int32),
        tracks=tracks,
    )


def _refuse_repeats(parts: Sequence[Part]) -> None:
    """Raise DataFormatError where two files have a playlist in common; truth repeats on purpose."""
    seen: dict[object, Path] = {}
    for part in parts:
        if part.kind == TRUTH:
            continue
        for pid in part.playlists["pid"].tolist():
            if pid in seen:
                problem = f"playlist of pid {pid} is in {seen[pid].name} too"
                raise DataFormatError(part.path, problem, fix="keep one of the two")
            seen[pid] = part.path


def read_playlist_table(path: Path) -> Part:
    """Return the playlists of a table with a row per playlist and track.

    Args:
        path: CSV, plain or .gz, with playlist_id and a track id, in playlist order, and where the
            file has them playlist_name, track_artist and track_name.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: no table, no playlist_id, or a row without one.
    """
    rows = read_rows(path)
    if "playlist_id" not in rows:
        raise DataFormatError(path, "no column playlist_id", line=1, fix="add it")
    empty = (rows["playlist_id"] == "").to_numpy()
    if empty.any():
        line = int(rows["line"].iloc[int(np.argmax(empty))])
        raise DataFormatError(path, "a row without playlist_id", line=line, fix="remove it")
    rows = rows.iloc[np.argsort(rows["playlist_id"].to_numpy(dtype=str), kind="stable")]
    tracks = rows.drop_duplicates("id")[["id", "artist", "title"]].reset_index(drop=True)
    tracks.insert(1, "artist_id", tracks["artist"])
    entries = pd.Index(tracks["id"]).get_indexer(pd.Index(rows["id"])).astype(np.int32)
    names = rows["playlist_name"] if "playlist_name" in rows else rows["playlist_id"]
    grouped = rows.assign(name=names).groupby("playlist_id", sort=True)["name"]
    playlists = grouped.agg(["first", "size"]).reset_index()
    playlists.columns = pd.Index(["pid", "name", "n_tracks"])
    return Part(path, SLICE, playlists.assign(at_random=False), entries, tracks)
