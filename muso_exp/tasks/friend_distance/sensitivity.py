"""Which categories and which items move a model's prediction (a wish of the MuSo document)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix, diags_array
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.figures.common import bars_figure
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.friend_distance import expected_dos
from muso_exp.records import Batch, Columns, Section
from muso_exp.tasks.friend_distance.pair_vectors import PairVectors
from muso_exp.tasks.friend_distance.user_pairs import UserPairs

BATCH = 256
SHOWN_ITEMS = 20  # bars in the figure

Predict = Callable[[Batch], Columns]


@dataclass(frozen=True)
class Probe:
    """Test pairs over only those users who are in them, and the trained model.

    Attributes:
        split: the pairs; user numbers are rows of `plays`.
        plays: play counts of each category, shapes (n_users, n_items).
        predict: a batch in, prediction columns out.
    """

    split: PairVectors
    plays: dict[str, csr_matrix]
    predict: Predict

    @classmethod
    def of(cls, pairs: UserPairs, predict: Predict, max_pairs: int) -> Probe:
        """Take all test pairs, or `max_pairs` of them drawn by the pairs' seed."""
        test = pairs.vectors["test"]
        rows = np.arange(len(test))
        if len(rows) > max_pairs:
            rng = np.random.default_rng(pairs.seed)
            rows = np.sort(rng.choice(rows, max_pairs, replace=False))
        users, index = np.unique(test.pairs[rows], return_inverse=True)
        plays = {name: counts[users] for name, counts in pairs.listeners.plays.items()}
        vectors = pairs.vectoriser.users(plays)
        own = index.reshape(-1, 2)
        split = PairVectors.of(test.number, own, test.dos[rows], pairs.vectoriser, vectors)
        return cls(split, plays, predict)

    def columns(
        self, plays: Mapping[str, csr_matrix] | None = None, rows: np.ndarray | None = None
    ) -> Columns:
        """Predict some rows (default all), under other listening in some categories."""
        split = self.split if plays is None else self.split.with_listening(plays)
        chosen = np.arange(len(split)) if rows is None else rows
        batches = [
            self.predict(split[chosen[start : start + BATCH].tolist()])
            for start in range(0, len(chosen), BATCH)
        ]
        return {name: torch.cat([batch[name] for batch in batches]) for name in batches[0]}


def sensitivity_sections(
    pairs: UserPairs,
    predict: Predict,
    metrics: MetricCollection,
    n_repeats: int = 5,
    n_items: int = 20,
    max_pairs: int = 400,
) -> list[Section]:
    """Return tables and figures of what moves the prediction, by category and by item.

    Args:
        pairs: pairs whose test split is probed; the model is not trained again.
        predict: the trained model: a batch in, prediction columns out.
        metrics: of the task; how much each changes.
        n_repeats: permutations of each category.
        n_items: items tried in each category, those with the most plays among the probed users.
        max_pairs: at most so many test pairs are probed, drawn by the pairs' seed.

    Returns:
        Two sections, `sensitivity_categories` and `sensitivity_items`.

    Source: MuSo, its wish for a sensitivity analysis; permutation importance as in Breiman 2001.
    Deviation: whole categories change places between users, so that each stays a real listening.
    """
    probe = Probe.of(pairs, predict, max_pairs)
    before = probe.columns()
    names = {name: pairs.listeners.items[name] for name in probe.plays}
    categories = _category_table(probe, before, metrics, n_repeats, pairs.seed)
    items = item_table(probe, before, names, n_items)
    caveat = _caveat("tag" in names and pairs.vectoriser.options.tag_order == "shuffled")
    return [
        _category_section(categories, len(probe.split), n_repeats, caveat),
        _item_section(items, caveat),
    ]


def _caveat(shuffled: bool) -> str:
    """Return what a change of the prediction does not show."""
    text = (
        " This is what moves the prediction, right or wrong: of a model that the card calls no "
        "better than null it says nothing about taste."
    )
    if shuffled:
        text += " Tags stand at other inputs in every vector, so that no tag has a meaning here."
    return text


def category_changes(
    probe: Probe, category: str, before: Columns, n_repeats: int, seed: int
) -> tuple[np.ndarray, list[Columns]]:
    """Let the users exchange their listening of one category at random.

    Returns:
        The mean absolute change of the predicted DOS in each repeat, shape (n_repeats,), in
        degrees, and the prediction columns of each repeat.
    """
    moved, columns = [], []
    for repeat in range(n_repeats):
        counts = probe.plays[category]
        order = np.random.default_rng([seed, repeat]).permutation(counts.shape[0])
        after = probe.columns({category: counts[order]})
        moved.append(float(_shift(before, after).mean()))
        columns.append(after)
    return np.array(moved), columns


