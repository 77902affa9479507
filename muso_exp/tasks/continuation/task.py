"""The task "which tracks continue this playlist?"."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.metrics.challenge import ArtistRPrecision, ChallengeRPrecision, ShortLists
from muso_exp.metrics.ranking import list_metrics, ranking_metrics
from muso_exp.records import Batch, Columns, Finding, Section
from muso_exp.tasks.base import Answer, Task
from muso_exp.tasks.continuation.audit import audit
from muso_exp.tasks.continuation.continuation import ContinuedPlaylists
from muso_exp.tasks.continuation.cooccurrence import CooccurrenceLoss
from muso_exp.tasks.continuation.importance import feature_importance
from muso_exp.tasks.continuation.sections import by_seeds, examples, tracks, weights_of_mix
from muso_exp.tasks.recommendation.audit import training
from muso_exp.tasks.recommendation.baselines import null_columns, same_artist_columns
from muso_exp.tasks.recommendation.listed import listed_columns
from muso_exp.tasks.recommendation.task import with_columns

N_TOP = 500  # tracks that the challenge asks for


class Continuing(Task):
    """Rank the tracks that may continue a playlist; a test row is a playlist to be continued.

    Playlists are the independent unit.

    Args:
        continued: playlists with known and held-out tracks.
        cutoffs: the k of the ranking metrics.
        rows: returns a batch of test rows, by their numbers.
    """

    keys = ("playlist",)

    def __init__(
        self,
        continued: ContinuedPlaylists,
        cutoffs: Sequence[int],
        rows: Callable[[list[int]], Batch],
    ) -> None:
        continuation, self.rows = continued.continuation, rows
        self.continued, self.cutoffs = continued, list(cutoffs)
        self.held = continuation.held(continued.warm)
        self.popularity = continuation.popularity()
        self.artists = continued.artists()
        self.n_top = min(N_TOP, len(self.popularity))
        self.target = torch.from_numpy(self.held.padded())
        self.units = continued.units(self.held)
        artists = continued.data.tracks["artist_id"].to_numpy(str)
        self.extra = [CooccurrenceLoss(continuation.known, artists)]

    def metrics(self) -> MetricCollection:
        """Return the metrics of the challenge and of ranking, and what the first ten are like."""
        n_playlists, ranked = self.continued.continuation.known.shape[0], self.held.candidates
        lists = list_metrics(self.popularity, n_playlists, candidates=ranked)
        return MetricCollection(
            {
                "r_precision_challenge": ChallengeRPrecision(self.artists),
                "artist_r_precision": ArtistRPrecision(self.artists),
                **ranking_metrics(self.cutoffs, self.held.typical_candidates),
                **{name: ShortLists(metric) for name, metric in lists.items()},
            },
            compute_groups=False,
        )

    def nulls(self) -> dict[str, Columns]:
        """Return the exact expectation of a random order, the most and the least popular first.

        Where tracks name artists, more of the artists that are in a playlist.
        """
        return self._nulls

    @cached_property
    def _nulls(self) -> dict[str, Columns]:
        held, counts = self.held, (self.popularity, self.cutoffs, self.n_top)
        known = self.continued.continuation.known[held.users]
        artists = self.continued.data.tracks["artist_id"].to_numpy(str)
        of_artist = same_artist_columns(held, known, artists, *counts)
        return {**null_columns(held, *counts), **of_artist}

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per playlist: id, seeds, held-out and recommended tracks, all columns."""
        held, continuation = self.held, self.continued.continuation
        rows = continuation.playlists[held.users]
        table = pd.DataFrame(
            {
                "playlist": self.continued.data.pids[rows].astype(str),
                "seeds": continuation.category[held.users],
                "n_seeds": np.diff(held.seen.indptr),
                "held_out": held.item_lists(),
            }
        )
        return with_columns(table, columns)

    def answered(self, table: pd.DataFrame) -> Columns:
        """Return the columns of a table of `predictions`, from its lists `top`, the best first."""
        return listed_columns(self.held, table, len(self.popularity), self.cutoffs, self.n_top)

    def audit(self, answer: Answer) -> list[Finding]:
        """Return repeats, unseen tracks, tracks without features, and what training changed."""
        found = training(answer, self._nulls["popularity"], "r_precision")
        return [*audit(self.continued, self.held, answer.model), *found]

    def counts(self) -> dict[str, int]:
        """Return playlists, tracks, artists and entries."""
        continuation = self.continued.continuation
        return {
            "playlists": continuation.known.shape[0],
            "tracks": len(self.popularity),
            "artists": int(self.artists.max()) + 1,
            "tracks_with_features": int((self.continued.file_order >= 0).sum()),
            "candidates": self.held.n_items,
            "test_playlists": len(self.held.users),
            "known_entries": continuation.known.nnz,
            "held_out_entries": self.held.positives.nnz,
        }

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return scores by kind of seeds, examples, weights of a mix, features, the tracks."""
        return [
            by_seeds(table, answer.bootstrap),
            examples(self.continued, self.held, table),
            *weights_of_mix(answer.model),
            *feature_importance(answer, self.rows, len(self.held.users), max(self.cutoffs)),
            tracks(self.continued),
        ]
