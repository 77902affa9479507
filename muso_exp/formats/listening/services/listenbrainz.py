"""ListenBrainz: its export (JSON lines, in a zip `listens/<year>/<month>.jsonl`) and its API.

Source: ListenBrainz' documentation, "JSON documentation".
"""

import re
from typing import Any

import msgspec
import pyarrow as pa

from muso_exp.formats.listening.services.listens import (
    NAMELESS,
    Format,
    Listens,
    both_empty,
    decode_json,
    kept,
)
from muso_exp.formats.listening.services.parts import Part
from muso_exp.formats.listening.services.times import read_times


class _Info(msgspec.Struct, gc=False):
    spotify_id: Any = None
    duration_played: Any = None  # seconds


class _Metadata(msgspec.Struct, gc=False):
    artist_name: str | None = None
    track_name: str | None = None
    release_name: str | None = None
    additional_info: _Info | list | None = None  # some programs write [] for nothing


class _Listen(msgspec.Struct, gc=False):
    listened_at: int | float | str | None = None
    user_name: str | None = None
    track_metadata: _Metadata | None = None


class _Payload(msgspec.Struct):
    listens: list[_Listen]


class _Answer(msgspec.Struct):
    payload: _Payload


def is_listens(head: str) -> bool:
    """Return whether JSON, a list, an answer of the API or lines, holds listens."""
    start = head.lstrip()[:1]
    return start in ("{", "[") and '"track_metadata"' in head and '"listened_at"' in head


def read_listens(part: Part) -> Listens:
    """Read listens.

    Raises:
        DataFormatError: no JSON, or values of another kind.
    """
    head = part.head().lstrip()
    if head.startswith("["):
        rows = decode_json(part, list[_Listen])
    elif re.match(r'\{\s*"payload"', head):
        rows = decode_json(part, _Answer).payload.listens
    else:
        rows = decode_json(part, list[_Listen], lines=True)
    songs = [row.track_metadata or _Metadata() for row in rows]
    infos = [_info(song.additional_info) for song in songs]
    artist, title = (_texts([getattr(s, n) for s in songs]) for n in ("artist_name", "track_name"))
    table = {
        "user": _texts([row.user_name for row in rows]),
        "time": read_times(_texts([row.listened_at for row in rows])),
        "artist": artist,
        "title": title,
        "album": _texts([song.release_name for song in songs]),
        "ms_played": pa.array([_ms(info.duration_played) for info in infos], pa.int64()),
        "uri": _texts([_spotify_uri(info.spotify_id) for info in infos]),
        "n_plays": pa.repeat(pa.scalar(1, pa.int64()), len(rows)),
    }
    return kept(table, {NAMELESS: both_empty(artist, title)})


def _info(given: _Info | list | None) -> _Info:
    return given if isinstance(given, _Info) else _Info()


def _texts(values: list) -> pa.Array:
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _ms(seconds: object) -> int | None:
    good = isinstance(seconds, int | float) and 0 <= seconds < 1e9
    return round(1000 * seconds) if good else None  # type: ignore[operator]


def _spotify_uri(address: object) -> str | None:
    """Return the URI of an address such as https://open.spotify.com/track/<id>."""
    found = re.search(r"track[/:](\w+)", address) if isinstance(address, str) else None
    return f"spotify:track:{found[1]}" if found else None


FORMATS = (Format("ListenBrainz", is_listens, read_listens, re.compile(r"\d+\.jsonl")),)