def item_table(
    probe: Probe, before: Columns, names: Mapping[str, list[str]], n_items: int
) -> pd.DataFrame:
    """Take one item at a time out of all users' listening and predict its pairs again.

    Args:
        probe: pairs and model.
        before: prediction columns of all its pairs.
        names: of the items of each category, in column order.
        n_items: items tried in each category, those with the most plays.

    Returns:
        A row per item, the strongest first: `item`, `category`, `pairs` in which one of the users
        plays it, and over these pairs the mean absolute change of the predicted DOS (degrees) and
        of the friend score.
    """
    rows = []
    for category, counts in probe.plays.items():
        total = np.asarray(counts.sum(axis=0)).ravel()  # (n_items,)
        most = np.argsort(-total, kind="stable")[:n_items]
        for item in most[total[most] > 0]:
            pairs = _pairs_with(probe, counts, item)
            after = probe.columns({category: _without(counts, item)}, pairs)
            own = {name: column[pairs] for name, column in before.items()}
            friend = (after["friend"] - own["friend"]).abs().double().mean()
            degrees = float(_shift(own, after).mean())
            rows.append((names[category][item], category, len(pairs), degrees, float(friend)))
    columns = ["item", "category", "pairs", "change of DOS", "change of friend score"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(columns[3:], ascending=False, kind="stable", ignore_index=True)


def _shift(before: Columns, after: Columns) -> Tensor:
    """Return by how many degrees each row's predicted DOS moved, shape (n_rows,)."""
    return (expected_dos(after["strategy"]) - expected_dos(before["strategy"])).abs()


def _pairs_with(probe: Probe, counts: csr_matrix, item: int) -> np.ndarray:
    """Return the rows in which at least one of the two users plays the item."""
    plays_it = counts[:, [item]].toarray().ravel() > 0  # (n_users,)
    return np.flatnonzero(plays_it[probe.split.pairs].any(axis=1))


def _without(counts: csr_matrix, item: int) -> csr_matrix:
    keep = np.ones(counts.shape[1])
    keep[item] = 0.0
    return csr_matrix(counts @ diags_array(keep))


def _category_table(
    probe: Probe, before: Columns, metrics: MetricCollection, n_repeats: int, seed: int
) -> pd.DataFrame:
    """Return a row per category, the strongest first: changes of the DOS and of each metric."""
    score, rows = _scores(metrics, probe, before), []
    for category in probe.plays:
        moved, columns = category_changes(probe, category, before, n_repeats, seed)
        changes = pd.DataFrame([_scores(metrics, probe, after) - score for after in columns]).mean()
        spread = moved.std(ddof=1) if n_repeats > 1 else np.nan
        own = {"category": category, "change of DOS": moved.mean(), "spread": spread}
        rows.append(own | {f"change of {name}": change for name, change in changes.items()})
    table = pd.DataFrame(rows)
    return table.sort_values("change of DOS", ascending=False, kind="stable", ignore_index=True)


def _scores(metrics: MetricCollection, probe: Probe, columns: Columns) -> pd.Series:
    by_name = cast("dict[str, WeightedMetric]", dict(metrics))
    rows = {**columns, "target": probe.split.target()}
    weights = torch.ones(1, len(probe.split), dtype=torch.float64)
    values = [float(metric.score(weights, **rows)) for metric in by_name.values()]
    return pd.Series(values, index=list(by_name))


def _category_section(table: pd.DataFrame, n_pairs: int, n_repeats: int, caveat: str) -> Section:
    text = (
        f"The users of {n_pairs} test pairs exchange their listening of one category at random, "
        f"{n_repeats} times. Change of DOS: mean absolute change of the predicted degree; spread: "
        f"its standard deviation over the times; then the mean change of each metric.{caveat}"
    )
    labels = table["category"].tolist()
    errors = table["spread"].fillna(0.0).to_numpy()
    xlabel = "mean change of the predicted DOS, degrees"
    figure = partial(bars_figure, labels, table["change of DOS"].to_numpy(), errors, xlabel)
    return Section("sensitivity_categories", "Which categories count", text, table, figure)


def _item_section(table: pd.DataFrame, caveat: str) -> Section:
    text = (
        "One item at a time is taken out of all users' listening and the vectors are made again; "
        "mean absolute change over the test pairs in which one of the two users plays it. Tried: "
        f"the most played items of each category, {len(table)} in all.{caveat}"
    )
    top = table.head(SHOWN_ITEMS)
    labels = [f"{item} ({kind})" for item, kind in zip(top["item"], top["category"], strict=True)]
    xlabel = "mean change of the predicted DOS, degrees"
    figure = partial(bars_figure, labels, top["change of DOS"].to_numpy(), None, xlabel)
    return Section("sensitivity_items", "Which items count", text, top, figure)
