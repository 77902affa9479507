"""The simulated world in the format of HetRec 2011 Last.fm-2k."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote_plus

import numpy as np

from muso_exp.simulation.top_lists import TopLists, top_lists
from muso_exp.simulation.world import World

TOP = 50  # HetRec readme: at most the 50 most listened artists of each user
MEDIAN_ASSIGNMENTS, ASSIGNMENT_SPREAD, MAX_ASSIGNMENTS = 20, 1.4, 2609  # measured on HetRec
FAVOURED_TAGS = 2.0  # power of the tag weight with which a user picks a tag


def write_hetrec(world: World, folder: Path) -> None:
    """Write user_friends, user_artists, user_taggedartists, artists and tags (.dat).

    Tab-separated, one header line, LF; tags.dat in ISO-8859-1, the others in UTF-8. Each friendship
    stands in both directions. Users without a play are left out. Numbers count from 1.

    Args:
        world: where the users live.
        folder: an existing folder.

    Source: the readme of HetRec 2011 Last.fm-2k. Deviation: the plays are of six months, the
    published ones of each user's whole membership.
    """
    artists = top_lists(world.artist_plays(), TOP)
    edges = world.friends.tocoo()
    heard = np.isin(np.arange(world.n_users), artists.user)
    mutual = heard[edges.row] & heard[edges.col]
    friends = np.stack([edges.row, edges.col], axis=1)[mutual] + 1
    _write(folder / "user_friends.dat", "userID friendID", friends)
    plays = np.stack([artists.user + 1, artists.item + 1, artists.plays], axis=1)
    _write(folder / "user_artists.dat", "userID artistID weight", plays)
    header = "userID artistID tagID day month year"
    _write(folder / "user_taggedartists.dat", header, _taggings(world, artists))
    rows = (_artist_row(int(a), world) for a in np.unique(artists.item))
    _write(folder / "artists.dat", "id name url pictureURL", rows)
    tags = enumerate(world.catalogue.tag_names, start=1)
    _write(folder / "tags.dat", "tagID tagValue", tags, encoding="iso-8859-1")


def _artist_row(artist: int, world: World) -> tuple[int, str, str, str]:
    name = str(world.catalogue.artist_names[artist])
    picture = f"http://userserve-ak.last.fm/serve/252/{artist + 1}.jpg"
    return artist + 1, name, f"http://www.last.fm/music/{quote_plus(name)}", picture


def _taggings(world: World, artists: TopLists) -> np.ndarray:
    """Let every user tag some of their artists.

    Returns:
        Distinct assignments, columns userID, artistID, tagID, day, month, year; shape (n, 6).
    """
    rng = np.random.default_rng([world.seed, 100])
    users, first, length = np.unique(artists.user, return_index=True, return_counts=True)
    wanted = rng.lognormal(np.log(MEDIAN_ASSIGNMENTS), ASSIGNMENT_SPREAD, len(users))
    n_assignments = np.clip(wanted, 1, MAX_ASSIGNMENTS).astype(np.int64)
    entry = np.repeat(np.arange(len(users)), n_assignments)
    place = (rng.random(len(entry)) * length[entry]).astype(np.int64)
    artist = artists.item[first[entry] + place]
    tags = world.catalogue.artist_tags
    reach = np.concatenate([[0.0], np.cumsum(tags.data.astype(np.float64) ** FAVOURED_TAGS)])
    low, high = reach[tags.indptr[artist]], reach[tags.indptr[artist + 1]]
    drawn = np.searchsorted(reach, low + (high - low) * rng.random(len(entry)), side="right") - 1
    tag = tags.indices[np.clip(drawn, tags.indptr[artist], tags.indptr[artist + 1] - 1)]
    triples = np.unique(np.stack([users[entry], artist, tag], axis=1), axis=0) + 1
    month, year = rng.integers(1, 13, len(triples)), rng.integers(2006, 2012, len(triples))
    dates = np.stack([np.ones_like(month), month, year], axis=1)
    return np.concatenate([triples, dates], axis=1)


def _write(
    path: Path, header: str, rows: Iterable[Iterable[object]], encoding: str = "utf-8"
) -> None:
    lines = ("\t".join(map(str, row)) for row in rows)
    text = "\n".join([header.replace(" ", "\t"), *lines]) + "\n"
    path.write_text(text, encoding=encoding, newline="")
