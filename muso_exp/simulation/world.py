"""One simulated listening world: users, music, friendships and six months of plays."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.simulation.catalogue import Catalogue, make_catalogue
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

    catalogue: Catalogue
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
    n_artists: int = 60000,
    n_genres: int = 24,
    seed: int = 0,
    *,
    styles_per_genre: int = 5,
    n_factors: int = 4,
    artist_zipf: float = 1.15,
    chart_zipf: float = 0.9,
    median_plays: float = 3000,
    activity_spread: float = 1.3,
    focus: float = 2.0,
    devotion: float = 1.2,
    mean_degree: float = 13.443,
    homophily: float = 1.3,
    closure: float = 0.4,
    secluded: float = 0.026,
) -> World:
    """Simulate a listening world, the same for the same arguments on any machine."""
    rngs = [np.random.default_rng([seed, part]) for part in range(4)]
    catalogue = make_catalogue(
        n_artists, n_genres, styles_per_genre, n_factors, artist_zipf, rngs[0]
    )
    listeners = make_listeners(catalogue, n_users, median_plays, activity_spread, focus, rngs[1])
    plays = play_tracks(catalogue, listeners, chart_zipf, devotion, rngs[2])
    sociability = rngs[3].lognormal(0, 0.9, n_users)
    friends = make_friends(
        listeners.user_factors, sociability, mean_degree, homophily, closure, secluded, rngs[3]
    )
    return World(catalogue, listeners, plays, friends, seed)


def _merge_columns(plays: csr_matrix, group: np.ndarray) -> csr_matrix:
    """Sum play counts over the columns of each group; groups are numbered from 0."""
    shape = (plays.shape[0], int(group[-1]) + 1)
    parts = (plays.data, group[plays.indices], plays.indptr)
    merged = csr_matrix(parts, shape=shape, copy=True)  # sum_duplicates writes into its arrays
    merged.sum_duplicates()
    return merged
