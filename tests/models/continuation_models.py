"""Small recommenders of playlists, fitted on tracks that sound like one of two kinds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from ranking_world import N_ITEMS, N_USERS, halves, train_batch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.utils.data import DataLoader

from muso_exp.features.hidden_items import hide_plays
from muso_exp.features.tracks import FEATURES
from muso_exp.models.blend import Blend
from muso_exp.models.cluster_members import ClusterMembers
from muso_exp.models.cooccurrence_net import CooccurrenceNet
from muso_exp.models.nearest_features import NearestFeatures
from muso_exp.models.ranking import Ranker
from muso_exp.models.titles import Titles

CONF = Path(__file__).parents[2] / "conf" / "model"
NAMES = list(FEATURES)
SIZES = {"n_users": N_USERS, "n_items": N_ITEMS, "cutoffs": [5, 10], "n_top": 10}
NET = {"hidden_size": 16, "batch_songs": 12}
MODELS: dict[str, Callable[[], Ranker]] = {
    "nearest_mean": lambda: NearestFeatures(**SIZES),
    "nearest_each": lambda: NearestFeatures(**SIZES, query="nearest"),
    "cluster": lambda: ClusterMembers(**SIZES, n_clusters=2, scaling="standard", train_share=0.3),
    "cluster_all": lambda: ClusterMembers(**SIZES, n_clusters=2, members="all"),
    "titles": lambda: Titles(**SIZES),
    "net": lambda: CooccurrenceNet(**SIZES, **NET, detached=False),
    "net_as_published": lambda: CooccurrenceNet(**SIZES, **NET),
    "blend": lambda: Blend(**SIZES, seed_counts=[0, 2, 4], n_validation=5, options=PARTS),
}
PARTS = {"wmf": {"n_factors": 4, "iterations": 3}}
DEAF = 7  # a track without features


def sounds() -> dict[str, Tensor]:
    """Even tracks are loud and fast, odd ones are not; track 7 has no features."""
    rng = np.random.default_rng(5)
    even = (np.arange(N_ITEMS) % 2 == 0)[:, None]
    values = np.where(even, 0.7, 0.3) + 0.05 * rng.normal(size=(N_ITEMS, len(NAMES)))
    values[DEAF] = np.nan
    order = rng.permutation(N_ITEMS)
    order[DEAF] = -1
    titles = {  # playlists of even number are called alike, those of odd number too
        "title_crow": torch.arange(N_USERS + 1),
        "title_col": torch.arange(N_USERS) % 2,
        "n_words": torch.tensor(2),
    }
    heard = {"features": torch.from_numpy(values).float(), "file_order": torch.from_numpy(order)}
    return heard | titles


def known_content() -> dict[str, Tensor]:
    """Two columns of metadata: whether a track is of an even number; three of its sound."""
    even = np.arange(N_ITEMS) % 2 == 0
    noise = 0.1 * np.random.default_rng(6).random((N_ITEMS, 3))
    kind = np.column_stack([even, ~even])
    content = csr_matrix(np.column_stack([kind, kind[:, :1] + noise]), dtype=np.float32)
    return {
        "content_crow": torch.from_numpy(content.indptr).long(),
        "content_col": torch.from_numpy(content.indices).long(),
        "content_values": torch.from_numpy(content.data),
        "content_is_sound": torch.arange(5) > 1,
        "artist": torch.arange(N_ITEMS) // 4,
    }


def hidden_plays(matrix: csr_matrix) -> dict[str, Tensor]:
    """A fifth of the items, and of the other plays, that a model may choose by."""
    artist = np.arange(matrix.shape[1]) // 4
    found = hide_plays(csr_matrix(matrix), artist, 0.2, 0.2, 0.2, 0)
    return {"hidden": torch.from_numpy(found.which)}


def fit(model: Ranker, matrix: csr_matrix, epochs: int = 1, **changes: Tensor) -> Ranker:
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    batch = train_batch(matrix) | sounds() | known_content() | hidden_plays(matrix) | changes
    trainer.fit(model, DataLoader([batch], batch_size=None))
    return model.eval()


def train_each() -> dict[str, Ranker]:
    """Return each of `MODELS`, fitted."""
    seen, _ = halves()
    epochs = {"net": 40, "net_as_published": 5}
    return {name: fit(make(), seen, epochs.get(name, 1)) for name, make in MODELS.items()}
