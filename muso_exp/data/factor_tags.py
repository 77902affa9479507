"""Items with tags and the factors that WMF learned of them: the second stage after WMF."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from muso_exp.data.base import BatchDataset, ExperimentData
from muso_exp.data.plays import Plays
from muso_exp.data.recommendation.cached_factors import cached_factors
from muso_exp.data.recommendation.probe_items import ProbeItems
from muso_exp.errors import ConfigError
from muso_exp.features.als import FactorOptions
from muso_exp.options import ZeroOrMore
from muso_exp.records import Batch
from muso_exp.tasks.overview import Overview
from muso_exp.tasks.recommendation.overview import plays_overview
from muso_exp.tasks.tagging.probe import TagRows, tag_rows
from muso_exp.tasks.tagging.task import TaggedItems, Tagging


class FactorTags(ExperimentData):
    """Items with the factors that WMF learned from all plays, and their tags.

    The factors are fitted once and kept in the cache. As in the thesis, no play is held out: the
    test is on tags.

    Args:
        plays: the data set of plays; its root is the one of this data set.
        factors: how WMF learns them.
        n_tags: at most so many tags, the most frequent.
        probe: which items the probe is trained and tested on; None: split by their ids.
        **common: see `muso_exp.data.base.ExperimentData`; a batch of all items is what
            `tag_probe_exact` needs.

    Source: thesis section 5.1. Deviation: the split, see `muso_exp.tasks.tagging.probe`.
    """

    name = "factor_tags"

    def __init__(
        self,
        plays: Plays,
        factors: FactorOptions,
        n_tags: ZeroOrMore = 50,
        probe: ProbeItems | None = None,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.name = f"factor_tags: {plays.source}"
        self.plays = plays
        self.n_tags, self.probe = n_tags, probe or ProbeItems()
        self.options = factors

    def prepare_data(self) -> None:
        """Read the plays and fit the factors, unless the cache has them.

        Raises:
            DatasetNotFoundError: files of the plays are missing.
            ConfigError: more factors than items.
        """
        self.plays.prepare_data()
        self.plays.setup()
        self._factors()

    def setup(self, stage: str | None = None) -> None:
        """Load factors and tags, once.

        Raises:
            ConfigError: the data have no tags, or too few items with any.
        """
        if self.dims:
            return
        self.plays.setup()
        data = self.plays.data
        rows = tag_rows(data, data.plays, self.n_tags, self.seed, self.probe.read())
        if rows is None:
            raise ConfigError(
                f"dataset.plays.source={self.plays.source}: too few items with tags; hetrec, lfm1b "
                "and taste_profile have them (the last two with lastfm_tags.db); the lists of "
                "dataset.probe may leave none"
            )
        self.rows: TagRows = rows
        self.x = torch.from_numpy(self._factors()["item_factors"][rows.items])
        self.fingerprint = self.plays.fingerprint
        ids = data.items["id"].astype(str).to_numpy()
        self.task = Tagging(TaggedItems(rows, ids, data.plays.shape[0], data.notes))
        self.dims = {"input_dim": self.x.shape[1], "n_tags": len(rows.names)}

    def _factors(self) -> dict[str, np.ndarray]:
        """Return user_factors and item_factors, fitted once."""
        return cached_factors(self.plays, self.options, self.cache)

    def overview(self) -> Overview:
        """Return what the plays and the tags hold, see `plays_overview`."""
        return plays_overview(self.plays.task.plays, self.task.counts(), self.seed)

    def train_dataloader(self) -> DataLoader:
        """Return the train items, shuffled anew each epoch."""
        return self.loader(_Part(self, "train"), shuffle=True)

    def val_dataloader(self) -> DataLoader:
        """Return the validation items."""
        return self.loader(_Part(self, "val"), shuffle=False)

    def test_dataloader(self) -> DataLoader:
        """Return the test items, in row order."""
        return self.loader(_Part(self, "test"), shuffle=False)


class _Part(BatchDataset):
    """The items of one part of the split."""

    def __init__(self, data: FactorTags, part: str) -> None:
        rows = data.rows.rows[part]
        self.x, self.target = data.x[rows], data.rows.labels(part)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.x)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return x (B, n_factors), target (B, n_tags) and row (B,)."""
        return {"x": self.x[rows], "target": self.target[rows], "row": torch.tensor(rows)}
