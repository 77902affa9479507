"""Two hypotheses of the MuSo document: taste falls with distance, and with a user's popularity."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.features.graph import bfs_distances
from muso_exp.features.networks import Network, all_pair_scores, friendships
from muso_exp.features.taste_distance import similarity_by_distance
from muso_exp.figures.common import curve_figure
from muso_exp.metrics.friendship import SimilarityTrend
from muso_exp.metrics.resampling import percentile_interval
from muso_exp.models.abilities import ScoresUserPairs
from muso_exp.records import Columns, Section
from muso_exp.tasks.base import Answer, ExtraTask, NotAnsweredError

MOST_USERS = 2000  # whose pairs are all looked at; of a larger network a sample
MOST_PAIRS = 20_000
GROUPS = 5  # of users, by their number of friends


class Tastes:
    """A sample of users with listening, how far apart they are, and how alike a model finds them.

    Args:
        network: all friendships; nothing is predicted here.
        seed: of the sample.
    """

    def __init__(self, network: Network, seed: int) -> None:
        self.network = network
        rng = np.random.default_rng([seed, 11])
        heard = np.flatnonzero(np.diff(network.plays.indptr))
        self.users = np.sort(rng.permutation(heard)[:MOST_USERS])
        self.distances = bfs_distances(network.friends, self.users)[:, self.users]
        self._known: tuple[Any, np.ndarray] | None = None

    def similarity(self, model: Any) -> np.ndarray:
        """Return how alike a model finds the users, shape (n, n), float64, diagonal 0.

        Only the listening is shown to it: a model that asks for friendships finds all alike.

        Raises:
            NotAnsweredError: the model scores no user with all users.
        """
        if not isinstance(model, ScoresUserPairs):
            raise NotAnsweredError("the model scores no user with all users")
        if self._known is None or self._known[0] is not model:
            plays = self.network.plays[self.users]
            alone = Network(friendships(np.empty((0, 2), dtype=np.int64), len(self.users)), plays)
            table = all_pair_scores(model.row_scores(alone), len(self.users)).astype(np.float64)
            np.fill_diagonal(table, 0)
            self._known = model, table
        return self._known[1]


class TasteByDistance(ExtraTask):
    """Does the similarity of tastes fall with the distance of two users?

    A row is one of a sample of pairs that have a path; its two users are the independent units.

    Args:
        tastes: of the users.
        seed: of the sample.
    """

    def __init__(self, tastes: Tastes, seed: int) -> None:
        self.tastes = tastes
        pairs = np.argwhere(np.triu(tastes.distances, 1) > 0)
        rng = np.random.default_rng([seed, 12])
        self.pairs = pairs[np.sort(rng.permutation(len(pairs))[:MOST_PAIRS])]
        self.target = torch.from_numpy(tastes.distances[tuple(self.pairs.T)].astype(np.int64))
        self.units = self.pairs

    def metrics(self) -> MetricCollection:
        """Return the rank correlation of similarity and distance."""
        return MetricCollection({"taste_by_distance": SimilarityTrend()}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return one similarity for all pairs."""
        return {"random": {"similarity": torch.zeros(len(self.target))}}

    def ask(self, model: Any) -> Columns:
        """Return the similarity of the pairs' tastes."""
        return {"similarity": torch.from_numpy(self.tastes.similarity(model)[tuple(self.pairs.T)])}

    def sections(self, answer: Answer) -> Iterable[Section]:
        """Return the mean similarity at each distance, with the answer in words."""
        tastes = self.tastes
        weights = answer.bootstrap.weights(np.arange(len(tastes.users))[:, None]).numpy()
        found = similarity_by_distance(tastes.similarity(answer.model), tastes.distances, weights)
        ends = [percentile_interval(torch.from_numpy(column)) for column in found.samples.T]
        steps = [str(value) if value else "no path" for value in found.distance]
        table = pd.DataFrame(
            {
                "distance": steps,
                "pairs": found.n_pairs,
                "mean similarity": [f"{value:.4f}" for value in found.mean],
                "95 % interval": [f"[{low:.4f}, {high:.4f}]" for low, high in ends],
            }
        )
        paths = found.distance > 0
        figure = partial(
            curve_figure,
            found.distance[paths],
            found.mean[paths],
            np.array(ends)[paths],
            np.full(int(paths.sum()), np.nan),
            "steps between two users",
            "mean similarity of taste",
        )
        text = _falls(steps, found.samples)
        return [Section("taste_by_distance", "Taste by distance", text, table, figure)]


