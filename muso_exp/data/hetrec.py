"""HetRec 2011 Last.fm-2k: a friend graph of 1,892 users with artist plays and tags."""

from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from msgspec.structs import asdict
from scipy.sparse import csr_matrix, diags_array

from muso_exp.cache import cache_key, cached_folder
from muso_exp.data.friend_distance.friend_distance_data import FriendDistanceData
from muso_exp.data.friend_distance.listeners import SPLITS, hold_out
from muso_exp.errors import ConfigError
from muso_exp.features.graph import bfs_distances
from muso_exp.formats.download import fetch_zip
from muso_exp.formats.hetrec import WANTED, HetRecTables, content_hash, read_hetrec
from muso_exp.formats.text import find_files
from muso_exp.options import Share
from muso_exp.records import Finding
from muso_exp.simulation.checked import WorldOptions
from muso_exp.simulation.hetrec import write_hetrec
from muso_exp.tasks.friend_distance.user_pairs import SplitListeners

WORLD_VERSION = 1  # raise when simulation.hetrec writes other files for the same arguments
URL = "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip"
SHA256 = {  # of the content, line ends LF
    "user_friends.dat": "0360883a3557776e04fdebda851f2e5dd23e796cad7059b968acdebd528d13fa",
    "user_artists.dat": "254272fa721c3935e8be286d28c051b206844307128698ab4eaa41d483379416",
    "user_taggedartists.dat": "c4a9ffae9ab47a9f9b2f0678ab1f7e5c1db4ca818837d8cddd1f5699c5bbf048",
    "artists.dat": "c173881362c6b28551368fecb3c0be5a6a30a6cd859e1f5775413dfe46d48648",
    "tags.dat": "c815d7216101fd0ba9b9c59fa2a011998d2fd076e0064d281ec4153d95ae8095",
}


class HetRec(FriendDistanceData):
    """Pairs of users labelled by the shortest path in the whole friend graph.

    Users are split, so that no test user is seen in training; a path may lead through any user.
    A user's tags are those of the artists that they play: the sum over these artists of plays x
    weight of the tag, as in the MuSo document; the weights are what the train users assigned.

    Citation: I. Cantador, P. Brusilovsky, T. Kuflik, "2nd Workshop on Information Heterogeneity
    and Fusion in Recommender Systems (HetRec 2011)", RecSys 2011; and the Last.fm website.
    Licence: non-commercial use. Format: user_friends.dat, user_artists.dat,
    user_taggedartists.dat, artists.dat, tags.dat; tab-separated with one header line, plain or .gz.

    Args:
        download: with root None, fetch the published files from GroupLens into the cache.
        tags_encoding: of tags.dat.
        tag_weight: `assignments` (how often a tag was given to an artist) or `shares` (its share
            of all tags of the artist).
        test_users: share of the users held out for the test.
        val_users: share of the others held out for validation.
        world: the simulated world in the same format, where no root is given and no download.
        **pairs: see `muso_exp.data.friend_distance.friend_distance_data.FriendDistanceData`; the
            categories are artist and tag, and `plays: log` bends the tag scores too.
    """

    name = "hetrec"

    def __init__(
        self,
        download: bool,
        tags_encoding: str,
        tag_weight: Literal["assignments", "shares"],
        test_users: Share,
        val_users: Share,
        world: WorldOptions,
        **pairs: Any,
    ) -> None:
        super().__init__(**pairs)
        if download and self.root is not None:
            raise ConfigError("dataset.download=true: set dataset.root=null; the cache holds it")
        self.download, self.world = download, world
        self.tags_encoding, self.tag_weight = tags_encoding, tag_weight
        self.test_users, self.val_users = test_users, val_users

    @property
    def simulated(self) -> bool:
        """Whether the data come from the simulated world."""
        return self.root is None and not self.download

    def prepare_data(self) -> None:
        """Check that the files are there, or download or simulate them once.

        Raises:
            DatasetNotFoundError: the root or a file in it is missing, or the download failed.
            ConfigError: the simulated world is too small.
        """
        self._find()

    def read(self) -> SplitListeners:
        """Read and check the files, set `fingerprint` and `sources`, and return the users."""
        files = self._find()
        tables = read_hetrec(files, self.tags_encoding)
        self.fingerprint = content_hash(files)
        self._n_unlisted = tables.n_unlisted
        rest = hold_out(np.arange(len(tables.users)), self.test_users, self.seed, "test_users")
        held = hold_out(rest["kept"], self.val_users, self.seed, "val_users")
        weights = tag_weights(tables, held["kept"], self.tag_weight)
        self.sources = dict.fromkeys(SPLITS, files["user_artists"])
        return SplitListeners(
            users=[str(user) for user in tables.users],
            plays={"artist": tables.plays, "tag": csr_matrix(tables.plays @ weights)},
            items={"artist": tables.artists, "tag": tables.tags},
            distances=bfs_distances(tables.friends),
            splits={"train": held["kept"], "val": held["held"], "test": rest["held"]},
        )

    def file_findings(self) -> list[Finding]:
        """Return how many tag assignments are to artists that the files do not list."""
        text = (
            f"{self._n_unlisted} tag assignments are to artists that artists.dat does not list; "
            "they are left out."
        )
        return [Finding("taggings_of_unlisted_artists", self._n_unlisted, text)]

    def _find(self) -> dict[str, Path]:
        fix = (
            "put the five HetRec files there (README: dataset hetrec), or set dataset.root=null, "
            "with dataset.download=true for the published files"
        )
        return find_files(self._folder(), WANTED, fix)

    def _folder(self) -> Path:
        if self.root is not None:
            return self.root
        if self.download:
            return fetch_hetrec(self.cache)
        key = cache_key("hetrec", WORLD_VERSION, asdict(self.world))
        return cached_folder(self.cache, key, self._simulate)

    def _simulate(self, folder: Path) -> None:
        write_hetrec(self.world.simulate(), folder)


def fetch_hetrec(cache: Path) -> Path:
    """Return the folder of the published files, fetched into the cache once.

    Raises:
        DatasetNotFoundError: the download failed.
        DataFormatError: files of another content.
    """
    key = cache_key("hetrec-published", 1, SHA256)
    return cached_folder(cache, key, partial(fetch_zip, URL, SHA256))


def tag_weights(tables: HetRecTables, fit_users: np.ndarray, weight: str) -> csr_matrix:
    """Return how much of each tag an artist has, shape (n_artists, n_tags).

    Args:
        tables: the files.
        fit_users: users whose assignments count, indices.
        weight: `assignments`, or `shares` of the artist's assignments.
    """
    given = tables.taggings[np.isin(tables.taggings[:, 0], fit_users)]
    shape = (len(tables.artists), len(tables.tags))
    counts = csr_matrix((np.ones(len(given)), (given[:, 1], given[:, 2])), shape=shape)
    counts.sum_duplicates()
    if weight == "assignments":
        return counts
    totals = np.asarray(counts.sum(axis=1)).ravel()
    return csr_matrix(diags_array(1 / np.maximum(totals, 1)) @ counts)
