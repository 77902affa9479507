"""The music of the simulated world: genres, styles, artists, albums, tracks and their tags."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.simulation import names

N_COMMON_TAGS = len(names.COMMON_TAGS)


@dataclass(frozen=True)
class SongCatalogue:
    """What there is to listen to. Numbers of artists, albums and tracks are row numbers.

    Latent factors (n_factors numbers each) place everything on one map of taste: a style lies
    near its genre, an artist near their style, a track near its artist.

    Attributes:
        genre_factors: shape (n_genres, n_factors).
        style_genre: genre of each style, shape (n_styles,).
        style_factors: shape (n_styles, n_factors).
        style_popularity: share of the world's listening, shape (n_styles,), sums to 1.
        artist_style: shape (n_artists,); artists of one style stand together, the most popular
            first.
        artist_popularity: share within the style, shape (n_artists,), sums to 1 per style.
        artist_factors: shape (n_artists, n_factors).
        album_artist: shape (n_albums,), ascending.
        track_album: shape (n_tracks,), ascending.
        track_artist: shape (n_tracks,), ascending.
        track_popularity: share within the artist, shape (n_tracks,), sums to 1 per artist.
        track_factors: shape (n_tracks, n_factors), float32.
        artist_tags: tag weights 1 to 100 as Last.fm gives them, shape (n_artists, n_tags).
        tag_names: shape (n_tags,).
        artist_names: shape (n_artists,).
    """

    genre_factors: np.ndarray
    style_genre: np.ndarray
    style_factors: np.ndarray
    style_popularity: np.ndarray
    artist_style: np.ndarray
    artist_popularity: np.ndarray
    artist_factors: np.ndarray
    album_artist: np.ndarray
    track_album: np.ndarray
    track_artist: np.ndarray
    track_popularity: np.ndarray
    track_factors: np.ndarray
    artist_tags: csr_matrix
    tag_names: np.ndarray
    artist_names: np.ndarray


def make_catalogue(
    n_artists: int,
    n_genres: int,
    styles_per_genre: int,
    n_factors: int,
    artist_zipf: float,
    rng: np.random.Generator,
) -> SongCatalogue:
    """Draw a catalogue.

    Args:
        n_artists: number of artists, at least one per style.
        n_genres: number of genres.
        styles_per_genre: styles within each genre.
        n_factors: dimensions of the map of taste.
        artist_zipf: exponent of popularity by rank within a style; larger means fewer stars take
            more.
        rng: draws everything.

    Raises:
        ValueError: there are fewer artists than styles.
    """
    n_styles = n_genres * styles_per_genre
    if n_artists < n_styles:
        raise ValueError(
            f"n_artists must be at least n_genres x styles_per_genre = {n_styles}, got {n_artists}"
        )
    genre_factors = rng.normal(size=(n_genres, n_factors))
    style_genre = np.repeat(np.arange(n_genres), styles_per_genre)
    style_factors = _near(genre_factors[style_genre], 0.5, rng)
    style_popularity = _zipf(n_styles, 0.8)[rng.permutation(n_styles)]
    artist_style = _artist_styles(n_artists, style_popularity)
    artist_factors = _near(style_factors[artist_style], 0.3, rng)
    album_artist, track_album = _discographies(artist_style, rng)
    track_artist = album_artist[track_album]
    return SongCatalogue(
        genre_factors=genre_factors,
        style_genre=style_genre,
        style_factors=style_factors,
        style_popularity=style_popularity,
        artist_style=artist_style,
        artist_popularity=_share_within(artist_style, _rank_weights(artist_style, artist_zipf)),
        artist_factors=artist_factors,
        album_artist=album_artist,
        track_album=track_album,
        track_artist=track_artist,
        track_popularity=_share_within(track_artist, rng.lognormal(0, 1.0, len(track_artist))),
        track_factors=_near(artist_factors[track_artist], 0.3, rng).astype(np.float32),
        artist_tags=_artist_tags(artist_style, style_genre, rng),
        tag_names=_tag_names(style_genre, n_rare=n_artists // 4),
        artist_names=np.array([names.artist_name(a) for a in range(n_artists)], dtype=object),
    )


def _zipf(n: int, exponent: float) -> np.ndarray:
    """Return shares that fall with rank, shape (n,), sum 1."""
    weights = np.arange(1, n + 1, dtype=np.float64) ** -exponent
    return weights / weights.sum()


def _near(centres: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    """Return points around centres, same shape."""
    return centres + spread * rng.normal(size=centres.shape)


def _artist_styles(n_artists: int, style_popularity: np.ndarray) -> np.ndarray:
    """Share the artists out to styles, one at least for each; returns (n_artists,), ascending."""
    n_styles = len(style_popularity)
    damped = np.sqrt(style_popularity)
    counts = 1 + np.floor((n_artists - n_styles) * damped / damped.sum()).astype(np.int64)
    counts[0] += n_artists - counts.sum()
    return np.repeat(np.arange(n_styles), counts)


def _rank_weights(group: np.ndarray, exponent: float) -> np.ndarray:
    """Return Zipf weights by position within each run of equal groups, shape (n,)."""
    starts = np.searchsorted(group, group)
    return (1.0 + np.arange(len(group)) - starts) ** -exponent


def _share_within(group: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Scale weights to sum to 1 in each group, shape (n,)."""
    return weights / np.bincount(group, weights)[group]


