"""The task "which tracks continue this playlist?": the challenge that document 4 works towards."""

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
from muso_exp.data.continuation import report
from muso_exp.data.continuation.batches import ContinuedRows, PlaylistMatrix, padded, word_batch
from muso_exp.data.continuation.sources import (
    SPLITS,
    choose_split,
    read_playlists,
    read_sounds,
    simulated_files,
)
from muso_exp.data.continuation.splits import CATEGORIES, Seeds, challenge, hold_out
from muso_exp.data.continuation.titles import title_vocabulary, title_words
from muso_exp.data.listening.batches import HeldOut
from muso_exp.data.listening.recommend import Catalogue, read_seeds, recommend
from muso_exp.errors import ConfigError
from muso_exp.features.ranking import rank_by_item
from muso_exp.metrics.challenge import ArtistRPrecision, ChallengeRPrecision, ShortLists
from muso_exp.metrics.ranking import list_metrics, ranking_metrics
from muso_exp.ranges import Count, Seed, Share, UpToOne, ZeroOrMore
from muso_exp.results import Finding, Section, SideTask

N_TOP = 500  # tracks that the challenge asks for


class PlaylistContinuation(ExperimentData):
    """Playlists of which some tracks are known (seeds) and the others held out.

    A test row is a playlist to be continued. Its seeds are a row of the train matrix like all
    other playlists: recommenders learn from them, as those of the challenge did. Playlists are the
    independent unit.

    Args:
        root: folder with `mpd.slice.*.json` (and the challenge set with its truth), or with a
            table of playlists; None for the simulated world in the MPD's format.
        cache: folder for simulated files and prepared columns.
        batch_size: playlists scored at once.
        seed: of the split.
        num_workers: processes that make batches.
        split: `challenge`, the challenge set against its truth; `holdout`, tracks held out of the
            slices or the table; `auto`, the challenge where its truth is at hand.
        seeds: kinds of seeds of split holdout, see `muso_exp.data.continuation.splits.Seeds`.
        test_share: share of the playlists that are continued, of split holdout.
        feature_table: CSV of audio features by track id; None: `track_features.csv` of the root.
        workers: processes that read slices.
        cutoffs: the k of the ranking metrics.
        world_playlists: playlists in the simulated slices.
        world_challenge: playlists of the simulated challenge.
        world_artists: artists of the simulated world.
        world_taste: share of a simulated feature's variance that follows from taste.
        world_seed: of the simulated world.

    Raises:
        ConfigError: an option that is not known.

    Source: document 4; RecSys Challenge 2018 (Chen et al.). Deviation: the challenge's truth is
    secret, so real playlists are held out of the slices.
    """

    name = "playlist_continuation"

    def __init__(
        self,
        root: str | None,
        cache: str,
        batch_size: ZeroOrMore,
        seed: Seed,
        num_workers: ZeroOrMore = 0,
        split: str = "auto",
        seeds: Sequence[str] = CATEGORIES,
        test_share: Share = 0.2,
        feature_table: str | None = None,
        workers: Count = 2,
        cutoffs: Sequence[Count] = (10, 100, 500),
        world_playlists: Count = 2000,
        world_challenge: Count = 400,
        world_artists: Count = 300,
        world_taste: UpToOne = 0.35,
        world_seed: Seed = 0,
    ) -> None:
        super().__init__(root, cache, batch_size, seed, num_workers)
        if split not in SPLITS:
            raise ConfigError(f"dataset.split={split}: choose one of {', '.join(SPLITS)}")
        if workers < 1:
            raise ConfigError(f"dataset.workers={workers}: at least 1 process is needed")
        self.kinds = [Seeds.of(name) for name in seeds]
        self.split, self.test_share, self.workers = split, test_share, workers
        self.feature_table = feature_table
        self.cutoffs = list(cutoffs)
        self.world = {
            "n_playlists": world_playlists,
            "n_challenge": world_challenge,
            "n_artists": world_artists,
            "taste": world_taste,
            "seed": world_seed,
        }
        self.learned: dict[str, Tensor] = {}  # filled by `side_task`

    def prepare_data(self) -> None:
        """Check that the files are there, or simulate them once.

        Raises:
            DatasetNotFoundError: files are missing.
        """
        choose_split(self._root(), self.split)

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
        split = choose_split(root, self.split)
        self.data = read_playlists(root, self.cache, self.workers, split)
        self.fingerprint = self.data.fingerprint()
        self.features, self.file_order = read_sounds(
            root, self.feature_table, self.data.tracks["id"]
        )
        names = [kind.name for kind in self.kinds]
        if split == "challenge":
            self.continuation = challenge(self.data)
        else:
            self.continuation = hold_out(self.data, self.test_share, names, self.seed)
        known, held_out = self.continuation.known, self.continuation.held_out
        self.catalogue = Catalogue.of(self.data.tracks, known, counted=False)
        self.words = title_vocabulary(self.continuation.titles(self.data))
        self.test_held = HeldOut.of(known, held_out, None)
        self.popularity = np.bincount(known.indices, minlength=known.shape[1])  # (n_tracks,)
        self.artist = np.unique(self.data.tracks["artist_id"], return_inverse=True)[1]
        self.dims = {
            "n_users": known.shape[0],
            "n_items": known.shape[1],
            "cutoffs": self.cutoffs,
            "n_top": min(N_TOP, known.shape[1]),
            "seed_counts": sorted(
                {Seeds.of(name).n for name in self.continuation.category if name}
            ),
        }

    def train_dataloader(self) -> DataLoader:
        """Return the known tracks of all playlists, and all features, as one batch."""
        words = title_words(self.continuation.titles(self.data), self.words)
        known = self.continuation.known
        matrix = PlaylistMatrix(known, self.features, self.file_order, words)
        return self.loader(matrix, shuffle=False)

    def val_dataloader(self) -> list[DataLoader]:
        """Return nothing: a model that chooses something cuts playlists of training itself."""
        return []

    def test_dataloader(self) -> DataLoader:
        """Return the playlists to be continued, in row order."""
        return self.loader(ContinuedRows(self.test_held), shuffle=False)

    def metrics(self) -> MetricCollection:
        """Return the metrics of the challenge and of ranking, and what the first ten are like."""
        lists = list_metrics(self.popularity, self.continuation.known.shape[0])
        return MetricCollection(
            {
                "r_precision_challenge": ChallengeRPrecision(self.artist),
                "artist_r_precision": ArtistRPrecision(self.artist),
                **ranking_metrics(self.cutoffs),
                **{name: ShortLists(metric) for name, metric in lists.items()},
            },
            compute_groups=False,
        )

    def nulls(self) -> dict[str, dict[str, Tensor]]:
        """Return the exact expectation of a random order, and the most popular tracks first."""
        popularity = self.popularity.astype(np.float32)
        scores = {"random": np.zeros_like(popularity), "popularity": popularity}
        return {name: self._null_columns(values) for name, values in scores.items()}

    def _null_columns(self, scores: np.ndarray) -> dict[str, Tensor]:
        """Return the columns of the same track scores (n_tracks,) for every playlist."""
        held, n_top = self.test_held, min(N_TOP, len(scores))
        columns = rank_by_item(scores, *held.rows(), self.cutoffs, n_top, users=held.users)
        return {name: torch.from_numpy(column) for name, column in columns.items()}

    def target(self) -> Tensor:
        """Return the held-out tracks of each row, -1 behind them, shape (n_rows, longest)."""
        return torch.from_numpy(padded(self.test_held.positives))

    def units(self) -> np.ndarray:
        """Return the playlist of each row, by the place of its id among all, (n_rows, 1)."""
        ids = self.data.pids.astype(str)
        place = np.unique(ids, return_inverse=True)[1]
        return place[self.continuation.playlists[self.test_held.users]][:, None]

    def predictions(self, preds: dict[str, Tensor]) -> pd.DataFrame:
        """Return a row per playlist: id, seeds, held-out and recommended tracks, all columns."""
        return report.predictions(self, preds)

    def audit(self) -> list[Finding]:
        """Return repeats, unknown tracks, tracks without sound, and whether training arrived."""
        return report.audit(self)

    def counts(self) -> dict[str, int]:
        """Return playlists, tracks, artists and entries."""
        return report.counts(self)

    def side_metrics(self) -> list[str]:
        """Return the name of the dev loss of document 4's baseline net."""
        return ["cooccurrence_mse"]

    def absent(self) -> dict[str, str]:
        """Return the dev loss where the model predicts no rows of co-occurrences."""
        if "dev_squared_error" in self.learned:
            return {}
        reason = "this model predicts no rows of co-occurrences"
        return dict.fromkeys(self.side_metrics(), reason)

    def side_task(self, predict: Predict) -> SideTask | None:
        """Return the dev loss of document 4's baseline net; None for other models."""
        self.learned = report.ask(predict)
        return report.cooccurrence_task(self.learned)

    def sections(self, predictions: pd.DataFrame, predict: Predict) -> Sequence[Section]:
        """Return scores by kind of seeds, some continuations, and what the model tells."""
        return report.sections(self, predictions)

    def state_dict(self) -> dict[str, Any]:
        """Return the tracks that can be recommended, and the words of titles."""
        return {"catalogue": self.catalogue.state(), "words": self.words}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.catalogue = Catalogue.from_state(state_dict["catalogue"])
        self.words = state_dict["words"]

    def apply(self, path: Path, predict: Predict) -> pd.DataFrame:
        """Continue a new playlist.

        Args:
            path: its tracks, see `muso_exp.data.listening.recommend.read_seeds`.
            predict: the trained model.

        Returns:
            rank, id, artist, title, score.
        """
        seeds = read_seeds(path)
        words = word_batch(title_words([seeds.title], self.words))
        return recommend(seeds, self.catalogue, predict, words)
