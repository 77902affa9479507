"""The headings of tables: one vocabulary for every reader of CSV, TSV and JSON tables."""

import re
from collections.abc import Sequence
from pathlib import Path

from muso_exp.errors import DataFormatError
from muso_exp.features.tracks import FEATURES
from muso_exp.formats.exportify_headings import TRANSLATED

HEADINGS: dict[str, tuple[str, ...]] = {
    "user": ("user", "user_id", "username"),
    "artist": (
        *("artist", "artist_name", "artist_names", "primary_artist", "track_artist"),
        *("id3_artist", "artists", "master_metadata_album_artist_name"),
    ),
    "album": ("album", "album_name", "release_name", "master_metadata_album_album_name"),
    "track": (
        *("track_name", "title", "song_title", "id3_title", "track"),
        "master_metadata_track_name",
    ),
    "track_id": (
        "track_id",
        "track_uri",
        "spotify_id",
        "song_id",
        "spotify_track_uri",
        "spotify_uri",
        "spotify_track_id",
    ),
    "plays": (
        *("plays", "play_count", "count", "listens", "listen_count", "scrobbles", "scrobble_count"),
        *("times_played", "total_plays", "number_of_plays", "weight", "is_listened"),
    ),
    "time": (
        *("uts", "timestamp", "ts", "listened_at", "played_at", "utc_time", "date_time"),
        *("end_time", "ts_listen", "scrobble_time", "scrobbled_at", "scrobble_date"),
        *("unix_time", "unix_timestamp", "date_uts", "utc"),
    ),
    "date": ("date",),
    "clock": ("time",),
    "ms_played": ("ms_played",),
    "episode": ("episode_name",),
    "audiobook": ("audiobook_title",),
    "added": ("added_at",),
    "playlist_id": ("playlist_id",),
    "playlist_name": ("playlist_name",),
    "path": ("path", "file"),
    "genre": ("genre",),
    "tags": ("tags",),
    "split": ("split",),
    **{name: (name,) for name in FEATURES},
    "duration_ms": ("duration_ms", "track_duration_ms"),
}  # of each role, the most specific first; case, blanks and signs do not matter
_OF_A_TRACK = {"track": ("name",), "track_id": ("id", "uri")}  # where a row is a track
_OF_A_PLAY = {  # where a row is a play
    "track": ("song",),
    "artist": ("artist_id",),
    "track_id": ("media_id", "item_id"),
}
# In a table of tracks `song` is the file that `predict` read, and `artist_id` names no artist.


def headings(role: str, of_tracks: bool = True) -> tuple[str, ...]:
    """Return the headings that a column of this role may have, the one that counts first.

    Args:
        role: a key of `HEADINGS`.
        of_tracks: whether a row of the table is a track, so that a bare `id` is that of the track.
    """
    more = _OF_A_TRACK if of_tracks else _OF_A_PLAY
    return (*HEADINGS[role], *more.get(role, ()))


def find_columns(
    header: Sequence[str], roles: Sequence[str], of_tracks: bool = True
) -> dict[str, int]:
    """Return the number of the column of each role that the header has, in the order of `roles`.

    Of several columns that may have a role, the one whose heading stands first in the vocabulary
    counts; of equal headings, the first column. Exportify's other languages come last.
    """
    known = [_plain(name) for name in header]
    found = {}
    for role in roles:
        wanted = map(_plain, (*headings(role, of_tracks), *TRANSLATED.get(role, ())))
        place = next((known.index(name) for name in wanted if name in known), None)
        if place is not None:
            found[role] = place
    return found


def require_columns(path: Path, roles: Sequence[str], header: Sequence[str]) -> dict[str, int]:
    """Return the number of the column of each role, of a table with a track per row.

    Raises:
        DataFormatError: a role has no column.
    """
    found = find_columns(header, roles)
    for role in roles:
        if role not in found:
            raise no_column(path, header, [role], "name it so")
    return found


def columns_of(header: Sequence[str], role: str) -> list[int]:
    """Return the numbers of all columns of a table of tracks whose heading is one of the role."""
    wanted = {_plain(name) for name in headings(role)}
    return [place for place, name in enumerate(header) if _plain(name) in wanted]


MOST_SHOWN = 100  # characters of a header in a message


def no_column(
    path: Path, header: Sequence[str], roles: Sequence[str], fix: str, of_tracks: bool = True
) -> DataFormatError:
    """Return the error to raise where none of the roles has a column."""
    known = {role: dict.fromkeys([role, *headings(role, of_tracks)]) for role in roles}
    needed = " or ".join(f"{role.removesuffix('s')}s ({', '.join(known[role])})" for role in roles)
    there = ", ".join(header)[:MOST_SHOWN]  # the header of a damaged file may be long
    problem = f"no column of {needed} among: {there}"
    return DataFormatError(path, problem, line=1, fix=fix)


def _plain(heading: str) -> str:
    """Return a heading by which it is compared; RecBole writes the kind of its values behind it."""
    heading = re.sub(r":(token|float)(_seq)?$", "", heading.strip())
    return re.sub(r"[\W_]", "", heading.lower())
