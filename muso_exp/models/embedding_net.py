"""A net with embedding layers: songs, artists and words as vectors beside audio features."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from msgspec import to_builtins
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize
from torch import Tensor, nn

from muso_exp.errors import ConfigError
from muso_exp.features.interactions import keep_entries
from muso_exp.memory import require_memory
from muso_exp.models.feature_ranker import FeatureRanker
from muso_exp.models.nearest_features import ELEVEN
from muso_exp.models.ranking import read_csr, register_csr
from muso_exp.models.regression import require_dropout
from muso_exp.options import Count, Cutoffs, Inert, Options, Positive, Seed, Share, ZeroOrMore
from muso_exp.records import Batch

log = logging.getLogger(__name__)

INPUTS = ("songs", "artists", "features", "titles", "genres")
WORDS = {"titles": "title", "genres": "genre"}  # input: name of its words in the batch
MIN_TRACKS = 2  # of a playlist that is trained on: one is given, one asked for


class LayerSizes(Options, frozen=True, kw_only=True):
    """Sizes of an `EmbeddingNet`.

    Attributes:
        embedding_size: length of each embedding.
        hidden_size: units of the hidden layer.
    """

    embedding_size: Count = 64
    hidden_size: Count = 128


class EmbeddingNet(FeatureRanker):
    """From some tracks of a playlist to the others: embeddings, a hidden layer, a score per track.

    A playlist's input is the mean over its known tracks of `songs` and `artists` (embeddings) and
    `features` (z-scores), and the words of the `titles` and `genres` of other playlists with these
    tracks. A track's score is the product of the hidden layer with the track's own vector, its
    artist's and a linear map of its features, so that a track of no playlist of training is scored
    by artist and sound. A step takes some playlists, gives a part of each, at random, and asks for
    the rest: softmax cross-entropy over the tracks of training.

    Args:
        n_users: number of playlists, from the data set.
        n_items: number of tracks, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_top: length of the recommended lists, from the data set.
        n_artists: number of artists, from the data set.
        n_words: words in titles, from the data set.
        n_genres: words in the playlists' genres, from the data set; 0 where the files have none.
        features: audio features.
        inputs: of `songs`, `artists`, `features`, `titles`, `genres`; `features` among them. What
            the files lack is left out, with a warning.
        layers: their sizes.
        dropout: share of them that is dropped in training.
        lr: of Adam.
        batch_playlists: playlists of a step; one epoch is one step.
        max_gib: memory that the weights, their gradients and Adam's two moments may take.
        seed: of weights and steps.

    Raises:
        ConfigError: inputs that are not known, or too many tracks.
        ValueError: `lr` is not > 0, or `dropout` is no share.

    Source: document 4, "adding different embedding layers into our neural network model since the
    input dataset was sparse", and its wish for genre and tags; the document gives no sizes.
    """

    one_step = False
    artist: Tensor
    popular: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_top: Count = 10,
        n_artists: Count = 1,
        n_words: ZeroOrMore = 0,
        n_genres: ZeroOrMore = 0,
        features: Sequence[str] = ELEVEN,
        inputs: Sequence[str] = ("songs", "artists", "features"),
        layers: LayerSizes | None = None,
        dropout: Share = 0.5,
        lr: Positive = 0.01,
        batch_playlists: Count = 64,
        max_gib: Inert[Positive] = 8.0,
        seed: Seed = 0,
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top, features, "standard")
        if not lr > 0:
            raise ValueError(f"model.lr must be > 0, got {lr}")
        require_dropout(dropout)
        sizes = {"songs": n_items, "artists": n_artists, "titles": n_words, "genres": n_genres}
        layers = layers or LayerSizes()
        _check(inputs, sizes, layers, max_gib)
        self.save_hyperparameters(logger=False)
        self.hparams["layers"] = to_builtins(layers)  # a checkpoint keeps plain values
        self.lr, self.batch_playlists, self.seed = lr, batch_playlists, seed
        self.embedded = [name for name in sizes if name in inputs and sizes[name] > 0]
        self.words = {name: sizes[name] for name in WORDS if name in self.embedded}
        self.n_artists = n_artists
        n_inputs = layers.embedding_size * len(self.embedded) + len(self.features)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embeddings = nn.ModuleDict(
                {name: _zeros(sizes[name], layers.embedding_size) for name in self.embedded}
            )
            self.hidden = nn.Sequential(nn.Linear(n_inputs, layers.hidden_size), nn.ReLU())
            self.dropout = nn.Dropout(dropout)
            self.song_scores = _zeros(n_items, layers.hidden_size)
            self.artist_scores = _zeros(n_artists, layers.hidden_size)
            self.sound_scores = nn.Linear(layers.hidden_size, len(self.features), bias=False)
            self.bias = nn.Parameter(torch.zeros(n_items))
        self.register_buffer("artist", torch.zeros(n_items, dtype=torch.long))
        self.register_buffer("popular", torch.zeros(n_items, dtype=torch.bool))
        for name, n in self.words.items():
            register_csr(self, name, csr_matrix((n_items, n), dtype=np.float32))
        self._playlists: csr_matrix | None = None
        self._own: dict[str, csr_matrix] = {}  # words of each playlist

    def on_train_start(self) -> None:
        """Forget the playlists of an earlier fit."""
        self._playlists = None

    def configure_optimizers(self) -> torch.optim.Optimizer:  # type: ignore[override]
        """Return Adam."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:  # type: ignore[override]
        """Return the cross-entropy of the tracks that some playlists were not given."""
        if self._playlists is None:
            self._playlists = self._learn_tracks(batch)
        rng = np.random.default_rng([self.seed, self.global_step])
        long = np.flatnonzero(np.diff(self._playlists.indptr) >= MIN_TRACKS)
        rows = rng.choice(long, min(self.batch_playlists, len(long)), replace=False)
        given, asked = split_rows(csr_matrix(self._playlists[rows]), rng)
        own = {name: words[rows] for name, words in self._own.items()}
        scores = self._track_scores(self.dropout(self.hidden(self._inputs(given, own))))
        scores = scores.masked_fill(~self.popular, -torch.inf)
        target = self._tensor(normalize(asked, norm="l1")).coalesce()
        row, column = target.indices()
        chances = scores.log_softmax(dim=1)[row, column]
        loss = -(target.values() * chances).sum() / len(rows)
        self._sum_loss(loss.detach(), len(rows), batch_idx)
        return loss

    def _learn_tracks(self, batch: Batch) -> csr_matrix:
        """Keep artists and the words of the playlists of each track; return the playlists.

        Raises:
            ConfigError: no playlist has two tracks.
        """
        playlists = self.learn_sounds(batch)
        if not (np.diff(playlists.indptr) >= MIN_TRACKS).any():
            raise ConfigError(f"no playlist of {MIN_TRACKS} known tracks to learn from")
        self.artist.copy_(batch["artist"])
        counts = np.asarray(playlists.sum(axis=0)).ravel()
        self.popular.copy_(torch.from_numpy(counts > 0))
        for name, n in self.words.items():
            self._own[name] = _words(batch, WORDS[name], n)
            tracks = csr_matrix(playlists.T @ self._own[name])
            register_csr(self, name, tracks.astype(np.float32))
        self.to(self.device)
        return playlists

    def _inputs(self, given: csr_matrix, own: Mapping[str, csr_matrix]) -> Tensor:
        """Return the inputs of playlists, shape (B, n_inputs).

        Args:
            given: ones, shape (B, n_items).
            own: words of these playlists, which do not count for them, (B, n_words), by input.
        """
        share = self._tensor(normalize(given, norm="l1"))
        parts = [self.mean_sound(self.seeds(given)).to(self.device)]
        for name in self.embedded:
            weight = self.get_parameter(f"embeddings.{name}.weight")
            if name == "songs":
                parts.append(torch.sparse.mm(share, weight))
            elif name == "artists":
                parts.append(torch.sparse.mm(share, weight[self.artist]))
            else:
                bag = self._bag(name, given, own.get(name))
                parts.append(torch.sparse.mm(self._tensor(bag), weight))
        return torch.cat(parts, dim=1)

    def _bag(self, name: str, given: csr_matrix, own: csr_matrix | None) -> csr_matrix:
        """Return the shares of words of other playlists with the given tracks, (B, n_words)."""
        counts = csr_matrix(given @ read_csr(self, name, self.words[name]))
        if own is not None:
            n_given = np.diff(given.indptr).astype(np.float32)
            counts = csr_matrix(counts - own.multiply(n_given[:, None]))
            counts.eliminate_zeros()
        return normalize(counts, norm="l1")

    def _track_scores(self, hidden: Tensor) -> Tensor:
        """Return the scores of all tracks, shape (B, n_items), of hidden units (B, hidden_size)."""
        artists = hidden @ self.artist_scores.weight.T  # (B, n_artists)
        scores = hidden @ self.song_scores.weight.T  # (B, n_items)
        scores += artists[:, self.artist]
        scores += self.sound_scores(hidden) @ self.sound.nan_to_num().T
        scores += self.bias
        return scores

    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return the scores of playlists (B, n_items), 0 without known tracks, same shape."""
        given = csr_matrix((rows > 0).astype(np.float32))
        known = torch.from_numpy(np.diff(given.indptr) > 0).to(self.device)
        return self._track_scores(self.hidden(self._inputs(given, {}))).mul_(known[:, None])

    def _tensor(self, matrix: csr_matrix) -> Tensor:
        coo = matrix.tocoo()
        index = torch.from_numpy(np.stack([coo.row, coo.col]).astype(np.int64))
        values = torch.from_numpy(coo.data.astype(np.float32))
        with torch.sparse.check_sparse_tensor_invariants(True):  # the argument alone warns
            return torch.sparse_coo_tensor(index, values, coo.shape, device=self.device)


def split_rows(rows: csr_matrix, rng: np.random.Generator) -> tuple[csr_matrix, csr_matrix]:
    """Split the ones of each row at random into those given and those asked for.

    One up to half of them are given, each number as likely as another.

    Args:
        rows: ones, at least two in each row, shape (B, n_items).
        rng: draws.
    """
    given = np.zeros(rows.nnz, dtype=bool)
    for first, last in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        n_given = rng.integers(1, max((last - first) // 2, 1) + 1)
        given[first + rng.choice(last - first, n_given, replace=False)] = True
    return keep_entries(rows, given), keep_entries(rows, ~given)


def _zeros(n: int, size: int) -> nn.Embedding:
    """Return an embedding that starts at 0: what is in no playlist of training says nothing."""
    embedding = nn.Embedding(n, size)
    nn.init.zeros_(embedding.weight)
    return embedding


def _words(batch: Batch, name: str, n_words: int) -> csr_matrix:
    crow, col = (batch[f"{name}_{part}"].cpu().numpy() for part in ("crow", "col"))
    ones = np.ones(len(col), dtype=np.float32)
    return csr_matrix((ones, col, crow), shape=(len(crow) - 1, n_words))


def _check(
    inputs: Sequence[str], sizes: Mapping[str, int], layers: LayerSizes, max_gib: float
) -> None:
    unknown = [name for name in inputs if name not in INPUTS]
    if unknown or "features" not in inputs or len(set(inputs)) < len(inputs):
        raise ConfigError(
            f"model.inputs={list(inputs)}: features and any of songs, artists, titles, genres are "
            "needed, each once"
        )
    lacking = [name for name in inputs if sizes.get(name, 1) == 0]
    if lacking:
        log.warning("model.inputs: the files have no %s; the net goes without", ", ".join(lacking))
    weights = sum(sizes[name] for name in inputs if name != "features")
    weights *= layers.embedding_size
    weights += (sizes["songs"] + sizes["artists"]) * layers.hidden_size
    require_memory(
        4 * 4 * weights,
        f"a net of {weights} weights",
        "set model.layers.embedding_size or model.layers.hidden_size lower",
        max_gib,
    )
