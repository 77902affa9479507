"""Play counts of any source, split for the task of recommendation."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import numpy as np
from msgspec.structs import asdict
from scipy.sparse import csr_matrix
from torch.utils.data import DataLoader

from muso_exp.cache import cache_key, cached_folder
from muso_exp.data.base import ExperimentData, NewInput
from muso_exp.data.recommendation.batches import UserRows, WholeMatrix
from muso_exp.data.recommendation.probe_items import ProbeItems
from muso_exp.data.recommendation.simulated_plays import VERSION, write_source
from muso_exp.data.recommendation.splits import Candidates, PlaysSplit, plan_parts, split_plays
from muso_exp.errors import ConfigError
from muso_exp.features.matching import find_item
from muso_exp.formats.listening.interactions import Interactions, keep_dense, listed_items
from muso_exp.formats.listening.msd import ReadOptions, SourceOptions
from muso_exp.formats.listening.recognised import find_plays
from muso_exp.formats.listening.sources import SOURCES
from muso_exp.formats.listening.spark_pairs import filter_stored
from muso_exp.formats.listening.stored_pairs import PartPlan
from muso_exp.formats.seeds import SeedList, read_seeds
from muso_exp.memory import arrays_on_disk
from muso_exp.options import Count, Cutoffs, ZeroOrMore
from muso_exp.simulation.checked import WorldOptions
from muso_exp.spark import spark_session
from muso_exp.tasks.overview import Overview
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.fold_in import NewRow
from muso_exp.tasks.recommendation.overview import plays_overview
from muso_exp.tasks.recommendation.split_plays import HeldOut, Split, SplitPlays, UserDraw
from muso_exp.tasks.recommendation.tag_shares import TagShares
from muso_exp.tasks.recommendation.task import Recommendation
from muso_exp.tasks.tagging.probe import tag_rows
from muso_exp.tasks.tagging.task import TagsOfFactors

N_QUERIES = 3  # items whose neighbours are shown where none are named


_EXAMPLES = 3  # items that a served run is shown to answer about


class Plays(ExperimentData):
    """Play counts of users, split so that a model recommends items that a user has not played.

    Args:
        source: lfm1b, taste_profile, hetrec, audioscrobbler, muso, emotify, table (plays of users)
            or history (listening histories as services export them).
        split: which plays are held out.
        world: the simulated world, in the format of the source, where no root is given.
        min_user_items: different items that a user needs to stay.
        min_item_users: different users that an item needs to stay.
        merge: sum the plays of items that are the same (equal artist and title, or an alias).
        top_items: keep so many items, the most played ones; None for all.
        candidates: items that are ranked: `warm`, those that a user plays in training, or `all`;
            None: warm of the splits `holdout` and `temporal`, all of the others.
        matched: keep the items found in the Million Song Dataset, besides `top_items`.
        bad_rows: of source table, a row without a name or with 0 plays is `refuse`d, or `drop`ped
            and counted; a history counts them always.
        reading: what the files of one source or another leave open.
        cutoffs: the k of the ranking metrics.
        queries: items (by name or id) whose neighbours the report shows; none: the most played.
        n_tags: tags of the probe in the report; 0 leaves it out.
        probe: which items it is trained and tested on; by default split by their ids, as with None.
        **common: see `muso_exp.data.base.ExperimentData`.
    """

    name = "plays"
    task: Recommendation

    def __init__(
        self,
        source: str,
        split: PlaysSplit,
        world: WorldOptions,
        min_user_items: ZeroOrMore = 5,
        min_item_users: ZeroOrMore = 1,
        merge: bool = False,
        top_items: Count | None = None,
        matched: bool = False,
        bad_rows: Literal["refuse", "drop"] = "refuse",
        reading: SourceOptions | None = None,
        candidates: Candidates | None = None,
        cutoffs: Cutoffs = (10, 100, 500),
        queries: Sequence[str] = (),
        n_tags: ZeroOrMore = 50,
        probe: ProbeItems | None = ProbeItems(),  # noqa: B008, it is frozen
        **common: Any,
    ) -> None:
        super().__init__(**common)
        if source not in SOURCES:
            raise ConfigError(f"dataset.source={source}: choose one of {', '.join(SOURCES)}")
        self.name = f"plays: {source}"
        self.source, self.world, self.split_options = source, world, split
        self.min_user_items, self.min_item_users = min_user_items, min_item_users
        self.candidates = candidates
        self.cutoffs, self.queries, self.n_tags = list(cutoffs), list(queries), n_tags
        self.probe = probe or ProbeItems()
        earlier_share = 1 - split.test_share if split.by == "temporal" else None
        self.options = ReadOptions(
            *(self.cache, merge, top_items, matched, earlier_share, bad_rows),
            reading or SourceOptions(),
            filtered=True,
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
        on_disk = self.options.reading.matrix == "disk"
        with arrays_on_disk(self.cache / "matrices") if on_disk else nullcontext():
            n_read = self._read()
            self.split: Split = self.hold_out()
            self._describe(n_read)

    def _describe(self, n_read: tuple[int, int]) -> None:
        """Set what the split plays come to: the task, the catalogue, the sizes for a model."""
        train = self.split.train
        ranked = self.split.candidates if self.split.warm else None  # the cold are in the test only
        self.val_held = HeldOut.of(train, self.split.val, ranked, self._draw(), self.split.brought)
        users, tags = self.data.users, self.data.tags
        shares = None if tags is None else TagShares.of(tags.weights, tags.names, train)
        self.catalogue = ItemCatalogue.of(self.data.items, train, True, users, shares)
        self.task = self._task(n_read)
        self.dims = {
            "n_users": train.shape[0],
            "n_items": train.shape[1],
            "cutoffs": self.cutoffs,
        }

    def _read(self) -> tuple[int, int]:
        """Read and filter the plays; return how many users and items there were."""
        source = SOURCES[self.source]
        if self.options.spark and not source.summed:
            logs = ", ".join(name for name, one in SOURCES.items() if one.summed)
            raise ConfigError(f"dataset.reading.engine=spark reads {logs}; leave it out here")
        with spark_session(self.options.spark) if self.options.spark else nullcontext():
            read = source.read(self._find(), self.options)
            self.data, self.parts = self._filter(read)
        return read.plays.shape

    def _filter(self, read: Interactions) -> tuple[Interactions, np.ndarray | None]:
        """Keep what has enough plays; return it, and the parts of the plays that a cluster gave."""
        least = self.min_user_items, self.min_item_users
        if read.stored is None:
            self.fingerprint = read.fingerprint()
            return keep_dense(read, *least), None
        left = filter_stored(read, read.stored, least, self._plan)
        self.fingerprint = left.fingerprint
        return left.data, left.parts

    def _plan(self, data: Interactions, timed: bool) -> PartPlan | None:
        """Return how a cluster assigns the plays of the users and items that are left."""
        return plan_parts(data, self.split_options, self.seed, self._listed(data), timed)

    def _listed(self, data: Interactions) -> np.ndarray | None:
        """Return which items `split.list` names, shape (n_items,), bool; None without a list."""
        listed = self.split_options.list
        return None if listed is None else listed_items(data, Path(listed))

    def hold_out(self) -> Split:
        """Return the plays by their use.

        Raises:
            ConfigError: data without what the split needs, or nothing left to train on or to test.
        """
        options, listed = self.split_options, self._listed(self.data)
        return split_plays(self.data, options, self.seed, listed, self.candidates, self.parts)

    def _task(self, n_read: tuple[int, int]) -> Recommendation:
        train = self.split.train
        least = self.min_user_items, self.min_item_users
        plays = SplitPlays(self.data, self.split, n_read, *least, self._draw())
        chosen = self.probe.read()
        rows = tag_rows(self.data, train, self.n_tags, self.seed, chosen)
        tags = TagsOfFactors(rows, self.source)
        return self.make_task(plays, query_items(self.data, train, self.queries), tags)

    def _draw(self) -> UserDraw | None:
        n = self.split_options.eval_users
        return None if n is None else UserDraw(n, self.seed)

    def make_task(
        self, plays: SplitPlays, queries: list[int], tags: TagsOfFactors
    ) -> Recommendation:
        """Return the task of split plays, with its further test of tags from factors."""
        return Recommendation(plays, self.cutoffs, queries, [tags])

    def used_fingerprint(self) -> str:
        """Return the hash of the plays that are left after filtering and merging."""
        return self.data.fingerprint()

    def _find(self) -> dict:
        """Return the source's files, of the root or of the simulated world."""
        root = self.root or self.beside()
        if root is None:
            params = {"source": self.source, **asdict(self.world)}
            key = cache_key("plays_world", VERSION, params)
            root = cached_folder(
                self.cache, key, lambda f: write_source(self.source, f, self.world)
            )
        files = find_plays(self.source, root)
        if self.options.matched and "unique_tracks" not in files:
            raise ConfigError(
                f"dataset.matched=true: {root} has no unique_tracks.txt of the Million Song "
                "Dataset; put it there, or set dataset.matched=false for all items"
            )
        return files

    def beside(self) -> Path | None:
        """Return the folder of simulated plays where something else brings them; here nothing."""
        return None

    def overview(self) -> Overview:
        """Return what the plays hold, see `plays_overview`."""
        return plays_overview(self.task.plays, self.task.counts(), self.seed)

    def train_dataloader(self) -> DataLoader:
        """Return the whole train matrix as one batch."""
        return self.loader(WholeMatrix(self.split.train), shuffle=False)

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the users with validation items; nothing where `val_share` is 0."""
        return self.loader(UserRows(self.val_held), False) if len(self.val_held.users) else []

    def test_dataloader(self) -> DataLoader:
        """Return the users with test items, in row order."""
        return self.loader(UserRows(self.task.held), shuffle=False)

    def state_dict(self) -> dict[str, Any]:
        """Return the items that can be recommended, with their tags."""
        return self.catalogue.state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.catalogue = ItemCatalogue.from_state(state_dict)

    def read_new(self, *paths: Path, min_seconds: float | None = None) -> NewInput:
        """Read what a new user plays.

        Args:
            paths: see `muso_exp.formats.seeds.read_seeds`; where they hold no plays, each item
                counts the median of training.
            min_seconds: plays of which fewer are known are left out; None as in training.

        Raises:
            DatasetNotFoundError: no such file.
            DataFormatError: no seeds in the file, or not in a form that can be read.
        """
        least = self.options.reading.min_seconds if min_seconds is None else min_seconds
        return self.new_row(read_seeds(paths, least))

    def example(self) -> tuple[str, bytes]:
        """Return a few items as what somebody plays: artist and track, or names, one a line."""
        items = self.catalogue.items.head(_EXAMPLES)
        if not items["title"].astype(bool).all():
            return "plays.txt", "".join(f"{name}\n" for name in items["artist"]).encode()
        named = items[["artist", "title"]].set_axis(["artist", "track"], axis=1)
        return "plays.csv", named.to_csv(index=False).encode()

    def new_row(self, seeds: SeedList) -> NewRow:
        """Return what a new user plays as a row for the model."""
        return NewRow(seeds, self.catalogue)


def query_items(data: Interactions, train: csr_matrix, queries: Sequence[str]) -> list[int]:
    """Return the items whose neighbours are shown: those asked for, or the most played.

    Args:
        data: with the items.
        train: plays to learn from, shape (n_users, n_items).
        queries: names or ids of items.

    Raises:
        ConfigError: an item that the data do not have.
    """
    if not queries:
        total = np.asarray(train.sum(axis=0)).ravel()
        return np.argsort(-total, kind="stable")[:N_QUERIES].tolist()
    ids, names = data.items["id"].astype(str).tolist(), data.names
    return [find_item(str(query), ids, names, "dataset.queries") for query in queries]
