"""One file of the Million Playlist Dataset: decoded where it lies, kept as columns.

msgspec checks the types; what it cannot know, that counts agree and ids differ, is checked here.
"""

import re
from collections.abc import Sequence
from mmap import mmap
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from muso_exp.errors import DataFormatError
from muso_exp.formats.mpd.json_bytes import line_of, malformed, map_json, replace_halves
from muso_exp.formats.playlist_tables import (
    CHALLENGE,
    SLICE,
    TRACKS,
    TRUTH,
    DistinctTracks,
    PlaylistFile,
)
from muso_exp.formats.readable_names import readable

_ARTIST = "spotify:artist:"  # before the id in an address
_BATCH = 2**10  # tracks that become columns at once: few, so that they stay near the processor
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Track(msgspec.Struct, gc=False):
    track_uri: str
    artist_name: str
    track_name: str
    artist_uri: str = ""  # some copies lack it; the name then stands for it


class _Seed(_Track, gc=False):
    pos: int | None = None


class _Truth(msgspec.Struct, gc=False):
    pid: _Count
    num_tracks: _Count
    tracks: Sequence[_Track]
    name: str | None = None


class _Listed(_Truth, kw_only=True, gc=False):
    name: str


class _Asked(_Truth, kw_only=True, gc=False):
    num_samples: _Count
    num_holdouts: _Count
    tracks: Sequence[_Seed]


_FORMATS = {SLICE: _Listed, CHALLENGE: _Asked, TRUTH: _Truth}


class _Items(msgspec.Struct):
    playlists: list[msgspec.Raw]


class _Named(msgspec.Struct):
    pid: int


def read_part(path: Path, kind: str) -> PlaylistFile:
    """Return the playlists of one file.

    Args:
        path: JSON, plain or .gz.
        kind: `slice`, `challenge` (incomplete playlists) or `truth` (what they lack).

    Raises:
        DataFormatError: no JSON, no playlists, or one that is not as its format says.
    """
    data = map_json(path)
    try:
        return _Reader(path, kind, _BATCH).read(data)
    except (msgspec.DecodeError, RecursionError, ValueError):
        replace_halves(data)
    reader = _Reader(path, kind, 1)  # in which playlist is it?
    try:
        return reader.read(data)
    except msgspec.ValidationError as error:
        raise _invalid(path, data, error) from error
    except (msgspec.DecodeError, RecursionError) as error:
        last = f" after playlist {len(reader.playlists)}" if reader.playlists else ""
        raise malformed(path, data, error, last) from error


def _invalid(path: Path, data: mmap, error: msgspec.ValidationError) -> DataFormatError:
    """Return the error to raise for JSON that is not as the format says."""
    found = re.search(r"\.playlists\[(\d+)\]", str(error))
    if not found:
        return DataFormatError(
            path, str(error), fix="it is no file of the Million Playlist Dataset"
        )
    try:
        items = msgspec.json.decode(data, type=_Items).playlists
    except (msgspec.DecodeError, RecursionError) as other:
        return malformed(path, data, other)
    number = int(found[1])
    begin = end = 0
    for item in map(bytes, items[: number + 1]):
        begin = data.find(item, end)
        end = begin + len(item)
    problem = str(error).replace(found[0], "").removesuffix(" - at `$`")
    name = f"playlist {number + 1}{_pid(items[number])}"
    fix = "correct it or remove the playlist"
    return DataFormatError(path, f"{name}: {problem}", line=line_of(data, begin), fix=fix)


def _pid(playlist: msgspec.Raw) -> str:
    try:
        return f" (pid {msgspec.json.decode(playlist, type=_Named).pid})"
    except msgspec.ValidationError:
        return ""


