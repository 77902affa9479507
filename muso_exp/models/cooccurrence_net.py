"""The baseline net of document 4: from a song's audio features to which songs it stands beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from muso_exp.features.cooccurrence import cooccurrence, linear_errors
from muso_exp.memory import require_memory
from muso_exp.models.feature_ranker import FeatureRanker
from muso_exp.models.nearest_features import ELEVEN
from muso_exp.models.ranking import read_csr
from muso_exp.models.regression import require_dropout
from muso_exp.models.shown_abilities import DevError, TrainingProgress
from muso_exp.options import Count, Cutoffs, Inert, Positive, PositiveShare, Seed, Share
from muso_exp.records import Batch


class CooccurrenceNet(FeatureRanker):
    """11 -> 1000 -> n_songs with ReLU: the target of a song is its row of co-occurrence counts.

    A step takes some train songs; their rows count in how many playlists each other song stands
    beside them. A playlist is scored by the mean output of its seeds.

    Args:
        n_users: number of playlists, from the data set.
        n_items: number of tracks, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_top: length of the recommended lists, from the data set.
        features: inputs.
        hidden_size: units of the hidden layer.
        dropout: share of the hidden units that is dropped in training.
        lr: of Adam.
        batch_songs: songs of a step; one epoch is one step. The document does not say.
        detached: as published: the loss is cut off from the net, so that no gradient reaches it.
        train_share: of the songs, to train on.
        dev_share: of the songs, for the dev loss.
        max_gib: memory that the weights may take, with their gradients and Adam's two moments
            where a gradient reaches them.
        seed: of weights, split and steps.

    Raises:
        ConfigError: too many songs for the memory.
        ValueError: `lr` is not > 0, or `dropout` is no share.

    Source: document 4, baseline neural network, and its authors' code. Deviation: only the tracks
    with features are inputs; `detached=false` repairs the training.
    """

    one_step = False
    start: Tensor
    gradient: Tensor
    split: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_top: Count = 10,
        features: Sequence[str] = ELEVEN,
        hidden_size: Count = 1000,
        dropout: Share = 0.0,
        lr: Positive = 0.01,
        batch_songs: Count = 256,
        detached: bool = True,
        train_share: PositiveShare = 0.7,
        dev_share: PositiveShare = 0.2,
        max_gib: Inert[Positive] = 8.0,
        seed: Seed = 0,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top, features, "standard")
        if not lr > 0:
            raise ValueError(f"model.lr must be > 0, got {lr}")
        require_dropout(dropout)
        kept = 1 if detached else 4  # weights, gradients, and two moments of Adam
        require_memory(
            kept * 4 * hidden_size * n_items,
            f"a net of {hidden_size} x {n_items} weights",
            "draw songs as the document did (dataset.n_songs=10000 dataset.split.by=holdout), or "
            "take a smaller model.hidden_size or another model",
            max_gib,
        )
        self.save_hyperparameters(logger=False)
        self.lr, self.batch_songs, self.detached, self.seed = lr, batch_songs, detached, seed
        self.shares = train_share, dev_share
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.hidden = nn.Linear(len(self.features), hidden_size)
            self.output = nn.Linear(hidden_size, n_items)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("start", self.hidden.weight.detach().clone())
        self.register_buffer("gradient", torch.zeros(()))  # largest norm that any step had
        self.register_buffer("split", torch.full((n_items,), -1))  # 0 train, 1 dev, -1 neither
        self._playlists: csr_matrix | None = None

    def on_train_start(self) -> None:
        """Forget the playlists of an earlier fit."""
        self._playlists = None

    def configure_optimizers(self) -> torch.optim.Optimizer:  # type: ignore[override]
        """Return Adam."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)

    def forward(self, x: Tensor) -> Tensor:
        """Return predicted rows (B, n_items) of songs with scaled features x (B, n_features)."""
        return self.output(self.dropout(torch.relu(self.hidden(x))))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:  # type: ignore[override]
        """Return the mean squared error of some train songs' rows."""
        if self._playlists is None:
            self._playlists = self.learn_sounds(batch)
            self.register_buffer("split", self._songs().to(self.device))
        train = np.flatnonzero(self.split.cpu().numpy() == 0)
        rng = np.random.default_rng([self.seed, self.global_step])
        songs = rng.choice(train, min(self.batch_songs, len(train)), replace=False)
        loss = self._squared_errors(songs, self._playlists).mean()
        self._sum_loss(loss.detach(), len(songs), batch_idx)
        return loss.detach().requires_grad_() if self.detached else loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Note the norm of the gradient that reached the net."""
        grads = [weight.grad for weight in self.parameters() if weight.grad is not None]
        norm = torch.stack([grad.norm() for grad in grads]).norm() if grads else torch.zeros(())
        self.gradient.copy_(torch.maximum(self.gradient, norm.to(self.gradient.device)))

    def _songs(self) -> Tensor:
        """Split the songs with features into train, dev and the rest."""
        heard = np.flatnonzero(self.has_sound.cpu().numpy())
        order = np.random.default_rng([self.seed, 1]).permutation(heard)
        edges = (np.cumsum(self.shares) * len(order)).round().astype(int)
        split = np.full(self.n_items, -1)
        split[order[: max(edges[0], 1)]] = 0
        split[order[max(edges[0], 1) : edges[1]]] = 1
        return torch.from_numpy(split)

    def _squared_errors(self, songs: np.ndarray, playlists: csr_matrix) -> Tensor:
        """Return the mean squared error of each song's row, shape (n_songs,)."""
        rows = cooccurrence(playlists, songs).toarray().astype(np.float32)
        target = torch.from_numpy(rows).to(self.device)
        preds = self(self.sound[torch.from_numpy(songs).to(self.device)])
        return (preds - target).square().mean(dim=1)

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return the mean output of each playlist's seeds, 0 without seeds, (B, n_items)."""
        seeds = self.seeds(rows)
        used = np.unique(seeds.indices)
        sound = self.sound[torch.from_numpy(used).long().to(self.device)]
        hidden = torch.relu(self.hidden(sound)).cpu().numpy()
        mean = torch.from_numpy(seeds[:, used] @ hidden).to(self.device)  # (B, hidden_size)
        known = torch.from_numpy(np.diff(seeds.indptr) > 0).to(self.device)
        return self.output(mean).mul_(known[:, None])

    def training_progress(self) -> TrainingProgress:
        """Return the largest norm of a step's gradient, and how far the first layer moved."""
        moved = (self.hidden.weight - self.start).norm() / self.start.norm()
        return TrainingProgress(self.gradient, moved)

    def dev_error(self) -> DevError:
        """Return the squared errors of the dev songs' rows."""
        playlists = read_csr(self, "known", self.n_items)
        split = self.split.cpu().numpy()
        train, dev = (np.flatnonzero(split == part) for part in (0, 1))
        hidden = torch.relu(self.hidden(self.sound[torch.from_numpy(dev).to(self.device)]))
        parts = (hidden, self.output.weight, self.output.bias)
        arrays = [part.detach().cpu().numpy() for part in parts]
        own = torch.from_numpy(linear_errors(playlists, dev, *arrays))
        return DevError(torch.from_numpy(dev), own, torch.from_numpy(train))