def _discographies(
    artist_style: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Let stars have about fifteen albums and the long tail one or two.

    Returns:
        The artist of each album, shape (n_albums,), and the album of each track, (n_tracks,).
    """
    n_albums = 1 + rng.poisson(14 * _rank_weights(artist_style, 0.5))
    album_artist = np.repeat(np.arange(len(artist_style)), n_albums)
    n_tracks = 1 + rng.poisson(9, size=len(album_artist))
    return album_artist, np.repeat(np.arange(len(album_artist)), n_tracks)


STYLE_TAGS, GENRE_TAGS, VOTES = 3, 3, 60


def _artist_tags(
    artist_style: np.ndarray, style_genre: np.ndarray, rng: np.random.Generator
) -> csr_matrix:
    """Let listeners vote on tags; the weight is the vote relative to the artist's first tag.

    Tags are numbered: common ones, then those of genres, of styles, and the rare ones.
    """
    n_artists, n_styles, n_genres = len(artist_style), len(style_genre), style_genre.max() + 1
    n_rare = n_artists // 4
    first_genre = N_COMMON_TAGS
    first_style = first_genre + n_genres * GENRE_TAGS
    first_rare = first_style + n_styles * STYLE_TAGS
    shape = (n_artists, VOTES)
    kind = rng.choice(4, size=shape, p=[0.2, 0.3, 0.3, 0.2])
    rank = (rng.random(shape) ** 2 * 3).astype(np.int64)  # the first of three takes most
    style = artist_style[:, None]
    common = (rng.random(shape) ** 2 * N_COMMON_TAGS).astype(np.int64)
    rare = (rng.random(shape) ** 3 * n_rare).astype(np.int64)
    tag = np.choose(
        kind,
        [
            common,
            first_genre + style_genre[style] * GENRE_TAGS + rank,
            first_style + style * STYLE_TAGS + rank,
            first_rare + rare,
        ],
    )
    rows = np.repeat(np.arange(n_artists), VOTES)
    votes = csr_matrix(
        (np.ones(tag.size), (rows, tag.ravel())), shape=(n_artists, first_rare + n_rare)
    )
    votes.sum_duplicates()
    per_row = np.repeat(votes.max(axis=1).toarray().ravel(), np.diff(votes.indptr))
    votes.data = np.maximum(1, np.round(100 * votes.data / per_row))
    return votes.astype(np.int64)


def _tag_names(style_genre: np.ndarray, n_rare: int) -> np.ndarray:
    """Return the names of all tags in the order of their numbers, shape (n_tags,)."""
    common = [names.common_tag(number) for number in range(N_COMMON_TAGS)]
    genres = [names.genre_name(genre) for genre in range(style_genre.max() + 1)]
    styles = [
        names.style_name(style - int(np.searchsorted(style_genre, genre)), int(genre))
        for style, genre in enumerate(style_genre)
    ]
    of_genres = [tag for name in genres for tag in (name, f"{name} music", f"classic {name}")]
    of_styles = [tag for name in styles for tag in (name, f"{name} revival", f"best {name}")]
    rare = [names.rare_tag(number) for number in range(n_rare)]
    return np.array(common + of_genres + of_styles + rare, dtype=object)
