"""What Spotify's account data say of a library and of playlists: rows that are no plays."""

import re
from collections import Counter

import msgspec
import pyarrow as pa

from muso_exp.formats.listening.services.listens import (
    NAMELESS,
    NOT_MUSIC,
    Format,
    Listens,
    both_empty,
    column,
    decode_json,
    kept,
)
from muso_exp.formats.listening.services.parts import Part


class _Saved(msgspec.Struct, gc=False):
    artist: str | None = None
    album: str | None = None
    track: str | None = None
    uri: str | None = None


_LIBRARY = re.compile(
    r'\s*\{\s*"(tracks|albums|shows|episodes|bannedTracks|artists|bannedArtists|other)"\s*:\s*\['
)


class _Library(msgspec.Struct):
    tracks: list[_Saved]


class _Track(msgspec.Struct, gc=False):
    trackName: str | None = None
    artistName: str | None = None
    albumName: str | None = None
    trackUri: str | None = None


class _Local(msgspec.Struct, gc=False):
    uri: str | None = None


class _Entry(msgspec.Struct, gc=False):
    track: _Track | None = None
    localTrack: _Local | None = None


class _Playlist(msgspec.Struct):
    name: str | None = None
    items: list[_Entry] = []


class _Playlists(msgspec.Struct):
    playlists: list[_Playlist]


def is_library(head: str) -> bool:
    """Return whether a JSON object begins as a library does, and has tracks."""
    return bool(_LIBRARY.match(head)) and '"tracks"' in head


def is_playlists(head: str) -> bool:
    """Return whether a JSON object begins with playlists that have a name and items."""
    return bool(re.match(r'\s*\{\s*"playlists"\s*:\s*\[', head)) and '"pid"' not in head


def read_library(part: Part) -> Listens:
    """Read the saved tracks.

    Raises:
        DataFormatError: no JSON, or values of another kind.
    """
    rows = decode_json(part, _Library).tracks
    artist, title = column(rows, "artist"), column(rows, "track")
    table = {"artist": artist, "title": title, "album": column(rows, "album")}
    table["uri"] = column(rows, "uri")
    return kept(table, {NAMELESS: both_empty(artist, title)})


def read_playlists(part: Part) -> Listens:
    """Read the tracks of all playlists; an item without a track is an episode or a local file.

    Raises:
        DataFormatError: no JSON, or values of another kind.
    """
    lists = decode_json(part, _Playlists).playlists
    numbers = [number for number, listed in enumerate(lists) for _ in listed.items]
    items = [item for listed in lists for item in listed.items]
    local = pa.array(
        [item.track is None and item.localTrack is not None for item in items], pa.bool_()
    )
    gone = pa.array([item.track is None and item.localTrack is None for item in items], pa.bool_())
    rows = [item.track or _Track() for item in items]
    artist, title = column(rows, "artistName"), column(rows, "trackName")
    table = {"artist": artist, "title": title, "album": column(rows, "albumName")}
    table["uri"] = column(rows, "trackUri")
    names = _distinct([listed.name or f"playlist {n}" for n, listed in enumerate(lists, 1)])
    table["playlist"] = pa.array([names[number] for number in numbers], pa.string())
    left = {"local files": local, NOT_MUSIC: gone, NAMELESS: both_empty(artist, title)}
    return kept(table, left)


def _distinct(names: list[str]) -> list[str]:
    """Return the names of lists with a number behind a name that an earlier list has."""
    again: Counter[str] = Counter()
    found = []
    for name in names:
        again[name] += 1
        found.append(name if again[name] == 1 else f"{name} ({again[name]})")
    return found


_ACCOUNT = re.compile(r"(YourLibrary|Playlist)\d*\.json", re.I)
FORMATS = (
    Format("Spotify library", is_library, read_library, _ACCOUNT),
    Format("Spotify playlists", is_playlists, read_playlists, _ACCOUNT),
)
