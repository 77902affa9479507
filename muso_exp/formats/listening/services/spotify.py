"""Spotify's two histories of plays: of the account data, and the extended one.

Account data: `StreamingHistory<n>.json`, `StreamingHistory_music_<n>.json` and, of podcasts and
audiobooks, `StreamingHistory_podcast_<n>.json`: the last year, times to the minute. Extended
history: `Streaming_History_Audio_<years>_<n>.json`, before 2023 `endsong_<n>.json`: all plays,
times to the second. Both give the end of a play, in UTC. Source: Spotify's "Understanding my data".
"""

import re

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from muso_exp.formats.listening.services.listens import (
    NAMELESS,
    NOT_MUSIC,
    UNKNOWN,
    Format,
    Listens,
    both_empty,
    column,
    decode_json,
    is_empty,
    kept,
    whole,
)
from muso_exp.formats.listening.services.parts import Part
from muso_exp.formats.listening.services.times import read_times

_FIRST = re.compile(r'\s*\[\s*\{((?:[^{}"]|"(?:[^"\\]|\\.)*+")*+)')  # first object of a list


class _AccountPlay(msgspec.Struct, gc=False):
    endTime: str | None = None
    artistName: str | None = None
    trackName: str | None = None
    msPlayed: float | None = None


class _ExtendedPlay(msgspec.Struct, gc=False):
    ts: str | None = None
    ms_played: float | None = None
    master_metadata_track_name: str | None = None
    master_metadata_album_artist_name: str | None = None
    master_metadata_album_album_name: str | None = None
    spotify_track_uri: str | None = None
    episode_name: str | None = None
    spotify_episode_uri: str | None = None
    audiobook_title: str | None = None


def is_account(head: str) -> bool:
    """Return whether the first object of a list is a play of the account data."""
    return _has(head, "endTime", "msPlayed")


def is_extended(head: str) -> bool:
    """Return whether the first object of a list is a play of the extended history."""
    return _has(head, "ms_played", "master_metadata_track_name")


def _has(head: str, *names: str) -> bool:
    found = _FIRST.match(head)
    return found is not None and all(f'"{name}"' in found[1] for name in names)


def read_account(part: Part) -> Listens:
    """Read the plays of the account data.

    Raises:
        DataFormatError: no JSON, or values of another kind.
    """
    rows = decode_json(part, list[_AccountPlay])
    artist, title = column(rows, "artistName"), column(rows, "trackName")
    unknown = pc.and_(pc.equal(artist, UNKNOWN[0]), pc.equal(title, UNKNOWN[1]))
    table = {
        "time": read_times(column(rows, "endTime")),
        "artist": artist,
        "title": title,
        "ms_played": whole(rows, "msPlayed"),
        "n_plays": _ones(rows),
    }
    left = {
        NOT_MUSIC: pc.is_null(title),  # these have episodeName or a chapter instead
        NAMELESS: pc.or_(both_empty(artist, title), pc.fill_null(unknown, False)),
    }
    return kept(table, left)


def read_extended(part: Part) -> Listens:
    """Read the plays of the extended history.

    Raises:
        DataFormatError: no JSON, or values of another kind.
    """
    rows = decode_json(part, list[_ExtendedPlay])
    title = column(rows, "master_metadata_track_name")
    other = [column(rows, name) for name in ("episode_name", "spotify_episode_uri")]
    other.append(column(rows, "audiobook_title"))
    spoken = pc.and_(is_empty(title), pc.invert(is_empty(pc.coalesce(*other))))
    artist = column(rows, "master_metadata_album_artist_name")
    table = {
        "time": read_times(column(rows, "ts")),
        "artist": artist,
        "title": title,
        "album": column(rows, "master_metadata_album_album_name"),
        "ms_played": whole(rows, "ms_played"),
        "uri": column(rows, "spotify_track_uri"),
        "n_plays": _ones(rows),
    }
    nameless = pc.and_(both_empty(artist, title), is_empty(table["uri"]))
    return kept(table, {NOT_MUSIC: spoken, NAMELESS: nameless})


def _ones(rows: list) -> pa.Array:
    return pa.repeat(pa.scalar(1, pa.int64()), len(rows))


_ACCOUNT_FILES = re.compile(r"StreamingHistory_?(music_|podcast_|audiobook_)?\d*\.json", re.I)
_EXTENDED_FILES = re.compile(r"(Streaming_History_(Audio|Video).*|endsong_\d+)\.json", re.I)
FORMATS = (
    Format("Spotify account data", is_account, read_account, _ACCOUNT_FILES),
    Format("Spotify extended history", is_extended, read_extended, _EXTENDED_FILES),
)
