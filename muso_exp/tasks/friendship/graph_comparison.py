"""Whether a model adds to the graph alone: "taste helps", with its paired interval."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from muso_exp.features.networks import MATCHED, RANDOM
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.friendship import FriendshipAUC
from muso_exp.metrics.resampling import percentile_interval
from muso_exp.records import Columns, Finding

KINDS = {
    "any two users": FriendshipAUC(RANDOM),
    "users with as many friends": FriendshipAUC(MATCHED),
}


@dataclass(frozen=True)
class Beside:
    """ROC AUC of a model and of the graph alone, against one kind of pairs.

    Attributes:
        against: the kind, in words.
        model: of the model.
        graph: of the graph alone.
        low: lower end of the 95 % interval of their difference.
        high: its upper end.
    """

    against: str
    model: float
    graph: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """How much better the model is."""
        return self.model - self.graph

    @property
    def answer(self) -> str:
        """Whether what the model sees beside the graph helps."""
        if self.low > 0:
            return "helps"
        return "is worse" if self.high < 0 else "adds nothing that this test could show"

    def __str__(self) -> str:
        """Return the answer with its numbers."""
        values = f"ROC AUC {self.model:.3f}, the graph alone {self.graph:.3f}"
        ends = f"[{self.low:+.3f}, {self.high:+.3f}]"
        said = f"against {self.against} it {self.answer}"
        return f"{said} ({values}, difference {self.difference:+.3f} {ends})"


def beside_graph(
    model: Columns, graph: Columns, target: Tensor, weights: Tensor
) -> tuple[Beside, ...]:
    """Return the comparison against each kind of pairs.

    Args:
        model: its prediction columns of the test pairs.
        graph: those of the graph alone.
        target: kind of each pair, shape (n_rows,).
        weights: of the bootstrap, shape (n_resamples, n_rows).
    """
    found = []
    for against, metric in KINDS.items():
        value, samples = _values(metric, model, target, weights)
        base, base_samples = _values(metric, graph, target, weights)
        found.append(Beside(against, value, base, *percentile_interval(samples - base_samples)))
    return tuple(found)


def taste_finding(found: tuple[Beside, ...]) -> Finding:
    """Return the answer to "does taste help?" as a line of the audit."""
    text = (
        f"Does taste help? The model beside the same trees on the graph alone: {in_words(found)}."
    )
    helps = all(one.answer == "helps" for one in found)
    return Finding("taste_beyond_graph", found[-1].difference, text, "note" if helps else "warning")


def in_words(found: tuple[Beside, ...]) -> str:
    """Return all answers."""
    return "; ".join(map(str, found))


def _values(
    metric: WeightedMetric, columns: Columns, target: Tensor, weights: Tensor
) -> tuple[float, Tensor]:
    """Return the value and the samples of a metric."""
    read = {**columns, "target": target}
    ones = torch.ones(1, len(target), dtype=weights.dtype)
    return float(metric.score(ones, **read)[0]), metric.score(weights, **read)
