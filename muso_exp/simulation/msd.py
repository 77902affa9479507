"""The simulated world's share in the Million Song Dataset: the list of tracks, and their tags."""

import sqlite3
import unicodedata
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.simulation import names
from muso_exp.simulation.world import World

LISTED = 0.7  # share of the world's tracks that the Million Song Dataset has
TAGGED = 0.6  # share of the listed tracks with tags
SECOND_TRACK = 0.02  # share of the songs with a second track
SPELLINGS = {  # how a listed track is written, relative to the listening log: share
    "same": 0.58,
    "case": 0.2,
    "unicode": 0.04,
    "punctuation": 0.06,
    "versions": 0.06,
    "fuzzy": 0.03,
    "other": 0.03,
}


def song_id(track: int) -> str:
    """Return the song id of a track of the world, in the form of the Million Song Dataset."""
    return f"SO{_letters(track)}{track:010X}"


def msd_track_id(track: int, copy: int = 0) -> str:
    """Return the track id of a song; a second recording of it has copy 1."""
    return f"TR{_letters(track)}{copy}{track:010X}"


def _letters(number: int) -> str:
    return "".join(chr(ord("A") + (number * step) % 26) for step in (3, 7, 11, 17, 23))


def write_msd(world: World, folder: Path) -> None:
    """Write unique_tracks.txt and lastfm_tags.db beside a listening data set.

    Some tracks are listed in another spelling than `track_title` and the artists' names, which
    the listening data use: in other case, other composition of accents, other punctuation, with
    the suffix of a release, with a typing error, or under another name altogether.

    Args:
        world: where the tracks come from.
        folder: an existing folder.

    Source: unique_tracks.txt and lastfm_tags.db of the Million Song Dataset. Deviation: titles
    and tags are made up; a track's tags are drawn from its artist's.
    """
    rng = np.random.default_rng([world.seed, 200])
    n_tracks = len(world.catalogue.track_artist)
    listed = np.flatnonzero(rng.random(n_tracks) < LISTED)
    spelling = rng.choice(list(SPELLINGS), size=len(listed), p=list(SPELLINGS.values()))
    copies = (rng.random(len(listed)) < SECOND_TRACK).astype(int)
    with (folder / "unique_tracks.txt").open("w", encoding="utf-8", newline="\n") as file:
        for track, kind, extra in zip(listed.tolist(), spelling, copies, strict=True):
            artist, title = track_names(world, track)
            artist, title = respell(artist, title, str(kind), track)
            for copy in range(extra + 1):
                cells = (msd_track_id(track, copy), song_id(track), artist, title)
                file.write("<SEP>".join(cells) + "\n")
    tagged = listed[rng.random(len(listed)) < TAGGED]
    _write_tags(folder / "lastfm_tags.db", world, tagged, rng)


def track_names(world: World, track: int) -> tuple[str, str]:
    """Return artist and title of a track."""
    artist = int(world.catalogue.track_artist[track])
    return str(world.catalogue.artist_names[artist]), names.track_name(track)


def respell(artist: str, title: str, kind: str, number: int) -> tuple[str, str]:
    """Return artist and title in another spelling of a kind; see `SPELLINGS`."""
    if kind == "case":
        return (artist.upper(), title) if number % 2 else (artist, title.lower())
    if kind == "unicode":
        return unicodedata.normalize("NFD", artist), title.replace(" ", "  ", 1)
    if kind == "punctuation":
        return f"The {artist}", title.replace(" ", ", ", 1) + "!"
    if kind == "versions":
        suffix = (" (Album Version)", " feat. Somebody Else", " - Remastered 2009")[number % 3]
        return artist, title + suffix
    if kind == "fuzzy":
        return artist, title[:4] + title[5:]
    if kind == "other":
        return f"{title} Ensemble", artist
    return artist, title


def _write_tags(path: Path, world: World, tracks: np.ndarray, rng: np.random.Generator) -> None:
    """Write tags as the published database has them: tids, tags, tid_tag by row number."""
    drawn = _track_tags(world, tracks, rng).tocoo()
    used = np.unique(drawn.col)
    tag_names = [str(world.catalogue.tag_names[tag]) for tag in used]
    rows = zip(
        (drawn.row + 1).tolist(),
        (np.searchsorted(used, drawn.col) + 1).tolist(),
        drawn.data.astype(float).tolist(),
        strict=True,
    )
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE tids (tid TEXT PRIMARY KEY)")
        connection.execute("CREATE TABLE tags (tag TEXT PRIMARY KEY)")
        connection.execute("CREATE TABLE tid_tag (tid INT, tag INT, val FLOAT)")
        ids = ((msd_track_id(track),) for track in tracks.tolist())
        connection.executemany("INSERT INTO tids VALUES (?)", ids)
        connection.executemany("INSERT INTO tags VALUES (?)", ((name,) for name in tag_names))
        connection.executemany("INSERT INTO tid_tag VALUES (?, ?, ?)", rows)
    connection.close()


def _track_tags(world: World, tracks: np.ndarray, rng: np.random.Generator) -> csr_matrix:
    """Keep each of the artist's tags with a chance that grows with its weight, 1 to 100.

    Returns:
        Weights 1 to 100, shape (n_tracks, n_tags).
    """
    tags = csr_matrix(world.catalogue.artist_tags[world.catalogue.track_artist[tracks]])
    kept = rng.random(tags.nnz) < np.minimum(tags.data / 60, 0.9)
    tags.data = np.where(kept, np.maximum(tags.data, 1), 0)
    tags.eliminate_zeros()
    return tags
