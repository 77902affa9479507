"""Published tables of listening without a header: what their columns are, by the first line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TEXT = r".+"
_MBID = r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?"  # MusicBrainz; may be empty
_WHOLE = r"[0-9]+"
_DAYS = (  # 27 Nov 2025, 2025-11-27, 27/11/2025
    *(r"[0-9]{1,2} [A-Za-z]{3,9} [0-9]{4}", r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    r"[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{4}",
)
_DAY = f"({'|'.join(_DAYS)})"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?( [AaPp][Mm])?"
_UNIX = r"1[0-9]{9}"  # of seconds, from 2001
_MOMENT = rf"{_DAY}(,? |T){_CLOCK}(Z| UTC)?"


@dataclass(frozen=True)
class Headerless:
    """The columns of a table without a header.

    Attributes:
        name: of the data set or service.
        header: headings of `muso_exp.formats.columns` that stand for the missing ones.
        patterns: what a cell of each column fully matches.
    """

    name: str
    header: tuple[str, ...]
    patterns: tuple[str, ...]

    def fits(self, cells: Sequence[str]) -> bool:
        """Return whether a row can be one of this table."""
        pairs = zip(self.patterns, cells, strict=False)
        return len(cells) == len(self.header) and all(re.fullmatch(*pair) for pair in pairs)


LAYOUTS = (
    Headerless(
        "Last.fm-360K",
        ("user", "artist_mbid", "artist", "plays"),
        ("[0-9a-f]{40}", _MBID, _TEXT, _WHOLE),
    ),
    Headerless(
        "Last.fm-1K",
        ("user", "timestamp", "artist_mbid", "artist", "track_mbid", "track"),
        (_TEXT, _MOMENT, _MBID, _TEXT, _MBID, _TEXT),
    ),
    Headerless(
        "triplets of the Million Song Dataset",
        ("user", "song_id", "plays"),
        ("[0-9a-f]{40}", "SO[0-9A-Z]{16}", _WHOLE),
    ),
    Headerless(  # of the scripts lastexport.py
        "Last.fm",
        ("timestamp", "track", "artist", "album", "track_mbid", "artist_mbid", "album_mbid"),
        (_UNIX, _TEXT, _TEXT, ".*", _MBID, _MBID, _MBID),
    ),
    Headerless("Last.fm", ("artist", "album", "track", "timestamp"), (_TEXT, ".*", _TEXT, _MOMENT)),
    Headerless("Last.fm", ("date", "time", "artist", "track"), (_DAY, _CLOCK, _TEXT, _TEXT)),
    Headerless("Last.fm", ("artist", "track", "timestamp"), (_TEXT, _TEXT, _MOMENT)),
    Headerless("Last.fm", ("timestamp", "artist", "track"), (_MOMENT, _TEXT, _TEXT)),
)


def headerless(cells: Sequence[str]) -> Headerless | None:
    """Return the published table whose row these cells of a first line are; None for another."""
    cells = [cell.strip() for cell in cells]
    return next((layout for layout in LAYOUTS if layout.fits(cells)), None)
