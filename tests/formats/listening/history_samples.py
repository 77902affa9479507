"""A few rows in each format of a listening history."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.formats.listening.histories import History

ACCOUNT = [
    {"endTime": "2023-10-02 23:43", "artistName": "A", "trackName": "One", "msPlayed": 200_000},
    {"endTime": "2023-10-02 23:47", "artistName": "B", "trackName": "Two", "msPlayed": 240_000},
    {"endTime": "2023-10-02 23:48", "artistName": "B", "trackName": "Two", "msPlayed": 1_200},
    {
        **{"endTime": "2023-10-03 01:00", "artistName": "Unknown Artist"},
        **{"trackName": "Unknown Track", "msPlayed": 99_000},
    },
]
PODCAST = [{"endTime": "2023-10-02 10:00", "podcastName": "P", "episodeName": "1", "msPlayed": 9e6}]


def extended(time: str, title: str | None, artist: str | None, **other: object) -> dict:
    return {
        **{"ts": time, "platform": "linux", "ms_played": 200_000, "conn_country": "DE"},
        "master_metadata_track_name": title,
        "master_metadata_album_artist_name": artist,
        "master_metadata_album_album_name": None if title is None else "Album",
        "spotify_track_uri": None if title is None else f"spotify:track:{title}",
        **{"episode_name": None, "episode_show_name": None, "spotify_episode_uri": None},
        **{"reason_start": "trackdone", "reason_end": "trackdone", "skipped": None},
        **other,
    }


EXTENDED = [
    extended("2023-10-02T23:43:11Z", "One", "A"),
    extended("2023-10-02T23:47:59Z", "Two", "B"),
    extended("2023-10-02T23:48:02Z", "Two", "B", ms_played=1_200),
    extended("2023-10-02T10:00:00Z", None, None, episode_name="1", episode_show_name="P"),
    extended("2023-10-02T10:10:00Z", None, None, audiobook_title="Book"),
    extended("2023-10-02T10:20:00Z", None, None),
]
LIBRARY = {
    "tracks": [{"artist": "A", "album": "X", "track": "One", "uri": "spotify:track:One"}],
    **{"albums": [], "shows": [], "artists": [{"name": "B", "uri": "spotify:artist:1"}]},
}
PLAYLISTS = {
    "playlists": [
        {
            "name": "Evening",
            "items": [
                {
                    "track": {
                        **{"trackName": "One", "artistName": "A", "albumName": "X"},
                        "trackUri": "spotify:track:One",
                    },
                    "episode": None,
                    "localTrack": None,
                },
                {"track": {"trackName": "Two", "artistName": "B"}, "episode": None},  # an old one
                {"track": None, "episode": {"episodeName": "1"}, "localTrack": None},
                {"track": None, "episode": None, "localTrack": {"uri": "spotify:local:::x:1"}},
            ],
        }
    ]
}


def listen(time: int, title: str | None, artist: str = "A", **other: object) -> dict:
    song = {"artist_name": artist, "track_name": title, "release_name": "X", **other}
    return {"inserted_at": time + 1.5, "listened_at": time, "track_metadata": song}


LISTENS = [
    listen(
        1_696_290_191, "One", additional_info={"spotify_id": "https://open.spotify.com/track/9"}
    ),
    listen(1_696_290_479, "Two", "B", additional_info=[]),
    listen(1_696_290_480, "Two", "B", additional_info={"duration_played": 3}),
    listen(1_696_290_500, None, ""),
]
LINES = "".join(json.dumps(row) + "\n" for row in LISTENS)


def put(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    path.write_text(text, encoding="utf-8")
    return path


def songs(history: History) -> list[tuple]:
    rows = history.table[["artist", "title", "n_plays"]]
    return [(a, t, None if np.isnan(n) else n) for a, t, n in rows.itertuples(index=False)]


PLAYED = [("A", "One", 1.0), ("B", "Two", 1.0)]
LISTED = [("A", "One", None), ("B", "Two", None)]
SHORT = "plays under 30 s"
FORMATS = {
    "StreamingHistory_music_0.json": (ACCOUNT, PLAYED, {SHORT: 1, "without a name": 1}),
    "Streaming_History_Audio_2023_1.json": (
        EXTENDED,
        PLAYED,
        {SHORT: 1, "podcasts or audiobooks": 2, "without a name": 1},
    ),
    "extended.csv": (
        pd.DataFrame(EXTENDED).to_csv(index=False),
        PLAYED,
        {SHORT: 1, "podcasts or audiobooks": 2, "without a name": 1},
    ),
    "YourLibrary.json": (LIBRARY, LISTED[:1], {}),
    "Playlist1.json": (PLAYLISTS, LISTED, {"podcasts or audiobooks": 1, "local files": 1}),
    "listens.jsonl": (LINES, PLAYED, {SHORT: 1, "without a name": 1}),
    "listens.json": (LINES, PLAYED, {SHORT: 1, "without a name": 1}),
    "list.json": (LISTENS, PLAYED, {SHORT: 1, "without a name": 1}),
    "api.json": (
        {"payload": {"count": 4, "listens": LISTENS}},
        PLAYED,
        {SHORT: 1, "without a name": 1},
    ),
    "lastfm.csv": (
        '"uts","utc_time","artist","artist_mbid","album","album_mbid","track","track_mbid"\n'
        '"1696290191","02 Oct 2023, 23:43","A","","X","","One",""\n'
        '"1696290479","02 Oct 2023, 23:47","B","","X","","Two",""\n'
        '"1696290480","02 Oct 2023, 23:48","","","X","","",""\n',
        PLAYED,
        {"without a name": 1},
    ),
    "indexed.csv": (
        ",date,artist,track,album\n0,2023-10-02 23:43,A,One,X\n1,2023-10-02 23:47,B,Two,X\n",
        PLAYED,
        {},
    ),
    "headerless.csv": (
        'A,X,One,02 Oct 2023 23:43\n"B",,"Two","02 Oct 2023 23:47"\n',
        PLAYED,
        {},
    ),
    "clock.csv": ("2023-10-02,23:43,A,One\n2023-10-02,23:47,B,Two\n", PLAYED, {}),
    "clocks.csv": (
        "Date;Time;Artist;Title\n02/10/2023;23:43;A;One\n02/10/2023;23:47;B;Two\n",
        PLAYED,
        {},
    ),
    "exportify.csv": (
        "\ufeffTrack URI,Track Name,Album Name,Artist Name(s),Explicit,Added At\r\n"
        'spotify:track:1,One,X,A,false,2024\r\nspotify:track:2,Two,X,"B",false,2024\r\n',
        LISTED,
        {},
    ),
    "exportify_de.csv": (
        "Track-URI,Track-Name,Album-Name,Künstlername(n),Hinzugefügt am\n"
        "spotify:track:1,One,X,A,2024\nspotify:track:2,Two,X,B,2024\n",
        LISTED,
        {},
    ),
    "counts.csv": (
        "artist,plays\nA,90\nB,2\nC,0\nD,\n",
        [("A", "", 90), ("B", "", 2)],
        {"with 0 plays": 2},
    ),
    "repeats.csv": ("artist\nA\nA\nB\n", [("A", "", 1), ("A", "", 1), ("B", "", 1)], {}),
}
