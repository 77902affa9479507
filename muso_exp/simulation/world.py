"""One simulated listening world: users, music, friendships and six months of plays."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.simulation.catalogue import SongCatalogue, make_catalogue
from muso_exp.simulation.friends import make_friends
from muso_exp.simulation.listeners import Listeners, make_listeners, play_tracks


@dataclass(frozen=True)
class World:
    """What the simulated data sets are written from.

    Attributes:
        catalogue: the music, with latent factors of every track.
        listeners: the users' latent tastes and activity.
        plays: play counts of six months, shape (n_users, n_tracks), int64.
        friends: symmetric friendships, shape (n_users, n_users), int8.
        seed: of the draw.
    """

    catalogue: SongCatalogue
    listeners: Listeners
    plays: csr_matrix
    friends: csr_matrix
    seed: int

    @property
    def n_users(self) -> int:
        """Return the number of users."""
        return self.plays.shape[0]

    def artist_plays(self) -> csr_matrix:
        """Return play counts by artist, shape (n_users, n_artists), int64."""
        return _merge_columns(self.plays, self.catalogue.track_artist)

    def album_plays(self) -> csr_matrix:
        """Return play counts by album, shape (n_users, n_albums), int64."""
        return _merge_columns(self.plays, self.catalogue.track_album)


def simulate_world(
    n_users: int = 2000,
    n_artists: int = 40000,
    n_genres: int = 24,
    seed: int = 0,
    *,
    styles_per_genre: int = 5,
    n_factors: int = 4,
    artist_zipf: float = 1.2,
    chart_zipf: float = 0.9,
    median_plays: float = 3000,
    activity_spread: float = 1.2,
    focus: float = 1.3,
    devotion: float = 1.2,
    sociability_spread: float = 1.1,
    mean_degree: float = 13.443,
    homophily: float = 1.4,
    closure: float = 0.35,
    secluded: float = 0.026,
) -> World:
    """Simulate a listening world, the same for the same arguments on any number of threads.

    The defaults are set so that `statistics_table` comes close to the real data. Smaller
    catalogues make users share more artists: 4,000 artists instead of 40,000 halve the share of
    unknown artists.

    Args:
        n_users: number of users.
        n_artists: number of artists on offer; some of them without listeners.
        n_genres: number of genres.
        seed: of everything.
        styles_per_genre: styles within each genre; the scenes that users grow up in.
        n_factors: dimensions of the map of taste.
        artist_zipf: exponent of an artist's popularity by rank within their style.
        chart_zipf: power of an artist's overall popularity in the charts.
        median_plays: of a user in six months.
        activity_spread: standard deviation of a user's log-plays.
        focus: how fast listening falls with the squared distance on the map of taste.
        devotion: standard deviation of a user's log-liking of the artists they know.
        sociability_spread: standard deviation of a user's log-number of friends asked for.
        mean_degree: mean number of friends, met approximately.
        homophily: weight of taste in friendships; 0 means popularity alone.
        closure: share of the friends who are met through friends.
        secluded: share of the users in closed circles of two to four.

    Raises:
        ValueError: a size is too small.
    """
    for name, size, least in (("n_users", n_users, 2), ("n_genres", n_genres, 1)):
        if size < least:
            raise ValueError(f"{name} must be at least {least}, got {size}")
    music, people, playing, meeting = (np.random.default_rng([seed, part]) for part in range(4))
    catalogue = make_catalogue(n_artists, n_genres, styles_per_genre, n_factors, artist_zipf, music)
    listeners = make_listeners(
        catalogue, n_users, median_plays, activity_spread, focus, sociability_spread, people
    )
    plays = play_tracks(catalogue, listeners, chart_zipf, devotion, playing)
    friends = make_friends(
        listeners.user_factors,
        listeners.sociability,
        mean_degree,
        homophily,
        closure,
        secluded,
        meeting,
    )
    return World(catalogue, listeners, plays, friends, seed)


def _merge_columns(plays: csr_matrix, group: np.ndarray) -> csr_matrix:
    """Sum play counts over the columns of each group; groups are numbered from 0."""
    shape = (plays.shape[0], int(group[-1]) + 1)
    parts = (plays.data, group[plays.indices], plays.indptr)
    merged = csr_matrix(parts, shape=shape, copy=True)  # sum_duplicates writes into its arrays
    merged.sum_duplicates()
    return merged
