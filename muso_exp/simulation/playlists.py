"""Audio features of the simulated world's tracks, and two users' liked songs as files.

A track's sound follows from its place on the map of taste, with much noise: who likes a place
likes, more or less, a sound. The marginal distributions resemble those of Spotify's features.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from muso_exp.csv_cells import write_csv
from muso_exp.simulation import names
from muso_exp.simulation.world import World

SHAPES = {
    "danceability": stats.beta(5, 3.2),
    "energy": stats.beta(3.5, 2.3),
    "loudness": stats.skewnorm(-4, loc=-4.2, scale=4.5),  # dB
    "speechiness": stats.lognorm(0.75, scale=0.06),
    "acousticness": stats.beta(0.45, 1.3),
    "instrumentalness": stats.beta(0.12, 1.4),
    "liveness": stats.lognorm(0.6, scale=0.15),
    "valence": stats.beta(2.0, 2.2),
    "tempo": stats.norm(121, 27),  # beats per minute
    "duration_ms": stats.lognorm(0.26, scale=222_000),
}  # marginal distribution of each feature that sounds like the music it belongs to
LIMITS = {"loudness": (-60, 0), "tempo": (45, 220), "duration_ms": (30_000, 900_000)}
KINSHIP = {("loudness", "energy"): 0.7, ("acousticness", "energy"): -0.6}
USERS = ("a", "b")


def audio_features(
    track_factors: np.ndarray,
    taste: float,
    rng: np.random.Generator,
    rows: np.ndarray | slice = slice(None),
) -> pd.DataFrame:
    """Draw the audio features of tracks.

    Args:
        track_factors: place of each track on the map of taste, shape (n_tracks, n_factors).
        taste: share of a feature's variance that follows from the place, 0 to 1.
        rng: draws the directions and the noise.
        rows: tracks that are wanted; the features of a track do not depend on which others are.

    Returns:
        The 13 features of Spotify, a row per wanted track. Key and time signature say nothing of
        taste.
    """
    n_tracks, n_factors = track_factors.shape
    directions = rng.normal(size=(n_factors, len(SHAPES) + 1))
    directions /= np.linalg.norm(directions, axis=0)
    place = (track_factors - track_factors.mean(axis=0)) / track_factors.std(axis=0)
    noise = rng.normal(size=(n_tracks, len(SHAPES) + 1))
    latent = np.sqrt(taste) * (place @ directions) + np.sqrt(1 - taste) * noise
    columns = dict(zip([*SHAPES, "mode"], latent.T, strict=True))
    for (name, kin), share in KINSHIP.items():
        columns[name] = share * columns[kin] + np.sqrt(1 - share**2) * columns[name]
    table: dict[str, np.ndarray] = {name: _shaped(name, columns[name][rows]) for name in SHAPES}
    table["key"] = rng.integers(0, 12, size=(n_tracks,))[rows]
    table["mode"] = (columns["mode"][rows] < 0.4).astype(np.int64)
    table["time_signature"] = rng.choice([3, 4, 5], size=n_tracks, p=[0.07, 0.92, 0.01])[rows]
    return pd.DataFrame(table)


def write_playlists(
    world: World, folder: Path, n_liked: Sequence[int], n_new: int, taste: float, seed: int
) -> None:
    """Write `user_a_likes.csv`, `user_b_likes.csv` and `new/tracks.csv`.

    The two users are, of the busiest tenth, those whose tastes lie farthest apart. Each likes
    tracks that they played at least twice. The new tracks are in neither list.

    Args:
        world: the simulated world.
        folder: where to; it exists.
        n_liked: tracks that user a and user b like, at most.
        n_new: tracks in `new/tracks.csv`.
        taste: see `audio_features`.
        seed: of what this function draws.
    """
    rng = np.random.default_rng([seed, 1])
    users = far_apart(world)
    liked = [_liked(world, user, n, rng) for user, n in zip(users, n_liked, strict=True)]
    others = np.setdiff1d(np.arange(world.plays.shape[1]), np.concatenate(liked))
    new = rng.choice(others, size=n_new, replace=False)
    tracks = np.unique(np.concatenate([*liked, new]))
    table = _table(world, tracks, audio_features(world.catalogue.track_factors[tracks], taste, rng))
    (folder / "new").mkdir()
    files = [*(f"user_{name}_likes.csv" for name in USERS), "new/tracks.csv"]
    for name, chosen in zip(files, [*liked, new], strict=True):
        write_csv(table.iloc[np.searchsorted(tracks, chosen)], folder / name)


def write_many_likes(
    world: World, folder: Path, n_lists: int, n_liked: int, taste: float, seed: int
) -> None:
    """Write `likes.csv`: the liked songs of many users, column `user`.

    They are the busiest users; each likes tracks that they played at least twice.

    Args:
        world: the simulated world.
        folder: where to; it exists.
        n_lists: users.
        n_liked: tracks that each likes, at most.
        taste: see `audio_features`.
        seed: of what this function draws.
    """
    rng = np.random.default_rng([seed, 2])
    busy = np.argsort(-np.diff(world.plays.indptr), kind="stable")[:n_lists]
    liked = [_liked(world, int(user), n_liked, rng) for user in busy]
    tracks = np.unique(np.concatenate(liked))
    table = _table(world, tracks, audio_features(world.catalogue.track_factors[tracks], taste, rng))
    parts = [
        table.iloc[np.searchsorted(tracks, chosen)].assign(user=f"user {number}")
        for number, chosen in enumerate(liked)
    ]
    write_csv(pd.concat(parts), folder / "likes.csv")


def far_apart(world: World) -> tuple[int, int]:
    """Return the two users of the busiest tenth (two at least) whose tastes lie farthest apart."""
    tracks_per_user = np.diff(world.plays.indptr)
    busy = np.argsort(-tracks_per_user, kind="stable")[: max(world.n_users // 10, 2)]
    factors = world.listeners.user_factors[busy]
    distance = np.linalg.norm(factors[:, None] - factors[None], axis=2)  # (n_busy, n_busy)
    first, second = np.unravel_index(int(distance.argmax()), distance.shape)
    return int(busy[first]), int(busy[second])


def _liked(world: World, user: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return up to n tracks that a user played at least twice, in any order."""
    row = slice(world.plays.indptr[user], world.plays.indptr[user + 1])
    tracks = world.plays.indices[row][world.plays.data[row] >= 2]
    return rng.permutation(np.sort(tracks))[:n]


def _table(world: World, tracks: np.ndarray, features: pd.DataFrame) -> pd.DataFrame:
    """Return a row per track, as in the real exports: id, title, artist, features."""
    artists = world.catalogue.track_artist[tracks]
    features.insert(0, "id", [f"sim{track:019d}" for track in tracks])
    features.insert(1, "track.name", [names.track_name(int(track)) for track in tracks])
    features.insert(2, "primary_artist", world.catalogue.artist_names[artists])
    return features


def _shaped(name: str, latent: np.ndarray) -> np.ndarray:
    """Give standard normal numbers (n_tracks,) the distribution of a feature."""
    low, high = LIMITS.get(name, (0, 1))
    values = np.clip(SHAPES[name].ppf(stats.norm.cdf(latent)), low, high)
    return np.round(values, {"duration_ms": 0, "tempo": 3, "loudness": 3}.get(name, 4))
