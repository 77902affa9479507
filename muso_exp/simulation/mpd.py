"""The simulated world in the format of the Million Playlist Dataset (MPD) and its challenge.

A playlist has a theme, a place on the map of taste near a style; its tracks come from artists
near the theme, the popular ones first, often several of one artist in a row.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from muso_exp.csv_cells import write_csv
from muso_exp.simulation import names
from muso_exp.simulation.msd import track_names
from muso_exp.simulation.playlists import audio_features
from muso_exp.simulation.track_features import COLUMNS
from muso_exp.simulation.world import World

PER_SLICE = 1000  # playlists in a file
LENGTHS = (5, 250)  # tracks of a playlist in the MPD
MEDIAN_LENGTH, LENGTH_SPREAD = 50, 0.75
SPREAD = 0.3  # of themes around their style, on the map of taste
FOCUS = 2.0  # how fast an artist's chance falls with the squared distance to the theme
RUN = 0.35  # chance that the next track is by the same artist
DOUBLES = 0.1  # share of the playlists that keep a track which stands there twice
LISTED = 0.97  # share of the tracks with audio features
CHALLENGE_FIRST = 1_000_000  # playlist ids of the challenge begin here, as in the published set
MIN_HOLDOUTS = 5

CATEGORIES: tuple[tuple[int, bool, bool], ...] = (
    (0, True, False),
    (1, True, False),
    (5, True, False),
    (5, False, False),
    (10, True, False),
    (10, False, False),
    (25, True, False),
    (25, True, True),
    (100, True, False),
    (100, True, True),
)
"""The ten categories of the challenge: seeds, whether the title is given, whether drawn at random.

Source: the challenge set's readme (RecSys Challenge 2018)."""

_MOODS = (
    "chill,workout,party,summer 17,throwback,sleep,study,road trip,oldies,new,favs,christmas,sad,"
    "driving,dance,gym,vibes,love,good stuff,random"
).split(",")
_BARE = ("🎶", "🔥🔥🔥", "💔", " ", ".", "☀️ 🌴")


def write_mpd(
    world: World, folder: Path, n_playlists: int, n_challenge: int, taste: float, seed: int
) -> None:
    """Write `mpd.slice.*.json`, `challenge_set.json`, `challenge_truth.json`, the feature table.

    Args:
        world: where the music comes from.
        folder: an existing folder.
        n_playlists: in the slices, 1,000 to a file.
        n_challenge: playlists of the challenge set, shared out to its ten categories.
        taste: see `muso_exp.simulation.playlists.audio_features`.
        seed: of what this function draws.

    Raises:
        ValueError: fewer than 1 playlist, or fewer than 10 of the challenge.

    Source: the readme files of the MPD and of its challenge set. Deviation: the truth of the
    published challenge is secret; here it is a file in the format of a slice.
    """
    if n_playlists < 1 or n_challenge < len(CATEGORIES):
        raise ValueError(
            f"1 playlist and {len(CATEGORIES)} of the challenge are needed at least, got "
            f"{n_playlists} and {n_challenge}"
        )
    rng = np.random.default_rng([seed, 6])
    lists = _Playlists(world, rng)
    known = np.zeros(len(world.catalogue.track_artist), dtype=bool)
    for first in range(0, n_playlists, PER_SLICE):
        pids = range(first, min(first + PER_SLICE, n_playlists))
        playlists = [lists.draw(pid, LENGTHS[0]) for pid in pids]
        for playlist in playlists:
            known[playlist["tracks"]] = True
        content = {"info": _info(pids), "playlists": [lists.published(p) for p in playlists]}
        _write_json(folder / f"mpd.slice.{pids[0]}-{pids[-1]}.json", content)
    _write_challenge(folder, lists, known, n_challenge, rng)
    _write_features(folder / "track_features.csv", world, np.flatnonzero(known), taste, rng)


