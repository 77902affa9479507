"""Twenty rows in each format of a listening history, made from the same twenty events.

Of the events one is of 5 s, one a podcast, one has no name, and one stands twice. A format shows of
them what it has: the lengths, the podcasts, the seconds.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime

N = 20
SHORT, PODCAST, NAMELESS, REPEATED = 3, 7, 11, 15  # the last repeats the one before it
START = 1_696_290_191  # 2023-10-02 23:43:11


def artist(row: int) -> str:
    return "" if row == NAMELESS else f"Band {row % 5}"


def title(row: int) -> str:
    return "" if row == NAMELESS else f"Song {row % 4}" if row != REPEATED else title(row - 1)


def performer(row: int) -> str:
    return artist(row - 1) if row == REPEATED else artist(row)


def when(row: int) -> datetime:
    return datetime.fromtimestamp(START + 1000 * (row - (row == REPEATED)), UTC)


def ms(row: int) -> int:
    return 5_000 if row == SHORT else 200_000


def _json(rows: list) -> str:
    return json.dumps(rows, indent=1)


def account(row: int) -> dict:
    if row == PODCAST:
        return {
            "endTime": f"{when(row):%Y-%m-%d %H:%M}",
            "podcastName": "P",
            "episodeName": "E",
        } | {"msPlayed": ms(row)}
    names = {"artistName": performer(row), "trackName": title(row)}
    if row == NAMELESS:
        names = {"artistName": "Unknown Artist", "trackName": "Unknown Track"}
    return {"endTime": f"{when(row):%Y-%m-%d %H:%M}", **names, "msPlayed": ms(row)}


def extended(row: int) -> dict:
    spoken = row in (PODCAST, NAMELESS)
    return {
        **{"ts": f"{when(row):%Y-%m-%dT%H:%M:%SZ}", "platform": "linux", "ms_played": ms(row)},
        "master_metadata_track_name": None if spoken else title(row),
        "master_metadata_album_artist_name": None if spoken else performer(row),
        "master_metadata_album_album_name": None if spoken else "Album",
        "spotify_track_uri": None if spoken else f"spotify:track:{row:022d}",
        "episode_name": "E" if row == PODCAST else None,
        **{"episode_show_name": None, "spotify_episode_uri": None, "skipped": None},
    }


def extended_csv() -> str:
    rows = [extended(row) for row in range(N)]
    lines = [",".join("" if v is None else str(v) for v in row.values()) for row in rows]
    return "\n".join([",".join(rows[0]), *lines, ""])


def library() -> str:
    tracks = [
        {"artist": performer(r), "album": "X", "track": title(r), "uri": f"spotify:track:{r:022d}"}
        for r in range(N)
    ]
    return json.dumps({"tracks": tracks, "albums": []}, indent=1)


def playlist() -> str:
    items = [
        {"track": None, "episode": {"episodeName": "E"}, "localTrack": None}
        if r == PODCAST
        else {"track": None, "episode": None, "localTrack": {"uri": "spotify:local:::x:1"}}
        if r == NAMELESS
        else {"track": {"trackName": title(r), "artistName": performer(r), "albumName": "X"}}
        for r in range(N)
    ]
    return json.dumps({"playlists": [{"name": "Evening", "items": items}]}, indent=1)


def listen(row: int) -> dict:
    data = {"artist_name": performer(row), "track_name": title(row) or None, "release_name": "X"}
    more = {"additional_info": {"duration_played": ms(row) // 1000}}
    return {"listened_at": int(when(row).timestamp()), "track_metadata": data | more}


def lines(head: str, row: Callable[[int], str]) -> str:
    return "\n".join([*([head] if head else []), *map(row, range(N)), ""])


def user(row: int) -> int:
    return 1 + row % 2


TWENTY = {
    "Spotify account data": lambda: _json([account(row) for row in range(N)]),
    "Spotify extended history": lambda: _json([extended(row) for row in range(N)]),
    "Spotify extended history, CSV": extended_csv,
    "Spotify library": library,
    "Spotify playlists": playlist,
    "ListenBrainz, lines": lambda: lines("", lambda row: json.dumps(listen(row))),
    "ListenBrainz, API": lambda: json.dumps({"payload": {"listens": list(map(listen, range(N)))}}),
    "Last.fm, headings": lambda: lines(
        '"uts","utc_time","artist","artist_mbid","album","album_mbid","track","track_mbid"',
        lambda r: (
            f'"{when(r).timestamp():.0f}","{when(r):%d %b %Y, %H:%M}","{performer(r)}","",'
            f'"X","","{title(r)}",""'
        ),
    ),
    "Last.fm, index": lambda: lines(
        ",date,artist,track,album",
        lambda r: f"{r},{when(r):%Y-%m-%d %H:%M},{performer(r)},{title(r)},X",
    ),
    "Last.fm, no headings": lambda: lines(
        "", lambda r: f'{performer(r)},X,{title(r)},"{when(r):%d %b %Y %H:%M}"'
    ),
    "Last.fm, lastexport": lambda: lines(
        "", lambda r: f"{when(r).timestamp():.0f}\t{title(r)}\t{performer(r)}\tX\t\t\t"
    ),
    "date, time, artist, title": lambda: lines(
        "", lambda r: f"{when(r):%Y-%m-%d},{when(r):%H:%M},{performer(r)},{title(r)}"
    ),
    "Exportify": lambda: lines(
        "\ufeffTrack URI,Track Name,Album Name,Artist Name(s),Explicit,Added At",
        lambda r: f'spotify:track:{r:022d},{title(r)},X,"{performer(r)}",false,2024-01-01',
    ),
    "Exportify, German": lambda: lines(
        "Track-URI,Track-Name,Album-Name,Künstlername(n),Hinzugefügt am",
        lambda r: f'spotify:track:{r:022d},{title(r)},X,"{performer(r)}",2024-01-01',
    ),
    "Last.fm-360K": lambda: lines("", lambda r: f"{user(r):040d}\t\t{performer(r)}\t{r}"),
    "Last.fm-1K": lambda: lines(
        "",
        lambda r: (
            f"user_{user(r):06d}\t{when(r):%Y-%m-%dT%H:%M:%SZ}\t\t{performer(r)}\t\t{title(r)}"
        ),
    ),
    "LFM-2b": lambda: lines("user_id\ttrack_id\tcount", lambda r: f"{user(r)}\t{r + 1000}\t{r}"),
    "Music4All": lambda: lines(
        "user\tsong\ttimestamp", lambda r: f"user_{user(r)}\tid{r}\t{when(r):%Y-%m-%d %H:%M}"
    ),
    "RecBole": lambda: lines(
        "user_id:token\tartist_id:token\tweight:float", lambda r: f"{user(r)}\t{r % 5}\t{r}"
    ),
    "Million Song Dataset": lambda: lines("", lambda r: f"{user(r):040x}\tSO{r:016X}\t{r + 1}"),
    "Deezer": lambda: lines(
        "user_id,media_id,ts_listen,is_listened",
        lambda r: f"{user(r)},{r % 5},{when(r).timestamp():.0f},{int(r != SHORT)}",
    ),
}
NUMBERED = {"Last.fm-360K": "usersha1-artmbid-artname-plays.tsv"}
SUFFIX = {
    **dict.fromkeys(["Last.fm-1K", "LFM-2b", "Music4All"], ".tsv"),
    **{
        "RecBole": ".inter",
        "Last.fm, lastexport": ".txt",
        "Million Song Dataset": ".txt",
        "ListenBrainz, lines": ".jsonl",
    },
}