class _Reader:
    """Collects playlists as columns.

    Args:
        path: the file.
        kind: of its playlists.
        batch: tracks that become columns at once.
    """

    def __init__(self, path: Path, kind: str, batch: int) -> None:
        self.path, self.kind, self.batch = path, kind, batch
        self.playlists: list[tuple[int, str | None, int, bool, bool]] = []
        self.pids: dict[int, int] = {}  # playlist id -> its place in the list
        self.waiting: list[_Track] = []
        self.tracks = DistinctTracks()

    def read(self, data: mmap) -> PlaylistFile:
        """Return what the file holds; each playlist is let go as soon as its columns are kept."""
        playlist = msgspec.defstruct(
            "Playlist", [], bases=(_FORMATS[self.kind],), namespace={"__post_init__": self._take}
        )
        file = msgspec.defstruct("File", [("playlists", list[playlist])])  # type: ignore[valid-type]
        msgspec.json.decode(data, type=file)
        if not self.playlists:
            problem, fix = "no playlists in the list", "give the file that has them"
            raise DataFormatError(self.path, problem, fix=fix)
        self._keep()
        names = ["pid", "name", "n_tracks", "at_random", "miscounted"]
        types = [pa.int64(), pa.string(), pa.int64(), pa.bool_(), pa.bool_()]
        columns = map(pa.array, zip(*self.playlists, strict=True), types)
        playlists = pa.table(list(columns), names=names)
        numbers, tracks = self.tracks.all()
        return PlaylistFile(self.path, self.kind, readable(playlists), numbers, readable(tracks))

    def _take(self, playlist: Any) -> None:
        """Keep the columns of a playlist; msgspec adds to a ValueError where it was raised."""
        pid, tracks = playlist.pid, playlist.tracks
        if pid in self.pids:
            raise ValueError(f"the pid is that of playlist {self.pids[pid]} already")
        self.pids[pid] = len(self.pids) + 1
        if isinstance(playlist, _Asked):
            _check_seeds(playlist)
        self.waiting.extend(tracks)
        if len(self.waiting) >= self.batch:
            self._keep()
        places = [track.pos for track in tracks] if self.kind == CHALLENGE else []
        at_random = places != list(range(len(places)))
        miscounted = self.kind != CHALLENGE and playlist.num_tracks != len(tracks)
        self.playlists.append((pid, playlist.name, len(tracks), at_random, miscounted))
        playlist.tracks = ()

    def _keep(self) -> None:
        """Make columns of the tracks that wait."""
        waiting = self.waiting
        uris = [track.track_uri for track in waiting]
        artists = [track.artist_uri or f"{_ARTIST}{track.artist_name}" for track in waiting]
        columns = [
            _without_prefix(uris, "track_uri", "spotify:track:"),
            _without_prefix(artists, "artist_uri", _ARTIST),
            pa.array([track.artist_name for track in waiting], pa.string()),
            pa.array([track.track_name for track in waiting], pa.string()),
        ]
        self.tracks.add(pa.table(columns, schema=TRACKS))
        waiting.clear()


def _check_seeds(playlist: _Asked) -> None:
    """Refuse a playlist of the challenge whose numbers of tracks do not agree."""
    listed, whole = len(playlist.tracks), playlist.num_tracks
    given, held = playlist.num_samples, playlist.num_holdouts
    if given != listed:
        raise ValueError(f'"num_samples" is {given}, but {listed} tracks are listed')
    if whole != given + held:
        raise ValueError(f'"num_tracks" is {whole}, not {given} seeds + {held} held out')
    _check_places([track.pos for track in playlist.tracks], whole)


def _check_places(places: Sequence[int | None], n_tracks: int) -> None:
    """Refuse places of seeds that are not those of different tracks of the playlist, or of some."""
    given = [place for place in places if place is not None]
    if given and len(given) < len(places):
        raise ValueError(f'"pos" is missing of {len(places) - len(given)} of {len(places)} tracks')
    outside = [place for place in given if not 0 <= place < n_tracks]
    if outside:
        raise ValueError(f'"pos" is {outside[0]}, in a playlist of {n_tracks} tracks')
    if len(set(given)) < len(given):
        raise ValueError('two tracks have one "pos"')


def _without_prefix(uris: list[str], field: str, prefix: str) -> pa.Array:
    column = pa.array(uris, pa.string())
    bad = pc.index(pc.starts_with(column, prefix), False).as_py()
    if bad >= 0:
        raise ValueError(f'"{field}" must begin with {prefix}, got {uris[bad]!r}')
    return pc.binary_replace_slice(column, 0, len(prefix), "")
