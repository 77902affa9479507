"""What a recommender is asked beyond its ranking: neighbours, factors, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.data.base import Predict, SideTask
from muso_exp.errors import ConfigError
from muso_exp.figures.common import forest_figure
from muso_exp.metrics.resampling import RESAMPLING_SEED, bootstrap_weights, percentile_interval
from muso_exp.metrics.tags import MacroRocAuc, tag_metrics
from muso_exp.records import Section
from muso_exp.tasks.tagging.probe import TagRows

if TYPE_CHECKING:
    from muso_exp.data.plays import Plays

N_QUERIES = 3  # items whose neighbours are shown where none are named
RESAMPLES = 1000  # behind the intervals of the tags
ACTIVITY = ((0, 10), (10, 20), (20, 50), (50, 100), (100, 500), (500, np.inf))


def sections(data: Plays, table: pd.DataFrame, predict: Predict) -> list[Section]:
    """Return what the model can tell: by activity, neighbours, factors, tags."""
    return [
        by_activity(data, table),
        *neighbours(data, predict),
        *factors(data, predict),
        *tag_section(data.tags, data.tag_scores),
    ]


def by_activity(data: Plays, table: pd.DataFrame) -> Section:
    """Return the area under the curve of users with few and with many items in training."""
    sizes = np.diff(data.test_held.seen.indptr)
    if data.test_held.candidates is not None:
        sizes = np.diff(data.split.train.indptr)[data.test_held.users]
    rows = []
    for low, high in ACTIVITY:
        chosen = table["auc"][(sizes >= low) & (sizes < high)].dropna()
        if len(chosen):
            label = f"{low} to {high - 1:.0f}" if np.isfinite(high) else f"{low} or more"
            reach = 1.96 * chosen.std(ddof=0) / np.sqrt(len(chosen))
            low, high = np.clip([chosen.mean() - reach, chosen.mean() + reach], 0, 1)
            rows.append((label, len(chosen), chosen.mean(), low, high))
    shown = pd.DataFrame(rows, columns=["items in training", "users", "auc", "low", "high"])
    figure = forest_figure(
        [f"{row[0]} ({row[1]} users)" for row in rows],
        shown["auc"].to_numpy(),
        shown[["low", "high"]].to_numpy(),
        "mean AUC of users with so many items in training, 95 % interval",
        0.5,
    )
    text = (
        "Who is served well: the mean over users by how much is known of them, with its 95 % "
        "interval; the dashed line is a random order."
    )
    return Section("activity", "By activity of the user", text, shown, figure)


def neighbours(data: Plays, predict: Predict) -> list[Section]:
    """Return the items nearest to some items, by what the model learned."""
    items = data.asked
    try:
        answer = predict({"item": torch.tensor(items)})
    except TypeError:  # the model knows no likeness of items
        return []
    names = data.data.names
    tables = [
        pd.DataFrame(
            {
                "query": names[item],
                "neighbour": [names[other] for other in answer["neighbours"][place].tolist()],
                "similarity": answer["similarity"][place].tolist(),
            }
        )
        for place, item in enumerate(items)
    ]
    text = "The items most alike by what the model learned (thesis, tables 6.3, 6.5 and 6.7)."
    return [Section("neighbours", "Nearest items", text, table=pd.concat(tables))]


def query_items(data: Plays) -> list[int]:
    """Return the items whose neighbours are shown: those asked for, or the most played.

    Raises:
        ConfigError: an item that the data do not have.
    """
    if not data.queries:
        total = np.asarray(data.split.train.sum(axis=0)).ravel()
        return np.argsort(-total, kind="stable")[:N_QUERIES].tolist()
    known = {name.casefold(): place for place, name in reversed(list(enumerate(data.data.names)))}
    known |= {str(i): place for place, i in enumerate(data.data.items["id"])}
    found = [known.get(str(query).casefold(), known.get(str(query))) for query in data.queries]
    for query, place in zip(data.queries, found, strict=True):
        if place is None:
            raise ConfigError(f"dataset.queries: no item is called {query!r}; names and ids count")
    return [place for place in found if place is not None]


def factors(data: Plays, predict: Predict) -> list[Section]:
    """Return the latent factors with ids and names, written to `factors.npz`."""
    answer = predict({"factors": torch.zeros(0)})
    if not answer:
        return []
    arrays = {name: value.numpy() for name, value in answer.items()}
    arrays["users"] = data.data.users
    arrays["item_ids"] = data.data.items["id"].to_numpy().astype(str)
    arrays["item_names"] = np.array(data.data.names, dtype=str)
    (n_items, n_factors), n_users = arrays["item_factors"].shape, len(data.data.users)
    text = f"factors.npz: {n_factors} factors of {n_users} users and {n_items} items, with ids."
    return [Section("factors", "Latent factors", text, arrays=arrays)]


def tag_scores(rows: TagRows, predict: Predict) -> Tensor | None:
    """Return the logits (n_test, n_tags) of the tag probe, solved on the train items' factors.

    None where the model has no factors of items.
    """
    answer = predict({"factors": torch.zeros(0)})
    if not answer:
        return None
    return rows.probe(answer["item_factors"].numpy()[rows.items])


def tag_task(rows: TagRows | None, scores: Tensor | None) -> SideTask | None:
    """Return the test of the tag probe beside the null models; None where there is none."""
    if rows is None or scores is None:
        return None
    return SideTask(
        MetricCollection({**tag_metrics()}, compute_groups=False),
        {"scores": scores},
        rows.labels("test"),
        rows.units[rows.rows["test"]],
        rows.nulls(),
    )


def tag_section(rows: TagRows | None, scores: Tensor | None) -> list[Section]:
    """Return the area under the curve of each tag, as table and figure."""
    if rows is None or scores is None:
        return []
    units = rows.units[rows.rows["test"]]
    return [tag_areas_section(scores, rows.labels("test"), rows.names, units)]


def tag_areas_section(
    scores: Tensor, target: Tensor, names: list[str], units: np.ndarray
) -> Section:
    """Return the area under the curve of each tag, with its interval over units (artists).

    Args:
        scores: of each row and tag, shape (n_rows, n_tags).
        target: which tags each row has, shape (n_rows, n_tags).
        names: of the tags.
        units: of each row, see `muso_exp.metrics.resampling.bootstrap_weights`.
    """
    weights = bootstrap_weights(units, RESAMPLES, RESAMPLING_SEED)
    ones = torch.ones(1, len(target), dtype=torch.float64)
    areas = MacroRocAuc().per_tag(torch.cat([ones, weights]), scores=scores, target=target)
    intervals = np.array([percentile_interval(tag) for tag in areas[1:].T])
    shown = pd.DataFrame({"tag": names, "test items": target.sum(dim=0).int().tolist()})
    shown["roc_auc"], shown["low"], shown["high"] = areas[0].numpy(), *intervals.T
    order = shown.sort_values("roc_auc", ascending=False).dropna()
    labels = [f"{tag} ({n})" for tag, n in zip(order["tag"], order["test items"], strict=True)]
    figure = forest_figure(
        labels,
        order["roc_auc"].to_numpy(),
        order[["low", "high"]].to_numpy(),
        "area under the ROC curve, 95 % interval",
        0.5,
    )
    text = (
        "Logistic regressions from the item factors to tags, on items held out from the probe. In "
        "brackets: test items with the tag; the dashed line is a guess."
    )
    return Section("tag_auc", "Which tags the factors know", text, order, figure)