def _falls(steps: list[str], samples: np.ndarray) -> str:
    """Return the answer in words, from samples (n_resamples, n_distances)."""
    said = []
    for near in range(len(steps) - 1):
        low, high = percentile_interval(torch.from_numpy(samples[:, near] - samples[:, near + 1]))
        trend = "falls" if low > 0 else "rises" if high < 0 else "does not change measurably"
        to = "to pairs without a path" if steps[near + 1] == "no path" else f"to {steps[near + 1]}"
        said.append(f"from {steps[near]} {to} it {trend}")
    return (
        f"Does the similarity of taste fall with distance? Over all pairs: {'; '.join(said)}. "
        "Intervals resample users."
    )


class PopularFriends(ExtraTask):
    """Do popular users share less taste with their friends?

    A row, and the independent unit, is a user with friends; the target is their number.

    Args:
        tastes: of the users.
    """

    def __init__(self, tastes: Tastes) -> None:
        self.tastes = tastes
        near = tastes.distances == 1
        self.rows = np.flatnonzero(near.any(axis=1))
        self.near = near[self.rows]
        degrees = tastes.network.degrees[tastes.users[self.rows]]
        self.target = torch.from_numpy(degrees.astype(np.int64))
        self.units = self.rows[:, None]

    def metrics(self) -> MetricCollection:
        """Return the rank correlation of friends' similarity and the number of friends."""
        return MetricCollection(
            {"friends_taste_by_degree": SimilarityTrend(), "closeness_by_degree": _Closeness()},
            compute_groups=False,
        )

    def nulls(self) -> dict[str, Columns]:
        """Return one similarity for all users."""
        none = torch.zeros(len(self.rows))
        return {"random": {"similarity": none, "closeness": none}}

    def ask(self, model: Any) -> Columns:
        """Return `similarity` to friends, and `closeness`: how far it is above that to others."""
        table = self.tastes.similarity(model)[self.rows]
        friends = (table * self.near).sum(axis=1) / self.near.sum(axis=1)
        others = ~self.near
        others[np.arange(len(self.rows)), self.rows] = False
        strangers = (table * others).sum(axis=1) / np.maximum(others.sum(axis=1), 1)
        return {
            "similarity": torch.from_numpy(friends),
            "closeness": torch.from_numpy(friends - strangers),
        }

    def sections(self, answer: Answer) -> Iterable[Section]:
        """Return the similarity to friends of users with few and with many, in words too."""
        degrees = self.target.numpy()
        cuts = np.unique(np.quantile(degrees, np.linspace(0, 1, GROUPS + 1)[1:-1]))
        group = np.searchsorted(cuts, degrees, side="left")
        rows = [self._group_row(degrees[group == g], group == g, answer) for g in np.unique(group)]
        weights = answer.bootstrap.weights(self.units)
        said = []
        for column, what in (
            ("similarity", "share less taste with their friends"),
            ("closeness", "have friends who are nearer than others by less"),
        ):
            trend = SimilarityTrend().score(
                weights, similarity=answer.columns[column], target=self.target
            )
            low, high = percentile_interval(trend)
            verdict = "yes" if high < 0 else "no, more" if low > 0 else "not measurably"
            said.append(f"do they {what}? {verdict} (rank correlation [{low:.3f}, {high:.3f}])")
        text = f"Users with many friends: {'; '.join(said)}."
        table = pd.DataFrame(rows)
        return [Section("popular_friends", "Friends of popular users", text, table)]

    def _group_row(self, degrees: np.ndarray, chosen: np.ndarray, answer: Answer) -> dict[str, Any]:
        row: dict[str, Any] = {
            "friends": f"{degrees.min()} to {degrees.max()}",
            "users": len(degrees),
        }
        for name in ("similarity", "closeness"):
            values = answer.columns[name].numpy()[chosen]
            low, high = answer.bootstrap.mean(values)
            row[name] = f"{values.mean():.4f} [{low:.4f}, {high:.4f}]"
        return row


class _Closeness(SimilarityTrend):
    """The same of how much nearer friends are than other users."""

    fields = ("closeness", "target")

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the correlation under each row of weights, shape (n_resamples,)."""
        return super().score(weights, similarity=columns["closeness"], target=columns["target"])
