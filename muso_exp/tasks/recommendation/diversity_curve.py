"""Accuracy against diversity, as a hybrid moves from listening to content, and by re-ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from muso_exp.features.diversity import rerank_each
from muso_exp.features.ranking import Places
from muso_exp.figures.recommendation import tradeoff_figure
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.resampling import interval_around, percentile_interval
from muso_exp.models.abilities import MovesToContent, ask
from muso_exp.models.shown_abilities import HasVariants
from muso_exp.options import Count, Options, UpToOne
from muso_exp.records import Batch, Finding, Section
from muso_exp.tasks.recommendation.variants import (
    LISTENING,
    KnownUsers,
    Variants,
    places_by_name,
)

LEARNED = 0.5  # share of content at which the blend is as it was learned
BLEND, RERANKED = "blend", "re-ranked"
ALONE = "listening alone"  # the blend of the parts that listen, learned without the others
ACCURACY = "ndcg"
N_LISTED = 10  # of the lists that are described


class CurveOptions(Options, frozen=True, kw_only=True):
    """Which points of accuracy against diversity are shown.

    Attributes:
        content_shares: how far the blend is moved: 0 is listening alone, 0.5 as learned, 1 content.
        rerank: strengths of the re-ranking for diversity (MMR) of the learned blend.
        n_reranked: best items of each user that are re-ranked.
    """

    content_shares: Sequence[UpToOne] = (0.0, 0.25, 0.5, 0.75, 1.0)
    rerank: Sequence[UpToOne] = ()
    n_reranked: Count = 100


@dataclass(frozen=True)
class Point:
    """One way to recommend, and its lists.

    Attributes:
        kind: BLEND, RERANKED or ALONE.
        strength: share of content, or of the re-ranking.
        columns: of all test users: `ndcg_at_10`, `recall_at_10`, `top` (n_rows, 10).
    """

    kind: str
    strength: float
    columns: Mapping[str, np.ndarray]

    @property
    def name(self) -> str:
        """Return what the point is called."""
        return f"{self.kind} {self.strength:g}"


class MovingHybrid(MovesToContent, HasVariants, Protocol):
    """A hybrid with blends of its parts, which can be moved."""


def points(
    model: MovingHybrid, variants: Variants, units: np.ndarray, options: CurveOptions
) -> list[Point]:
    """Return the points of a trained hybrid; none where it is one part alone.

    Args:
        model: trained.
        variants: of the test, the first of them.
        units: vectors of the items that lists are re-ranked by, rows of length 1 or 0.
        options: which points.
    """
    users = variants.tests[0]
    alone = variants.of(model)[users.name].get(LISTENING)
    if alone is None:
        return []
    shares = list(dict.fromkeys([*options.content_shares, LEARNED]))
    ranked = partial(_ranked, model, users, units, options, shares)
    blocks = places_by_name(model, ranked, users.blocks())
    found = [Point(*name, users.columns(places)) for name, places in blocks.items()]
    return [*found, Point(ALONE, 0.0, alone)]


def _ranked(
    model: MovingHybrid,
    users: KnownUsers,
    units: np.ndarray,
    options: CurveOptions,
    shares: Sequence[float],
    block: tuple[slice, Batch],
) -> list[tuple[tuple[str, float], Places]]:
    """Return where the held-out items of some rows rank, by kind and strength; in a thread."""
    rows, batch = block
    parts = ask(model.part_scores, batch)  # (n_parts, B, n_items)
    found = {}
    for share in shares:
        scores = ask(model.blended, parts, share).numpy()
        found[BLEND, share] = users.places(rows, scores)
        if share == LEARNED:
            learned = scores
    chosen = _reranked(learned, users, rows, units, options)  # (B, n_rerank, N_LISTED)
    for number, strength in enumerate(options.rerank):
        ranked = found[BLEND, LEARNED]
        found[RERANKED, strength] = users.raised(rows, learned, ranked, chosen[:, number])
    return list(found.items())


def _reranked(
    scores: np.ndarray, users: KnownUsers, rows: slice, units: np.ndarray, options: CurveOptions
) -> np.ndarray:
    """Return the first items of each user at each strength, (B, n_strengths, N_LISTED), or -1."""
    held, n = users.held, options.n_reranked
    candidates = np.arange(scores.shape[1]) if held.candidates is None else held.candidates
    found = np.full((len(scores), len(options.rerank), N_LISTED), -1, dtype=np.int64)
    if not options.rerank:
        return found
    for place, row in enumerate(range(rows.start, rows.stop)):
        open_items = np.ones(len(candidates), dtype=bool)
        open_items[held.seen[row].indices] = False
        own = candidates[open_items]
        best = own[np.argpartition(-scores[place, own], min(n, len(own) - 1))[:n]]
        taken = rerank_each(scores[place, best], units[best], N_LISTED, options.rerank)
        found[place, :, : taken.shape[1]] = best[taken]
    return found


def tradeoff(
    found: Sequence[Point], metrics: Mapping[str, WeightedMetric], weights: Tensor
) -> tuple[list[Section], list[Finding]]:
    """Return the points as table and figure, and the document's question answered.

    Args:
        found: of `points`.
        metrics: that describe the lists, and `ndcg_at_10`, by name.
        weights: of the bootstrap over users, shape (n_resamples, n_rows).
    """
    measured = {
        point.name: {name: _measure(metric, point, weights) for name, metric in metrics.items()}
        for point in found
    }
    rows = []
    for point in found:
        row: dict[str, Any] = {"recommended by": point.kind, "strength": point.strength}
        for name, (value, samples) in measured[point.name].items():
            low, high = interval_around(value, samples)
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    table = pd.DataFrame(rows)
    accuracy = next(name for name in metrics if name.startswith(ACCURACY))
    diversities = [name for name in metrics if name.endswith("diversity")]
    findings = [_answer(found, measured, accuracy, name) for name in diversities]
    figure = partial(tradeoff_figure, table, accuracy, diversities)
    text = (
        "The blend moved from listening alone (0) over what was learned (0.5) to content alone (1)"
        ", and the learned blend re-ranked for diversity (maximal marginal relevance, by strength)"
        ": mean over users with 95 % intervals. " + " ".join(finding.text for finding in findings)
    )
    return [Section("diversity", "Accuracy against diversity", text, table, figure)], findings


def _measure(metric: WeightedMetric, point: Point, weights: Tensor) -> tuple[float, Tensor]:
    columns = {name: torch.from_numpy(np.asarray(own)) for name, own in point.columns.items()}
    ones = torch.ones(1, weights.shape[1], dtype=weights.dtype)
    value = float(metric.score(ones, **columns)[0])
    return value, metric.corrected(value, metric.score(weights, **columns))


def _answer(
    found: Sequence[Point],
    measured: Mapping[str, Mapping[str, tuple[float, Tensor]]],
    accuracy: str,
    diversity: str,
) -> Finding:
    """Return whether the combination is more diverse than listening at no less accuracy."""
    listening, learned = measured[f"{ALONE} 0"], measured[f"{BLEND} {LEARNED:g}"]
    gain, more = (_difference(learned[name], listening[name]) for name in (accuracy, diversity))
    said = "yes" if more[1] > 0 and gain[2] >= 0 else "no"
    if said == "no" and more[1] <= 0 <= more[2]:
        said = "not shown"
    if more[1] > 0 and gain[2] < 0:
        said = "more diverse, but less accurate"
    text = (
        f"Does listening with content recommend more diverse songs ({diversity}) than listening "
        f"alone, at equal accuracy? {said.capitalize()}: diversity {_signed(more)}, {accuracy} "
        f"{_signed(gain)}."
    )
    able = [
        point
        for point in found
        if point.kind == RERANKED and measured[point.name][accuracy][0] >= listening[accuracy][0]
    ]
    if able:
        best = max(able, key=lambda point: measured[point.name][diversity][0])
        extra = _difference(measured[best.name][diversity], listening[diversity])
        text += (
            f" Re-ranked at strength {best.strength:g}, chosen here on the test, it is still as "
            f"accurate as listening alone, with diversity {_signed(extra)}."
        )
    return Finding(f"more_diverse_by_{diversity.removesuffix('_diversity')}", more[0], text)


def _difference(
    one: tuple[float, Tensor], other: tuple[float, Tensor]
) -> tuple[float, float, float]:
    """Return the difference of two values with its paired interval."""
    return one[0] - other[0], *percentile_interval(one[1] - other[1])


def _signed(difference: tuple[float, float, float]) -> str:
    value, low, high = difference
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
