"""A small listening world with two tastes, as the batches that rankers see."""

from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection

from muso_exp.metrics.ranking import ranking_metrics
from muso_exp.models.ranking import Ranker

N_USERS, N_ITEMS, CUTOFFS = 60, 40, [5, 10]


def plays(seed: int = 0) -> csr_matrix:
    """Users of even number play mostly even items, users of odd number odd ones."""
    rng = np.random.default_rng(seed)
    same = (np.arange(N_USERS)[:, None] + np.arange(N_ITEMS)) % 2 == 0
    heard = rng.random((N_USERS, N_ITEMS)) < np.where(same, 0.5, 0.05)
    heard[np.arange(N_USERS), np.arange(N_USERS) % N_ITEMS] = True
    return csr_matrix(heard * rng.integers(1, 50, size=heard.shape), dtype=np.float32)


def train_batch(matrix: csr_matrix) -> dict[str, Tensor]:
    return {
        "crow_indices": torch.from_numpy(matrix.indptr).long(),
        "col_indices": torch.from_numpy(matrix.indices).long(),
        "values": torch.from_numpy(matrix.data),
    }


def eval_batch(seen: csr_matrix, positives: csr_matrix) -> dict[str, Tensor]:
    users = np.flatnonzero(np.diff(positives.indptr))
    batch = {"row": torch.arange(len(users)), "user": torch.from_numpy(users)}
    for name, matrix in (("seen", seen[users]), ("positives", positives[users])):
        batch[f"{name}_crow"] = torch.from_numpy(matrix.indptr).long()
        batch[f"{name}_col"] = torch.from_numpy(matrix.indices).long()
    return {**batch, "target": torch.zeros(len(users))}


def halves(seed: int = 0) -> tuple[csr_matrix, csr_matrix]:
    """Return train plays, and held-out plays of the same users."""
    matrix = plays(seed).tocoo()
    held_out = np.random.default_rng(seed + 1).random(matrix.nnz) < 0.3
    parts = []
    for kept in (~held_out, held_out):
        cells = (matrix.row[kept], matrix.col[kept])
        parts.append(csr_matrix((matrix.data[kept], cells), shape=matrix.shape))
    return parts[0], parts[1]


def fit(
    model: Ranker,
    matrix: csr_matrix,
    epochs: int = 1,
    ckpt_path: Path | None = None,
    **options: object,
) -> pl.Trainer:
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"enable_checkpointing": False, **options},
    )
    trainer.fit(model, DataLoader([train_batch(matrix)], batch_size=None), ckpt_path=ckpt_path)
    return trainer


def evaluate(model: Ranker, seen: csr_matrix, positives: csr_matrix) -> dict[str, float]:
    """Return the test metrics of a model, as a run computes them."""
    model.attach_metrics(MetricCollection(dict(ranking_metrics(CUTOFFS))))
    batch = eval_batch(seen, positives)
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False
    )
    (metrics,) = trainer.test(model, DataLoader([batch], batch_size=None), verbose=False)
    return {name.removeprefix("test/"): value for name, value in metrics.items()}
