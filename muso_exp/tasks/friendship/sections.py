"""The sections of the report: whether taste helps, and how scores part friends from others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import torch
from scipy.stats import rankdata
from torch import Tensor

from muso_exp.features.networks import MATCHED, RANDOM
from muso_exp.figures.two_class import distributions_figure
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.friendship import FriendshipAUC
from muso_exp.metrics.resampling import percentile_interval
from muso_exp.records import Columns, Section
from muso_exp.tasks.base import Answer
from muso_exp.tasks.friendship.baselines import GRAPH_ALONE

if TYPE_CHECKING:
    from muso_exp.tasks.friendship.task import Friendship

ASKED = {"auc_random": FriendshipAUC(RANDOM), "auc_matched": FriendshipAUC(MATCHED)}


def sections(task: Friendship, table: pd.DataFrame, answer: Answer) -> list[Section]:
    """Return whether the model adds to the graph alone, and the scores of each kind of pair."""
    return [_taste_section(task, answer), _score_section(table)]


def _taste_section(task: Friendship, answer: Answer) -> Section:
    weights = answer.bootstrap.weights(task.units)
    graph = task.nulls()[GRAPH_ALONE]
    rows, verdicts = [], {}
    for name, metric in ASKED.items():
        value, samples = _values(metric, answer.columns, task.target, weights)
        base, base_samples = _values(metric, graph, task.target, weights)
        low, high = percentile_interval(samples - base_samples)
        verdicts[name] = "helps" if low > 0 else "harms" if high < 0 else "adds nothing"
        rows.append(
            {
                "against": name.removeprefix("auc_"),
                "model": f"{value:.3f}",
                "graph alone": f"{base:.3f}",
                "difference": f"{value - base:+.3f} [{low:+.3f}, {high:+.3f}]",
                "answer": verdicts[name],
            }
        )
    return Section("taste_helps", "Does taste help?", _in_words(verdicts), table=pd.DataFrame(rows))


def _values(
    metric: WeightedMetric, columns: Columns, target: Tensor, weights: Tensor
) -> tuple[float, Tensor]:
    """Return the value and the samples of a metric."""
    read = {**columns, "target": target}
    ones = torch.ones(1, len(target), dtype=weights.dtype)
    return float(metric.score(ones, **read)[0]), metric.score(weights, **read)


def _in_words(verdicts: dict[str, str]) -> str:
    kinds = {"auc_random": "any two users", "auc_matched": "users with as many friends"}
    parts = [f"against {kinds[name]} it {verdict}" for name, verdict in verdicts.items()]
    text = f"Set beside the same trees on the graph alone, {', and '.join(parts)}"
    if "adds nothing" in verdicts.values():
        text += " that this test could show"
    return f"{text}. ROC AUC of both, paired on the same resamples of users."


def _score_section(table: pd.DataFrame) -> Section:
    score, friends = table["affinity"].to_numpy(), (table["kind"] == "friends").to_numpy()
    ranks = rankdata(score) / len(score)  # scores have any scale
    figure = distributions_figure({"rank of the score": ranks}, friends, ("friends", "others"))
    text = "Ranks of the test pairs by score, 1 the highest."
    return Section("scores", "Scores of friends and of others", text, figure=figure)
