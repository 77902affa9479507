"""The elbow: sums of squares of the train tracks over the number of clusters."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.figures.clusters import elbow_figure
from muso_exp.metrics.clustering import Silhouette, SumOfSquares
from muso_exp.metrics.resampling import Bootstrap, percentile_interval
from muso_exp.models.abilities import ask
from muso_exp.models.shown_abilities import ClustersAtEachK
from muso_exp.records import Columns, Section
from muso_exp.tasks.base import Answer, ExtraTask, NotAnsweredError
from muso_exp.tasks.clustering.baselines import null_curves
from muso_exp.tasks.clustering.clustered_tracks import ClusteredTracks, ClusterOptions


class Elbow(ExtraTask):
    """Sum of squares of the train tracks to their centres, for each number of clusters (WCSS).

    Args:
        tracks: with their split.
        options: which numbers of clusters.
    """

    def __init__(self, tracks: ClusteredTracks, options: ClusterOptions) -> None:
        self.tracks, self.options = tracks, options
        self.target, self.units = tracks.inputs["train"], tracks.units["train"]

    def metrics(self) -> MetricCollection:
        """Return the sum of squares, by the number of clusters."""
        sums = {f"wcss_at_{k}": SumOfSquares(i) for i, k in enumerate(self.options.curve)}
        return MetricCollection(dict(sums), compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return clusterings of `muso_exp.tasks.clustering.baselines`."""
        return self._nulls

    def ask(self, model: Any) -> Columns:
        """Return `curve_squared_distance`, shape (n_train, n_ks).

        Raises:
            NotAnsweredError: the model has one number of clusters only.
        """
        if not isinstance(model, ClustersAtEachK):
            raise NotAnsweredError("the model has no clusters for other numbers of them")
        return {"curve_squared_distance": ask(model.at_each_k, self.target).squared_distance}

    @cached_property
    def _nulls(self) -> dict[str, Columns]:
        options = self.options
        train = self.tracks.x("train")
        return null_curves(train, self.tracks.features, options.curve, options.seed)


def elbow_sections(elbow: Elbow, answer: Answer) -> list[Section]:
    """Return the sum of squares and the silhouette over the number of clusters.

    Nothing where the model has no clusters for other numbers of them.
    """
    tracks, options, model = elbow.tracks, elbow.options, answer.model
    if not isinstance(model, ClustersAtEachK):
        return []
    train = ask(model.at_each_k, tracks.inputs["train"]).squared_distance.double()
    wcss = train.sum(dim=0).numpy()
    silhouette = _silhouettes(model, tracks.inputs["test"], options.samples.silhouette_rows)
    names, null = best_null_sums(elbow)
    table = pd.DataFrame({"k": options.curve, "WCSS, train": wcss})
    comparable = tracks.published and tracks.scaling == "none"  # a sum grows with rows and units
    reported = options.reported if comparable else []
    if reported:
        table["the paper's code"] = reported
        table["measured / the paper's"] = wcss / np.array(reported)
    table["best null model's"], table["best null model"] = null, names
    table["silhouette, test"] = silhouette
    figure = partial(
        elbow_figure, options.curve, wcss, null, reported, silhouette, options.n_clusters
    )
    text = (
        "The document looks for the bend of the left curve. The sum of squares falls with any k, "
        "of noise and of null models too; the silhouette need not."
    )
    if reported:
        half = half_widths(train, elbow.units, answer.bootstrap)
        text += " " + one_curve(tracks, options, half, null)
    return [Section("elbow", "How many clusters?", text, table, figure)]


def _silhouettes(model: ClustersAtEachK, x: Tensor, n_sample: int) -> np.ndarray:
    """Return the silhouette of rows x for each number of clusters, shape (n_ks,)."""
    labels = ask(model.at_each_k, x).cluster
    one = torch.ones(1, len(x), dtype=torch.float64)
    metrics = [(Silhouette(n_sample), own) for own in labels.T.contiguous()]
    return np.array([float(m.score(one, cluster=own, target=x)[0]) for m, own in metrics])


def best_null_sums(elbow: Elbow) -> tuple[list[str], np.ndarray]:
    """Return the null model of least squares on train for each k of the curve, and its sum."""
    nulls = elbow.null_columns
    sums = np.stack([c["curve_squared_distance"].sum(dim=0).numpy() for c in nulls.values()])
    return [list(nulls)[best] for best in sums.argmin(axis=0)], sums.min(axis=0)


def half_widths(squared: Tensor, units: np.ndarray, bootstrap: Bootstrap) -> np.ndarray:
    """Return half the width of the card's interval of each sum of squares, shape (n_ks,).

    Args:
        squared: squared distance of each train track, shape (n_train, n_ks), float64.
        units: of the train tracks, as the card resamples them.
        bootstrap: of the card.
    """
    sums = bootstrap.weights(units) @ squared  # (n_resamples, n_ks)
    ends = np.array([percentile_interval(column) for column in sums.T])  # (n_ks, 2)
    return (ends[:, 1] - ends[:, 0]) / 2


def one_curve(
    tracks: ClusteredTracks, options: ClusterOptions, half: np.ndarray, null: np.ndarray
) -> str:
    """Return how far the verdicts on the reported sums can be trusted.

    Args:
        tracks: of the published table.
        options: with the reported sums.
        half: half the width of the card's interval of each sum, shape (n_ks,).
        null: sums of the best null model, shape (n_ks,).
    """
    n_train, n_tracks = len(tracks.rows["train"]), len(tracks.tracks)
    alike = np.abs(null - np.array(options.reported)) <= half
    at = ", ".join(str(k) for k, near in zip(options.curve, alike, strict=True) if near)
    shared = n_train / n_tracks
    return (
        "The verdicts on the reported sums are on one curve of one draw of tracks: they stand or "
        "fall together and are no independent trials. Two draws of "
        f"{n_train:,} of {n_tracks:,} tracks have {shared:.0%} of them in common on average, and "
        f"differ {np.sqrt(2 * (1 - shared)):.2f} times as much as the card's intervals allow, "
        "which take the tracks for a draw from endlessly many. A null model's sum lies within "
        f"such an interval of the reported one at {f'k = {at}' if at else 'no k'}: there the "
        "number says nothing of the clustering."
    )
