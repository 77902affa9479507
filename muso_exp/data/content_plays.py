"""Play counts with what is known of the items without listeners: metadata and sound."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch.utils.data import DataLoader

from muso_exp.data.content.clip_sound import ClipSound
from muso_exp.data.content.genres import item_genres, named_genres
from muso_exp.data.content.item_content import ContentOptions, item_content
from muso_exp.data.plays import Plays
from muso_exp.data.recommendation.batches import UserRows, WholeMatrix
from muso_exp.data.recommendation.cold_split import (
    ColdShares,
    ColdSplit,
    split_cold,
)
from muso_exp.errors import ConfigError
from muso_exp.features.hidden_items import hide_plays
from muso_exp.features.interactions import keep_entries
from muso_exp.features.item_vectors import SOUND, ItemVectors
from muso_exp.formats.seeds import read_seeds
from muso_exp.options import Options, SomeShare, ZeroOrMore
from muso_exp.records import Batch
from muso_exp.tasks.recommendation.by_genre import GenreRow
from muso_exp.tasks.recommendation.cold_tests import ColdRows, ColdTest, NewUsersTest
from muso_exp.tasks.recommendation.content_task import ContentTask
from muso_exp.tasks.recommendation.diversity_curve import CurveOptions
from muso_exp.tasks.recommendation.item_genres import ItemGenres
from muso_exp.tasks.recommendation.similarity_section import SimilarityOptions
from muso_exp.tasks.recommendation.split_plays import HeldOut, Split, SplitPlays
from muso_exp.tasks.tagging.task import TagsOfFactors

VALIDATION = 2  # added to the seed of the split, which draws from `seed` and `seed + 1`


class HiddenShares(Options, frozen=True, kw_only=True):
    """Plays of training that a model may choose by.

    Attributes:
        items: share of the items, hidden one by one; and the same by whole artists.
        plays: share of each user's other items.
    """

    items: SomeShare = 0.1
    plays: SomeShare = 0.2


class ContentPlays(Plays):
    """Play counts of users, and one vector for each item from metadata and sound.

    The train batch holds the vectors beside the plays: `content_crow` (n_items + 1,), `content_col`
    and `content_values`, the parts of a CSR (n_items, n_content); a row without entries is an item
    of which nothing is known; `content_is_sound` (n_content,), which columns are of sound; and
    `artist` (n_items,), the number of each item's artist; `hidden` (n_plays,), plays that a model
    may choose its settings by, whole items and artists among them; and where it is known who gave
    the tags, `val_content_...`: the same vectors without the tags of those who gave hidden plays.

    Frequencies of values and scales of sound come from the items that any user plays in training.
    `dims` has `n_content`.

    Args:
        content: which fields, and whether they are shuffled among the items.
        sound: clips of some items; without a root of its own the plays are those beside them.
        cold: items, artists and users that are held out too, each for a further test; None: no.
        curve: points of accuracy against diversity that the report shows; None: none.
        similarity: how items' similarities by growing numbers of users are shown; None: not.
        n_genres: genres of the items, at most, each with a confidence; 0: none.
        validation: plays of training that the batch names as hidden, for a model to choose by.
        **plays: see `muso_exp.data.plays.Plays`.

    Attributes:
        item_vectors: of all items; filled by `setup`.
        held_out: plays of validation and test; filled by `setup`.
        cold_split: plays by their use, where `cold` is given; filled by `setup`.
        genres: of the items; None without; filled by `setup`, or from a checkpoint.
    """

    item_vectors: ItemVectors
    cold_split: ColdSplit
    held_out: csr_matrix
    genres: ItemGenres | None

    def __init__(
        self,
        content: ContentOptions,
        sound: ClipSound | None = None,
        cold: ColdShares | None = None,
        curve: CurveOptions | None = None,
        similarity: SimilarityOptions | None = None,
        n_genres: ZeroOrMore = 30,
        validation: HiddenShares = HiddenShares(),  # noqa: B008, it is frozen
        **plays: Any,
    ) -> None:
        super().__init__(**plays)
        self.name = f"content_plays: {self.source}"
        self.content, self.sound, self.cold, self.curve = content, sound, cold, curve
        self.similarity = similarity
        self.n_genres, self.validation = n_genres, validation
        if cold and self.split_options.by != "holdout":
            raise ConfigError(
                f"dataset.split.by={self.split_options.by}: dataset.cold holds out plays, items, "
                "artists and users at once; set dataset.split.by=holdout, or dataset.cold=null"
            )
        if cold and self.split_options.draw != "generator":
            raise ConfigError(
                f"dataset.split.draw={self.split_options.draw}: dataset.cold draws by a generator; "
                "set dataset.split.draw=generator, or dataset.cold=null"
            )

    def setup(self, stage: str | None = None) -> None:
        """Read, filter and split the plays, and read what is known of the items, once.

        Raises:
            DatasetNotFoundError: files are missing.
            DataFormatError: a file holds what its format does not allow.
            ConfigError: nothing is left, or no field is known.
        """
        if self.dims:
            return
        super().setup(stage)
        self.fingerprint = _joined_hash(self.fingerprint, self.item_vectors.vectors)
        self.dims["n_content"] = self.item_vectors.vectors.shape[1]

    def hold_out(self) -> Split:
        """Return the plays by their use; the tags of what is held out go with it.

        Raises:
            ConfigError: data without what the split needs, or nothing left to train on or to test.
        """
        if self.cold is None:
            split = super().hold_out()
            self.held_out = csr_matrix(split.val + split.test)
            self.data = self.data.tags_of_others(self.held_out)
            return split
        shares = self.split_options.test_share, self.split_options.val_share
        self.cold_split = split_cold(self.data, self.cold, *shares, self.seed)
        self.held_out = self.cold_split.held_out
        self.data = self.data.tags_of_others(self.held_out)
        return self.cold_split.split

    def make_task(self, plays: SplitPlays, queries: list[int], tags: TagsOfFactors) -> ContentTask:
        """Return the task, with what is known of the items, and the further tests."""
        heard = np.unique(self.split.train.indices)
        self.item_vectors = item_content(self.data, self.content, self.sound, heard, self.seed)
        artist = self.data.artist_numbers()
        self.genres = self._genres(artist) if self.n_genres else None
        further = [] if self.cold is None else self._cold_tests(plays)
        shown = self.item_vectors, self.curve, self.genres, self.similarity
        return ContentTask(plays, self.cutoffs, queries, [tags, *further], *shown)

    def _genres(self, artist: np.ndarray) -> ItemGenres | None:
        """Return the genres of the items; None where none is named often enough."""
        named = named_genres(self.data, self.sound)
        known = self.item_vectors, self.split.train, artist
        return item_genres(self.data, named, *known, self.n_genres, self.seed)

    def state_dict(self) -> dict[str, Any]:
        """Return the items that can be recommended, with their genres."""
        genres = None if self.genres is None else self.genres.state()
        return {**super().state_dict(), "genres": genres}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        super().load_state_dict(state_dict)
        genres = state_dict.get("genres")
        self.genres = None if genres is None else ItemGenres.from_state(genres)

    def read_new(
        self, *paths: Path, min_seconds: float | None = None, genre: str | None = None
    ) -> GenreRow:
        """Read what a new user plays, see `Plays.read_new`.

        Args:
            paths: files of listening.
            min_seconds: plays of which fewer are known are left out; None as in training.
            genre: that is asked for; None: any.

        Raises:
            DatasetNotFoundError: no such file.
            DataFormatError: no seeds in the file, or not in a form that can be read.
        """
        least = self.options.reading.min_seconds if min_seconds is None else min_seconds
        return GenreRow(self.new_row(read_seeds(paths, least)), self.genres, genre)

    def _cold_tests(self, plays: SplitPlays) -> list[ColdTest]:
        """Return the tests of cold items, cold artists, all items, and cold users."""
        cold, artist = self.cold_split, self.data.artist_numbers()
        known = csr_matrix(cold.split.train + cold.split.val)

        def rows(name: str, seen: csr_matrix, asked: csr_matrix, ranked: Any) -> ColdRows:
            held = HeldOut.of(seen, asked, ranked).with_units(plays.listeners(), artist)
            units = self.data.users[held.users][:, None]
            known = plays.listeners(), artist, self.cutoffs, self.data.tag_counts()
            return ColdRows(name, held, units, *known)

        asked = {
            "cold_items": (cold.items, cold.cold_items),
            "cold_artists": (cold.artists, cold.cold_artists),
            "mixed_items": (cold.of_every_kind.test, None),
        }
        tests = [rows(name, known, *of) for name, of in asked.items()]
        found = [ColdTest(t, known, self.loader(UserRows(t.held), shuffle=False)) for t in tests]
        new = rows("cold_users", cold.brought, cold.asked, cold.for_cold_users)
        return [*found, NewUsersTest(new, cold.brought)]

    def train_dataloader(self) -> DataLoader:
        """Return the whole train matrix and the vectors of all items as one batch."""
        train, artist = self.split.train, self.data.artist_numbers()
        hidden = self._hidden(artist)
        batch = PlaysWithContent(train, self.item_vectors, artist, hidden, self._unseen(hidden))
        return self.loader(batch, shuffle=False)

    def _hidden(self, artist: np.ndarray) -> np.ndarray:
        """Return which plays of training a model may choose by, shape (n_plays,), bool.

        Items and artists are drawn from those that training hears, anew: the ones that the test
        holds out have no play here to hide.
        """
        train, options = self.split.train, self.validation
        heard = np.unique(train.indices)  # the stored plays of these columns are all plays
        of_heard = np.unique(artist[heard], return_inverse=True)[1]
        shares = options.items, options.items, options.plays
        return hide_plays(train[:, heard], of_heard, *shares, self.seed + VALIDATION).which

    def _unseen(self, hidden: np.ndarray) -> ItemVectors | None:
        """Return what is known of the items without the tags of those who gave hidden plays."""
        if self.data.taggings is None:
            return None
        train = self.split.train
        data = self.data.tags_of_others(csr_matrix(self.held_out + keep_entries(train, hidden)))
        heard = np.unique(train.indices[~hidden])
        return item_content(data, self.content, self.sound, heard, self.seed)

    def beside(self) -> Path | None:
        """Return the folder of the simulated sound, with the plays of the same world beside it."""
        return None if self.sound is None else self.sound.folder()


class PlaysWithContent(WholeMatrix):
    """The matrix of plays, what is known of its items, and what is hidden for a validation, a row.

    Args:
        plays: of training, shape (n_users, n_items).
        content: what is known of the items.
        artist: number of each item's artist, shape (n_items,).
        hidden: of the stored plays, those that a model may choose by, shape (n_plays,), bool.
        unseen: what is known of the items without those who gave the hidden plays; None: the same.
    """

    def __init__(
        self,
        plays: csr_matrix,
        content: ItemVectors,
        artist: np.ndarray,
        hidden: np.ndarray,
        unseen: ItemVectors | None,
    ) -> None:
        super().__init__(plays)
        self.beside = {"artist": torch.from_numpy(artist.astype(np.int64))}
        self.beside |= {"hidden": torch.from_numpy(hidden), **_tensors("content", content)}
        self.beside |= {} if unseen is None else _tensors("val_content", unseen)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return the plays as `WholeMatrix` does, and what is beside them."""
        return super().__getitem__(rows) | self.beside


def _tensors(name: str, content: ItemVectors) -> Batch:
    """Return vectors of items as the parts of a CSR, and which columns are of sound."""
    vectors = content.vectors
    return {
        f"{name}_crow": torch.from_numpy(vectors.indptr.astype(np.int64)),
        f"{name}_col": torch.from_numpy(vectors.indices.astype(np.int64)),
        f"{name}_values": torch.from_numpy(vectors.data.astype(np.float32)),
        f"{name}_is_sound": torch.from_numpy(content.fields == SOUND),
    }


def _joined_hash(fingerprint: str, vectors: csr_matrix) -> str:
    digest = hashlib.sha256(fingerprint.encode())
    for part in (vectors.indptr, vectors.indices):
        digest.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
    digest.update(np.ascontiguousarray(vectors.data, dtype=np.float32).tobytes())
    return digest.hexdigest()
