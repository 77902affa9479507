"""The further test of factors from sound: test clips recommended by them (table 6.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torchmetrics import MetricCollection

from muso_exp.features.factor_scaling import FactorScaling
from muso_exp.metrics.drawn_items import DrawnItems
from muso_exp.metrics.ranking import UserMean, ranking_metrics
from muso_exp.models.abilities import GivesEmbedding, ask
from muso_exp.records import Batch, Columns
from muso_exp.tasks.base import ExtraTask, NotAnsweredError
from muso_exp.tasks.factor_regression.baselines import artist_popularity, guesses
from muso_exp.tasks.factor_regression.factor_clips import FactorClips
from muso_exp.tasks.new_clips import predict_batches

UPPER = "upper_bound_"  # before the metrics of the true factors


class HeardFactors:
    """The factors that a model predicts of all clips; each model is asked once.

    Args:
        batches: of all clips, in row order; can be iterated again.
        scaling: how factors became targets.
    """

    def __init__(self, batches: Iterable[Batch], scaling: FactorScaling) -> None:
        self.batches, self.scaling = batches, scaling
        self._model: Any = None
        self._factors = np.empty((0, 0))

    def of(self, model: Any) -> np.ndarray:
        """Return the model's factors of all clips, shape (n_clips, n_factors)."""
        if self._model is not model:
            preds = predict_batches(model, self.batches)["preds"]
            self._factors, self._model = self.scaling.invert(preds.numpy()), model
        return self._factors

    def layers_of(self, model: Any) -> np.ndarray | None:
        """Return the model's inner representation of all clips (n_clips, D); None without one."""
        if not isinstance(model, GivesEmbedding):
            return None
        return torch.cat([ask(model.embedding, batch["x"]) for batch in self.batches]).numpy()


class NewSongRecommendation(ExtraTask):
    """Rank the test clips for users who are known by their plays of train clips.

    Users are the independent unit.

    Args:
        rows: clips with factors, and the listening test.
        heard: the factors that a model predicts.
    """

    def __init__(self, rows: FactorClips, heard: HeardFactors) -> None:
        self.rows, self.heard = rows, heard
        self.target, self.units = rows.listening.target(), rows.users[:, None]

    def metrics(self) -> MetricCollection:
        """Return the ranking metrics, and those of the true factors as the upper bound."""
        cutoffs, n_clips = self.rows.listening.cutoffs, self.rows.listening.held.shape[1]
        found: dict[str, Any] = dict(ranking_metrics(cutoffs, n_clips))
        for name in ("auc", *(f"map_at_{k}" for k in cutoffs)):
            found[UPPER + name] = UserMean("upper_" + name.replace("map_at", "ap_at"))
        return MetricCollection(found, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return a random order, artists by their plays, and the factors of the task's nulls."""
        rows = self.rows
        known = guesses(rows, rows.known_factors())
        ranked = {name: rows.ranked(values) for name, values in known.items()}
        popular = rows.listening.rank_by(artist_popularity(rows))
        nulls = {"random": rows.listening.rank_alike(), "artist_popularity": popular, **ranked}
        return {name: _with_upper(columns, columns) for name, columns in nulls.items()}

    def drawn_items(self, n_resamples: int) -> DrawnItems | None:
        """Return the test clips by their artists: no play of them was in training."""
        clips = self.rows.clips
        artists = np.unique(clips.artists[clips.parts["test"]], return_inverse=True)[1]
        return self.rows.listening.drawn(artists, n_resamples)

    def ask(self, model: Any) -> Columns:
        """Return the ranking columns of the predicted factors, those of the true ones beside.

        Raises:
            NotAnsweredError: no user has played train and test clips.
        """
        rows = self.rows
        if not len(rows.listening.users):
            raise NotAnsweredError("no user has played train and test clips")
        return _with_upper(rows.ranked(self.heard.of(model)), rows.ranked(rows.factors))


def _with_upper(columns: Columns, upper: Columns) -> Columns:
    """Return ranking columns with those of the upper bound beside them."""
    beside = {f"upper_{k}": v for k, v in upper.items() if k == "auc" or k.startswith("ap_at")}
    return {**columns, **beside}
