"""The simulated world's music as audio files: what a track sounds like follows from what it is.

A clip follows the track's Spotify features (its tempo, key, mode and level are those of the
table), its genre and style (instruments, beat, chords), its artist (the voice) and its place on
the map of taste (the colour of the sound), with chance in all of them.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from rich.console import Console
from rich.progress import track as progress

from muso_exp.csv_cells import write_csv
from muso_exp.simulation.msd import track_names
from muso_exp.simulation.names import genre_name
from muso_exp.simulation.playlists import audio_features
from muso_exp.simulation.sound_mix import write_clips
from muso_exp.simulation.sound_song import TIMBRES, Song
from muso_exp.simulation.world import World

TASTE = 0.35  # share of the features' variance that follows from the place, as in the playlists
FAITH = 0.8  # share of the timbre's variance that follows from the place
TAG_WEIGHT = 60  # a track bears a tag of its artist with the chance weight / TAG_WEIGHT
_BATCH = 8  # clips that a worker renders at once


def choose_tracks(world: World, n_tracks: int, per_artist: int = 4) -> np.ndarray:
    """Choose tracks that people play, the most played ones of each genre in turn.

    Args:
        world: where the tracks come from.
        n_tracks: how many.
        per_artist: most tracks of one artist.

    Returns:
        Numbers of tracks, ascending, shape (n_tracks,).

    Raises:
        ValueError: not so many tracks are played.
    """
    catalogue = world.catalogue
    n_plays = np.bincount(world.plays.indices, world.plays.data, len(catalogue.track_artist))
    order = np.argsort(-n_plays, kind="stable")
    order = order[n_plays[order] > 0]
    artist = catalogue.track_artist[order]
    order = order[_place_within(artist) < per_artist]
    genre = track_genres(world, order)
    order = order[np.argsort(_place_within(genre), kind="stable")]
    if not 0 < n_tracks <= len(order):
        raise ValueError(
            f"n_tracks must be 1 to {len(order)}, the played tracks with at most {per_artist} "
            f"per artist; got {n_tracks}"
        )
    return np.sort(order[:n_tracks])


def track_genres(world: World, tracks: np.ndarray) -> np.ndarray:
    """Return the number of each track's genre, shape (n_tracks,)."""
    styles = world.catalogue.artist_style[world.catalogue.track_artist[tracks]]
    return world.catalogue.style_genre[styles]


def write_sounds(
    world: World,
    tracks: np.ndarray,
    folder: Path,
    seconds: float = 30.0,
    sample_rate: int = 22050,
    workers: int = 1,
) -> None:
    """Write a clip of each track, and the tables `manifest.csv` and `track_features.csv`.

    The same arguments give the same bytes on any number of workers. Clips are FLAC: as fast to
    write as needed, and an Ogg file's serial number would differ from run to run.

    Args:
        world: the simulated world.
        tracks: numbers of tracks; the id of a track is its number plus 1, as in the simulated
            LFM-1b files.
        folder: an existing folder; clips go to its `audio`.
        seconds: length of a clip.
        sample_rate: in Hz.
        workers: processes that render.

    Raises:
        ValueError: no tracks, or clips that are too short or of too low a rate to hold music.
    """
    if len(tracks) == 0 or seconds < 1 or sample_rate < 8000:
        raise ValueError(
            "tracks, seconds and sample_rate must be at least 1, 1 and 8000, "
            f"got {len(tracks)}, {seconds} and {sample_rate}"
        )
    features = track_features(world, tracks)
    songs = describe_songs(world, tracks, features)
    (folder / "audio").mkdir()
    batches = [songs[first : first + _BATCH] for first in range(0, len(songs), _BATCH)]
    done = Parallel(n_jobs=workers, return_as="generator_unordered")(
        delayed(write_clips)(batch, folder / "audio", seconds, sample_rate) for batch in batches
    )
    console = Console(stderr=True)  # standard output ends with the run's folder
    for _ in progress(done, "rendering", len(batches), transient=True, console=console):
        pass
    write_csv(_manifest(world, tracks), folder / "manifest.csv")
    write_csv(features, folder / "track_features.csv")


