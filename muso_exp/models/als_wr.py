"""WMF whose norms count by the entries of their rows (ALS-WR), by our kernel or by Spark."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features import als, wmf
from muso_exp.features.als_device import solve_half
from muso_exp.features.als_spark import fit_by_spark
from muso_exp.models.factor_ranker import FactorRanker
from muso_exp.options import Count, Cutoffs, Inert, NotNegative, Positive, Seed
from muso_exp.records import Batch
from muso_exp.spark import LOCAL


class ALSWR(FactorRanker):
    """Latent factors of users and items with log confidence, as `muso_exp.models.wmf.WMF` has it.

    The squared norm of a row counts once for each of its entries. One epoch is one sweep (users,
    then items); with Spark all epochs are one fit of MLlib, which starts from factors of its own
    and solves exactly. `train/loss` is the objective, summed over all cells.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_factors: latent factors.
        regularization: weight of a row's squared norm for each of its entries.
        alpha: weight of a log-play, no unit.
        epsilon: plays at which the log starts to bend.
        cg_steps: steps of conjugate gradients towards each exact solution, of our kernel.
        init_std: standard deviation of the factors at the start, normal, of our kernel.
        seed: of the factors at the start.
        engine: `blocked`, our kernel, or `spark`.
        spark_master: address of Spark, see `muso_exp.spark.spark_session`.
        spark_folder: for what goes to Spark and comes back, on a cluster where all its machines
            see it; None: the system's folder for temporary files.
        n_top: length of the recommended lists.

    Source: document 5, section V-C (confidence); Zhou et al., AAIM 2008 (ALS-WR). Deviation: none.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_factors: Count = 40,
        regularization: NotNegative = 0.1,
        alpha: NotNegative = 2.0,
        epsilon: Positive = 1.0,
        cg_steps: Count = 3,
        init_std: Positive = 0.01,
        seed: Seed = 0,
        engine: Literal["blocked", "spark"] = "blocked",
        spark_master: Inert[str] = LOCAL,
        spark_folder: Inert[str | None] = None,
        n_top: Count = 10,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_factors, init_std, seed, n_top)
        self.save_hyperparameters(logger=False)
        self.regularization, self.alpha, self.epsilon = regularization, alpha, epsilon
        self.cg_steps, self.seed, self.engine = cg_steps, seed, engine
        self.spark_master, self.spark_folder = spark_master, spark_folder

    def sweep(self, confidence: csr_matrix, transposed: csr_matrix) -> None:
        """Solve the users and then the items, or let Spark do its whole fit."""
        if self.engine == "spark":
            self._fit_by_spark(confidence)
            return
        users, items = self.user_factors, self.item_factors
        solve_half(confidence, users, items, self._ridge(confidence), self.cg_steps)
        solve_half(transposed, items, users, self._ridge(transposed), self.cg_steps)

    def _fit_by_spark(self, confidence: csr_matrix) -> None:
        strength = confidence.copy()
        strength.data -= 1
        found = fit_by_spark(
            *(strength, self.n_factors, self.trainer.max_epochs or 1, self.regularization),
            *(self.seed, self.spark_master, Path(self.spark_folder or tempfile.gettempdir())),
        )
        for own, value in zip((self.user_factors, self.item_factors), found, strict=True):
            own.copy_(torch.from_numpy(value))
        self.trainer.should_stop = True

    def weigh(self, plays: csr_matrix) -> csr_matrix:
        """Return the total confidence of play counts (n_users, n_items)."""
        return wmf.log_confidence(plays, self.alpha, self.epsilon)

    def objective(self, confidence: csr_matrix) -> float:
        """Return what the sweeps minimise: squared errors, and norms by their rows' entries."""
        users, items = self.user_factors, self.item_factors
        norms = 0.0
        for rows, lengths in (
            (users, np.diff(confidence.indptr)),
            (items, np.bincount(confidence.indices, minlength=len(items))),
        ):
            squared = rows.double().square().sum(dim=1).cpu().numpy()
            norms += float(squared @ lengths)
        return wmf.objective(confidence, users, items, 0.0) + self.regularization * norms

    def fold_in(self, batch: Batch) -> Tensor:
        """Return the factors of new rows, between the items, shape (B, n_factors)."""
        confidence = self.weigh(self.new_plays(batch))
        ridge = self._ridge(confidence)
        rows = [
            als.fold_in(confidence[row], self.item_factors, float(ridge[row]), False)
            for row in range(confidence.shape[0])
        ]
        return torch.cat(rows)

    def _ridge(self, confidence: csr_matrix) -> np.ndarray:
        """Return the weight of each row's squared norm, shape (n_rows,)."""
        return (self.regularization * np.diff(confidence.indptr)).astype(np.float32)
