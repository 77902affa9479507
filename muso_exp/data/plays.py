"""The task "which items will a user play?", from play counts of any source."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection

from muso_exp.data.base import ExperimentData, Predict
from muso_exp.data.cache import cache_key, cached_folder
from muso_exp.data.listening import report as play_report
from muso_exp.data.listening import sections as play_sections
from muso_exp.data.listening.batches import HeldOut, UserRows, WholeMatrix
from muso_exp.data.listening.catalogue import ReadOptions
from muso_exp.data.listening.recommend import Catalogue, read_seeds, recommend
from muso_exp.data.listening.sources import SOURCES
from muso_exp.data.listening.splits import Split, split_plays
from muso_exp.data.listening.tables import Interactions, keep_dense, listed_items
from muso_exp.data.listening.tag_rows import tag_rows
from muso_exp.data.listening.world import VERSION, write_source
from muso_exp.errors import ConfigError
from muso_exp.features.ranking import rank_by_item
from muso_exp.metrics.ranking import list_metrics, ranking_metrics
from muso_exp.metrics.tags import tag_metrics
from muso_exp.ranges import Count, Seed, Share, ZeroOrMore
from muso_exp.results import Finding, Section, SideTask


class Plays(ExperimentData):
    """Play counts of users, split so that a model recommends items that a user has not played.

    A test row is a user with held-out items. Users are the independent unit.

    Args:
        root: folder of the source's files; None for the simulated world in the same format.
        source: lfm1b, taste_profile, hetrec, audioscrobbler, muso, emotify or table (one's own).
        cache: folder for aggregated logs and simulated files.
        batch_size: users scored at once.
        seed: of the split.
        split: holdout, temporal, cold_items, cold_artists or published (see `data.splits`).
        test_share: share held out: of each user's items, of the items, or of the time.
        test_list: file with the id of a test item on each line, for split published.
        val_share: share of each user's remaining items, to choose a model by; 0 for none.
        min_user_items: different items that a user needs to stay.
        min_item_users: different users that an item needs to stay.
        merge: sum the plays of items that are the same (equal artist and title, or an alias).
        top_items: keep so many items, the most played ones; None for all.
        matched: keep the items found in the Million Song Dataset, besides `top_items`.
        items: artist, album or track; of sources muso and table.
        tags_encoding: of HetRec's tags.dat.
        cutoffs: the k of the ranking metrics.
        queries: items (by name or id) whose neighbours the report shows; none: the most played.
        n_tags: tags of the probe in the report; 0 leaves it out.
        world_users: users of the simulated world.
        world_artists: artists of the simulated world.
        world_genres: genres of the simulated world.
        world_seed: of the simulated world.
        num_workers: processes that make batches.
    """

    name = "plays"

    def __init__(
        self,
        root: str | None,
        source: str,
        cache: str,
        batch_size: ZeroOrMore,
        seed: Seed,
        split: str = "holdout",
        test_share: Share = 0.2,
        val_share: Share = 0.0,
        test_list: str | None = None,
        min_user_items: ZeroOrMore = 5,
        min_item_users: ZeroOrMore = 1,
        merge: bool = False,
        top_items: Count | None = None,
        matched: bool = False,
        items: str = "track",
        tags_encoding: str = "iso-8859-1",
        cutoffs: Sequence[Count] = (10, 100, 500),
        queries: Sequence[str] = (),
        n_tags: ZeroOrMore = 50,
        world_users: Count = 500,
        world_artists: Count = 1000,
        world_genres: Count = 12,
        world_seed: Seed = 0,
        num_workers: ZeroOrMore = 0,
    ) -> None:
        super().__init__(root, cache, batch_size, seed, num_workers)
        if source not in SOURCES:
            raise ConfigError(f"dataset.source={source}: choose one of {', '.join(SOURCES)}")
        if items not in ("artist", "album", "track"):
            raise ConfigError(f"dataset.items={items}: choose one of artist, album, track")
        self.name = f"plays: {source}"
        self.source = source
        self.split_kind = split
        self.test_share = test_share
        self.val_share = val_share
        self.test_list = None if test_list is None else Path(test_list)
        self.min_user_items = min_user_items
        self.min_item_users = min_item_users
        self.cutoffs = list(cutoffs)
        self.queries = list(queries)
        self.n_tags = n_tags
        self.world = {
            "n_users": world_users,
            "n_artists": world_artists,
            "n_genres": world_genres,
            "seed": world_seed,
        }
        earlier_share = 1 - test_share if split == "temporal" else None
        self.options = ReadOptions(
            self.cache, merge, top_items, matched, earlier_share, items, tags_encoding
        )

    def prepare_data(self) -> None:
        """Check that the files are there, or simulate them once.

        Raises:
            DatasetNotFoundError: the root or a file in it is missing.
        """
        self._find()

    def setup(self, stage: str | None = None) -> None:
        """Read, filter and split the plays, once.

        Raises:
            DatasetNotFoundError: files are missing.
            DataFormatError: a file holds what its format does not allow.
            ConfigError: nothing is left after filtering or splitting.
        """
        if self.dims:
            return
        read = SOURCES[self.source].read(self._find(), self.options)
        self.fingerprint = read.fingerprint()
        self.read_shape = read.plays.shape
        self.data: Interactions = keep_dense(read, self.min_user_items, self.min_item_users)
        self.split: Split = split_plays(
            self.data,
            self.split_kind,
            self.test_share,
            self.val_share,
            self.seed,
            None if self.test_list is None else listed_items(self.data, self.test_list),
        )
        train, candidates = self.split.train, self.split.candidates
        self.val_held = HeldOut.of(train, self.split.val, None)
        self.test_held = HeldOut.of(train + self.split.val, self.split.test, candidates)
        self.catalogue = Catalogue.of(self.data.items, train, counted=True)
        self.listeners = np.bincount(train.indices, minlength=train.shape[1])  # (n_items,)
        self.tags = tag_rows(self.data, train, self.n_tags, self.seed)
        self.tag_scores: Tensor | None = None  # filled by `side_task`
        self.asked = play_sections.query_items(self)  # refuses an unknown item before training
        self.dims = {
            "n_users": train.shape[0],
            "n_items": train.shape[1],
            "cutoffs": self.cutoffs,
        }

    def used_fingerprint(self) -> str:
        """Return the hash of the plays that are left after filtering and merging."""
        return self.data.fingerprint()

    def _find(self) -> dict:
        """Return the source's files, of the root or of the simulated world."""
        source = SOURCES[self.source]
        root = self.root
        if root is None:
            params = {"source": self.source, **self.world}
            key = cache_key("plays_world", VERSION, params)
            root = cached_folder(
                self.cache, key, lambda f: write_source(self.source, f, self.world)
            )
        files = source.find(root)
        if self.options.matched and "unique_tracks" not in files:
            raise ConfigError(
                f"dataset.matched=true: {root} has no unique_tracks.txt of the Million Song "
                "Dataset; put it there, or set dataset.matched=false for all items"
            )
        return files

    def train_dataloader(self) -> DataLoader:
        """Return the whole train matrix as one batch."""
        return self.loader(WholeMatrix(self.split.train), shuffle=False)

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the users with validation items; nothing where `val_share` is 0."""
        return self.loader(UserRows(self.val_held), False) if len(self.val_held.users) else []

    def test_dataloader(self) -> DataLoader:
        """Return the users with test items, in row order."""
        return self.loader(UserRows(self.test_held), shuffle=False)

    def metrics(self) -> MetricCollection:
        """Return the ranking metrics at each cutoff, and what the recommended lists are like."""
        tags = self.data.tags
        vectors = self.split.train.T.tocsr() if tags is None else tags.weights
        lists = list_metrics(self.listeners, self.split.train.shape[0], vectors)
        return MetricCollection({**ranking_metrics(self.cutoffs), **lists}, compute_groups=False)

    def nulls(self) -> dict[str, dict[str, Tensor]]:
        """Return the exact expectation of a random order, and the most popular items first."""
        held = self.test_held
        popularity = self.listeners.astype(np.float32)
        if held.candidates is not None:
            popularity = popularity[held.candidates]
        return {
            "random": self._null_columns(np.zeros_like(popularity)),
            "popularity": self._null_columns(popularity),
        }

    def _null_columns(self, scores: np.ndarray) -> dict[str, Tensor]:
        """Return the columns of the same item scores (n_candidates,) for every user."""
        held = self.test_held
        columns = rank_by_item(scores, *held.rows(), self.cutoffs, users=held.users)
        if held.candidates is not None:
            top = columns["top"]
            columns["top"] = np.where(top < 0, top, held.candidates[np.maximum(top, 0)])
        return {name: torch.from_numpy(column) for name, column in columns.items()}

    def target(self) -> Tensor:
        """Return the number of held-out items of each test user, shape (n_rows,)."""
        return torch.from_numpy(np.diff(self.test_held.positives.indptr).astype(np.int64))

    def units(self) -> np.ndarray:
        """Return the user of each row, by his number among all users, shape (n_rows, 1)."""
        return self.data.users[self.test_held.users][:, None]

    def predictions(self, preds: dict[str, Tensor]) -> pd.DataFrame:
        """Return a row per test user: number, held-out items, recommended items, all columns."""
        return play_report.predictions(self, preds)

    def audit(self) -> list[Finding]:
        """Return what reading found, and who and what the split leaves out."""
        return play_report.audit(self)

    def counts(self) -> dict[str, int]:
        """Return users, items and plays, as read and as used."""
        return play_report.counts(self)

    def side_metrics(self) -> list[str]:
        """Return the names of the metrics of tags."""
        return list(tag_metrics())

    def absent(self) -> dict[str, str]:
        """Return the metrics of tags where the items have none, or the model no factors."""
        if self.tags is None:
            return dict.fromkeys(self.side_metrics(), f"no tags in source {self.source}")
        if self.tag_scores is None:
            return dict.fromkeys(self.side_metrics(), "this model has no factors of items")
        return {}

    def side_task(self, predict: Predict) -> SideTask | None:
        """Return the test of what the item factors know about tags; None without either."""
        if self.tags is not None:
            self.tag_scores = play_sections.tag_scores(self.tags, predict)
        return play_sections.tag_task(self.tags, self.tag_scores)

    def sections(self, predictions: pd.DataFrame, predict: Predict) -> Sequence[Section]:
        """Return the neighbours of some items, the factors, and what they know about tags."""
        return play_sections.sections(self, predictions, predict)

    def state_dict(self) -> dict[str, Any]:
        """Return the items that can be recommended."""
        return self.catalogue.state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.catalogue = Catalogue.from_state(state_dict)

    def apply(self, path: Path, predict: Predict) -> pd.DataFrame:
        """Recommend items to a new listener.

        Args:
            path: what he plays, see `muso_exp.data.listening.recommend.read_seeds`; where the file
                has no play counts, each item counts the median of training.
            predict: the trained model.

        Returns:
            rank, id, artist, title (where items are songs), score.
        """
        return recommend(read_seeds(path), self.catalogue, predict)
