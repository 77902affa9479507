"""Playlists to be continued: the challenge that document 4 works towards."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_matrix
from torch.utils.data import DataLoader

from muso_exp.data.base import ExperimentData
from muso_exp.data.continuation.batches import ContinuedRows, PlaylistMatrix, word_batch
from muso_exp.data.continuation.drawn_songs import draw_songs
from muso_exp.data.continuation.sources import (
    PlaylistsWorld,
    choose_split,
    file_findings,
    read_genres,
    read_playlists,
    read_sounds,
    simulated_files,
)
from muso_exp.data.continuation.splits import ContinuationSplit, SeedKind, challenge, hold_out
from muso_exp.data.continuation.titles import title_vocabulary, title_words
from muso_exp.data.recommendation.splits import Candidates
from muso_exp.formats.listening.histories import MIN_SECONDS
from muso_exp.formats.seeds import SeedList, read_seeds
from muso_exp.options import Count, Cutoffs, Inert, ZeroOrMore
from muso_exp.records import Batch
from muso_exp.records import bad_rows as bad_row_findings
from muso_exp.tasks.continuation.continuation import ContinuedPlaylists
from muso_exp.tasks.continuation.overview import playlists_overview
from muso_exp.tasks.continuation.task import Continuing
from muso_exp.tasks.overview import Overview
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.fold_in import NewRow


class PlaylistContinuation(ExperimentData):
    """Playlists of which some tracks are known (seeds) and the others held out.

    The seeds of a playlist to be continued are a row of the train matrix like all other playlists:
    recommenders learn from them, as those of the challenge did.

    Args:
        split: which playlists are continued, from which seeds.
        world: the simulated world, in the MPD's format, where no root is given.
        feature_table: CSV of audio features by track id; None: `track_features.csv` of the root.
        workers: processes that read slices.
        candidates: tracks that are ranked: `warm`, those that are known to be in a playlist, or
            `all`, as in the challenge, since their sound may be known; None: all.
        cutoffs: the k of the ranking metrics.
        n_songs: so many songs are drawn by the seed and the others left out of all playlists, as
            document 4 did; 0: all.
        bad_rows: a row of the feature table with a feature that is none is `refuse`d, or `drop`ped
            and counted: its track is then without features.
        **common: see `muso_exp.data.base.ExperimentData`; `root` is a folder with
            `mpd.slice.*.json` (and the challenge set with its truth), the challenge set alone,
            whose playlists are then lists of their own, or a table of playlists.

    Raises:
        ConfigError: a kind of seeds that is not known.

    Source: document 4; RecSys Challenge 2018 (Chen et al.). Deviation: the challenge's truth is
    secret, so real playlists are held out of the slices.
    """

    name = "playlist_continuation"
    task: Continuing

    def __init__(
        self,
        split: ContinuationSplit,
        world: PlaylistsWorld,
        feature_table: str | None = None,
        workers: Inert[Count] = 2,
        candidates: Candidates | None = None,
        cutoffs: Cutoffs = (10, 100, 500),
        n_songs: ZeroOrMore = 0,
        bad_rows: Literal["refuse", "drop"] = "refuse",
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.bad_rows, self.n_songs = bad_rows, n_songs
        self.kinds = [SeedKind.of(name) for name in split.seeds]
        self.split, self.world, self.workers = split, world, workers
        self.feature_table, self.candidates = feature_table, candidates
        self.cutoffs = list(cutoffs)

    def prepare_data(self) -> None:
        """Check that the files are there, or simulate them once.

        Raises:
            DatasetNotFoundError: files are missing.
        """
        choose_split(self._root(), self.split.by)

    def _root(self) -> Path:
        return simulated_files(self.cache, self.world) if self.root is None else self.root

    def setup(self, stage: str | None = None) -> None:
        """Read playlists and features, and hold tracks out, once.

        Raises:
            DatasetNotFoundError: files are missing.
            DataFormatError: a file holds what its format does not allow.
            ConfigError: nothing can be held out.
        """
        if self.dims:
            return
        root = self._root()
        split = choose_split(root, self.split.by)
        self.data = read_playlists(root, self.cache, self.workers, split)
        if self.n_songs:
            self.data = draw_songs(self.data, self.n_songs, self.seed)
        self.fingerprint = self.data.fingerprint()
        left = Counter[str]()
        self.features, self.file_order = read_sounds(
            root,
            self.feature_table,
            self.data.tracks["id"],
            left if self.bad_rows == "drop" else None,
        )
        names = [kind.name for kind in self.kinds]
        if split == "challenge":
            self.continuation = challenge(self.data)
        else:
            self.continuation = hold_out(self.data, self.split.test_share, names, self.seed)
        known = self.continuation.known
        self.catalogue = ItemCatalogue.of(self.data.tracks, known, counted=False)
        self.words = title_vocabulary(self.continuation.titles(self.data))
        self.genres = self._known_genres(read_genres(root, self.data.pids))
        found = [*file_findings(self.data, self.root), *bad_row_findings(left)]
        continued = ContinuedPlaylists(
            self.data, self.continuation, self.file_order, found, self.candidates == "warm"
        )
        self.task = Continuing(continued, self.cutoffs, self._test_rows)
        self.dims = {
            "n_users": known.shape[0],
            "n_items": known.shape[1],
            "cutoffs": self.cutoffs,
            "n_top": self.task.n_top,
            "n_artists": int(continued.artists().max()) + 1,
            "n_words": len(self.words),
            "n_genres": self.genres.shape[1],
            "seed_counts": sorted(
                {SeedKind.of(name).n for name in self.continuation.category if name}
            ),
        }

    def overview(self) -> Overview:
        """Return what the playlists hold, see `playlists_overview`."""
        own = self.task.continued
        return playlists_overview(
            own, self.features, self.task.counts(), list(own.file_findings), self.seed
        )

    def train_dataloader(self) -> DataLoader:
        """Return the known tracks of all playlists, and all features, as one batch."""
        words = title_words(self.continuation.titles(self.data), self.words)
        known = self.continuation.known
        artists = self.task.artists.astype(np.int64)
        matrix = PlaylistMatrix(known, self.features, self.file_order, words, self.genres, artists)
        return self.loader(matrix, shuffle=False)

    def _known_genres(self, genres: list[str | None]) -> csr_matrix:
        """Return the words of the genres of playlists of training, (n_playlists, n_genres).

        The genre of a playlist that is to be continued is not known.
        """
        rows = zip(self.continuation.playlists, self.continuation.category, strict=True)
        known = [None if category else genres[playlist] for playlist, category in rows]
        return title_words(known, title_vocabulary(known))

    def val_dataloader(self) -> list[DataLoader]:
        """Return nothing: a model that chooses something cuts playlists of training itself."""
        return []

    def test_dataloader(self) -> DataLoader:
        """Return the playlists to be continued, in row order."""
        return self.loader(ContinuedRows(self.task.held), shuffle=False)

    def _test_rows(self, rows: list[int]) -> Batch:
        """Return the batch of some playlists to be continued."""
        return ContinuedRows(self.task.held)[rows]

    def state_dict(self) -> dict[str, Any]:
        """Return the tracks that can be recommended, and the words of titles."""
        return {"catalogue": self.catalogue.state(), "words": self.words}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.catalogue = ItemCatalogue.from_state(state_dict["catalogue"])
        self.words = state_dict["words"]

    def read_new(self, *paths: Path, min_seconds: float | None = None) -> NewRow:
        """Read the tracks of a new playlist.

        Args:
            paths: see `muso_exp.formats.seeds.read_seeds`.
            min_seconds: plays of which fewer are known are left out.

        Raises:
            DatasetNotFoundError: no such file.
            DataFormatError: no seeds in the file, or not in a form that can be read.
        """
        least = MIN_SECONDS if min_seconds is None else min_seconds
        return self.new_row(read_seeds(paths, least, one_list=True))

    def new_row(self, seeds: SeedList) -> NewRow:
        """Return the tracks of a new playlist as a row for the model."""
        words = word_batch(title_words([seeds.title], self.words))
        return NewRow(seeds, self.catalogue, words)