class _Playlists:
    """Draws playlists; tracks are numbers of the world until they are published."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self.world, self.rng = world, rng
        catalogue = world.catalogue
        popularity = catalogue.style_popularity[catalogue.artist_style]
        self.popularity = (popularity * catalogue.artist_popularity) ** 0.8  # (n_artists,)
        self.within = np.cumsum(catalogue.track_popularity)  # artist a fills a to a + 1

    def draw(self, pid: int, least: int) -> dict[str, Any]:
        """Draw a playlist of at least so many tracks."""
        rng, catalogue = self.rng, self.world.catalogue
        style = int(rng.choice(len(catalogue.style_factors), p=catalogue.style_popularity))
        place = catalogue.style_factors[style]
        theme = place + SPREAD * rng.normal(size=place.shape)
        distance = ((catalogue.artist_factors - theme) ** 2).sum(axis=1)  # (n_artists,)
        width = np.exp(0.4 * rng.normal())
        chance = np.cumsum(self.popularity * np.exp(-FOCUS / width * distance))
        length = int(np.clip(MEDIAN_LENGTH * np.exp(LENGTH_SPREAD * rng.normal()), *LENGTHS))
        tracks = self._tracks(chance, max(length, least), double=rng.random() < DOUBLES)
        name = self._name(style, int(catalogue.track_artist[tracks[0]]))
        return {"pid": pid, "name": name, "tracks": tracks}

    def _tracks(self, chance: np.ndarray, length: int, double: bool) -> np.ndarray:
        """Return track numbers; fewer than asked for where tracks stand twice and are dropped."""
        artist = np.searchsorted(chance, chance[-1] * self.rng.random(2 * length))
        starts = np.where(self.rng.random(2 * length) < RUN, 0, np.arange(2 * length))
        artist = artist[np.maximum.accumulate(starts)].clip(max=len(chance) - 1)
        track = np.searchsorted(self.within, artist + self.rng.random(2 * length))
        track = track.clip(max=len(self.within) - 1)
        _, first = np.unique(track, return_index=True)
        once = track[np.sort(first)][:length]
        return np.append(once[:-1], once[0]) if double and len(once) > LENGTHS[0] else once

    def _name(self, style: int, artist: int) -> str:
        rng, catalogue = self.rng, self.world.catalogue
        genre = int(catalogue.style_genre[style])
        first = int(np.searchsorted(catalogue.style_genre, genre))
        choices = (
            names.genre_name(genre),
            names.style_name(style - first, genre),
            _MOODS[int(rng.integers(len(_MOODS)))],
            _BARE[int(rng.integers(len(_BARE)))],
            str(catalogue.artist_names[artist]),
        )
        name = choices[int(rng.choice(len(choices), p=[0.3, 0.25, 0.25, 0.08, 0.12]))]
        return name.title() if rng.random() < 0.5 else name

    def published(self, playlist: dict[str, Any]) -> dict[str, Any]:
        """Return a playlist as the slices have it."""
        tracks = [self.track(int(t), pos) for pos, t in enumerate(playlist["tracks"])]
        return {
            "name": playlist["name"],
            "collaborative": "false",
            "pid": playlist["pid"],
            "modified_at": 1_493_424_000 + 86_400 * (playlist["pid"] % 180),
            "num_tracks": len(tracks),
            "num_albums": len({track["album_uri"] for track in tracks}),
            "num_followers": 1 + playlist["pid"] % 3,
            "tracks": tracks,
            "num_edits": 1 + len(tracks) // 8,
            "duration_ms": sum(track["duration_ms"] for track in tracks),
            "num_artists": len({track["artist_uri"] for track in tracks}),
        }

    def track(self, track: int, pos: int) -> dict[str, Any]:
        """Return a track as the slices have it."""
        artist_name, title = track_names(self.world, track)
        album = int(self.world.catalogue.track_album[track])
        artist = int(self.world.catalogue.track_artist[track])
        return {
            "pos": pos,
            "artist_name": artist_name,
            "track_uri": f"spotify:track:{track_id(track)}",
            "artist_uri": f"spotify:artist:sim{artist:019d}",
            "track_name": title,
            "album_uri": f"spotify:album:sim{album:019d}",
            "duration_ms": 150_000 + 97 * track % 180_000,
            "album_name": names.album_name(album),
        }


def track_id(track: int) -> str:
    """Return the id of a track of the world, 22 characters as Spotify's are."""
    return f"sim{track:019d}"


def _write_challenge(
    folder: Path, lists: _Playlists, known: np.ndarray, n: int, rng: np.random.Generator
) -> None:
    """Write incomplete playlists of known tracks, and what was held out of them."""
    asked, truth = [], []
    for number in range(n):
        n_seeds, titled, at_random = CATEGORIES[number * len(CATEGORIES) // n]
        tracks = np.zeros(0, dtype=np.int64)
        while len(tracks) < n_seeds + MIN_HOLDOUTS:
            drawn = lists.draw(CHALLENGE_FIRST + number, n_seeds + MIN_HOLDOUTS + 20)
            tracks = drawn["tracks"][known[drawn["tracks"]]]
        published = lists.published({**drawn, "tracks": tracks})
        chosen = rng.choice(len(tracks), n_seeds, replace=False) if at_random else range(n_seeds)
        places = {int(place) for place in chosen}
        seeds = [track for track in published["tracks"] if track["pos"] in places]
        hidden = [track for track in published["tracks"] if track["pos"] not in places]
        pid = published["pid"]
        title = {"name": published["name"]} if titled else {}
        counts = {"num_holdouts": len(hidden), "num_samples": len(seeds), "num_tracks": len(tracks)}
        asked.append({**title, **counts, "pid": pid, "tracks": seeds})
        truth.append({"pid": pid, "num_tracks": len(hidden), "tracks": hidden})
    header = {"date": "2018-01-16 08:47:28.198015", "version": "v1"}
    _write_json(folder / "challenge_set.json", {**header, "playlists": asked})
    _write_json(folder / "challenge_truth.json", {**header, "playlists": truth})


def _write_features(
    path: Path, world: World, tracks: np.ndarray, taste: float, rng: np.random.Generator
) -> None:
    """Write the audio features of most of the tracks, in random order."""
    listed = rng.permutation(tracks)[: max(round(LISTED * len(tracks)), 2)]
    table = audio_features(world.catalogue.track_factors[listed], taste, rng)[list(COLUMNS)]
    table.insert(0, "id", [track_id(int(track)) for track in listed])
    write_csv(table, path)


def _info(pids: Sequence[int]) -> dict[str, str]:
    date = "2017-12-03 08:41:42.057563"
    return {"generated_on": date, "slice": f"{pids[0]}-{pids[-1]}", "version": "v1"}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=4), encoding="utf-8")