def track_features(world: World, tracks: np.ndarray) -> pd.DataFrame:
    """Return id, title, artist and the 13 features of Spotify, a row per track.

    The features of a track do not depend on which others are asked for.
    """
    rng = np.random.default_rng([world.seed, 600])
    table = audio_features(world.catalogue.track_factors, TASTE, rng, tracks)
    names = [track_names(world, track) for track in tracks.tolist()]
    table.insert(0, "id", tracks + 1)
    table.insert(1, "track.name", [title for _, title in names])
    table.insert(2, "primary_artist", [artist for artist, _ in names])
    return table


def describe_songs(world: World, tracks: np.ndarray, features: pd.DataFrame) -> list[Song]:
    """Return what each track's clip is made from.

    Args:
        world: the simulated world.
        tracks: numbers of tracks, shape (n_tracks,).
        features: of these, as `track_features` gives them.
    """
    artists = world.catalogue.track_artist[tracks]
    timbre = timbres(world)[tracks]
    rows = features.drop(columns=["id", "track.name", "primary_artist"]).to_dict("records")
    return [
        Song(
            track=int(track),
            artist=int(artist),
            genre=int(genre),
            style=int(world.catalogue.artist_style[artist]),
            seed=world.seed,
            features={str(name): float(value) for name, value in row.items()},
            timbre=dict(zip(TIMBRES, colours.tolist(), strict=True)),
        )
        for track, artist, genre, row, colours in zip(
            tracks, artists, track_genres(world, tracks), rows, timbre, strict=True
        )
    ]


def timbres(world: World) -> np.ndarray:
    """Return the timbre of all tracks: a turn of the map of taste, and chance.

    Returns:
        Numbers between -2.2 and 2.2, shape (n_tracks, len(TIMBRES)).
    """
    factors = world.catalogue.track_factors.astype(np.float64)
    place = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    rng = np.random.default_rng([world.seed, 601])
    n_factors, n_timbres = place.shape[1], len(TIMBRES)
    turns = [_rotation(n_factors, rng) for _ in range(-(-n_timbres // n_factors))]
    directions = np.hstack(turns)[:, :n_timbres]  # each turn of the map is heard whole
    noise = rng.standard_normal((len(place), n_timbres))
    timbre = np.sqrt(FAITH) * place @ directions + np.sqrt(1 - FAITH) * noise
    return 2.2 * np.tanh(timbre / 2.2)


def _rotation(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random orthogonal matrix, shape (size, size)."""
    return np.linalg.qr(rng.standard_normal((size, size)))[0]


def _manifest(world: World, tracks: np.ndarray) -> pd.DataFrame:
    """Return path, id, names, genre and tags of each track."""
    names = [track_names(world, track) for track in tracks.tolist()]
    return pd.DataFrame(
        {
            "path": [f"audio/{track + 1}.flac" for track in tracks],
            "track_id": tracks + 1,
            "artist": [artist for artist, _ in names],
            "title": [title for _, title in names],
            "genre": [genre_name(int(genre)) for genre in track_genres(world, tracks)],
            "tags": ["|".join(_tags(world, track)) for track in tracks.tolist()],
        }
    )


def _tags(world: World, track: int) -> list[str]:
    """Return tags of a track, the weightiest first: some of its artist's."""
    weights = world.catalogue.artist_tags[int(world.catalogue.track_artist[track])]
    drawn = np.random.default_rng([world.seed, 604, track]).random(weights.nnz)
    order = np.argsort(-weights.data, kind="stable")
    kept = order[drawn[order] < np.minimum(weights.data[order] / TAG_WEIGHT, 0.9)]
    return [str(world.catalogue.tag_names[tag]) for tag in weights.indices[kept]]


def _place_within(group: np.ndarray) -> np.ndarray:
    """Return how many equal entries stand before each entry, shape (n,)."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    place = np.empty(len(group), dtype=np.int64)
    place[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered)
    return place
