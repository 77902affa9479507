"""Metrics of the friendship task: friends against pairs of users who are no friends.

They read the answer to a question and `target` (n_rows,): `FRIENDS`, or the kind of pair that
stands against them. `affinity` answers "friends, or any two users?", `matched_affinity` "friends,
or two users with as many friends as these?"; most models answer both with one number.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor

from muso_exp.features.networks import FRIENDS, MATCHED, RANDOM
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.ranks import weighted_auc, weighted_precision, weighted_spearman

ANSWERS = {RANDOM: "affinity", MATCHED: "matched_affinity"}


class _Against(WeightedMetric):
    """A ranking metric of friends against one kind of pairs.

    Args:
        kind: `RANDOM` or `MATCHED`.
        **kwargs: of `torchmetrics.Metric`.

    Raises:
        ValueError: another kind.
    """

    bounds = (0.0, 1.0)
    ranking: ClassVar[Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]]

    def __init__(self, kind: int, **kwargs: Any) -> None:
        if kind not in ANSWERS:
            raise ValueError(f"kind must be {RANDOM} (random) or {MATCHED} (matched), got {kind}")
        self.fields = (ANSWERS[kind], "target")  # type: ignore[misc]
        super().__init__(**kwargs)
        self.kind = kind

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the metric under each row of weights, shape (n_resamples,)."""
        target = columns["target"]
        rows = ((target == FRIENDS) | (target == self.kind)).nonzero()[:, 0]
        scores, friends = columns[ANSWERS[self.kind]][rows], target[rows] == FRIENDS
        return type(self).ranking(weights, scores, friends, rows)


class FriendshipAUC(_Against):
    """Probability that friends score higher than a pair of the other kind; ties count half."""

    ranking = staticmethod(weighted_auc)


class FriendshipPrecision(_Against):
    """Mean precision over the friendships, each at its own score, among pairs of one kind."""

    ranking = staticmethod(weighted_precision)
    biased_by_repeats = True


class SimilarityTrend(WeightedMetric):
    """Spearman correlation of the similarity of tastes with what `target` counts.

    It is better the lower it is: a hypothesis says that similarity falls.
    """

    bounds = (-1.0, 1.0)
    fields = ("similarity", "target")
    higher_is_better = False

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the correlation under each row of weights, shape (n_resamples,)."""
        preds, target = columns["similarity"].double(), columns["target"].double()
        return weighted_spearman(weights, preds, target)
