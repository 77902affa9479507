"""The parts of a hybrid recommender: what listening says of an item, and what its content says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize

from muso_exp.features import wmf
from muso_exp.features.als import FactorOptions, fit_factors, fold_in
from muso_exp.features.artists import artist_means
from muso_exp.features.audience import Audience
from muso_exp.features.ease import EaseSolution, solve_ease
from muso_exp.features.ridge import fit_ridge
from muso_exp.features.score_kernels import z_scores

LISTENING = ("ease", "wmf")
CONTENT = ("metadata", "sound")  # kinds of content, each with predicted factors and a profile
ARTIST = ("artist_mean", "artist_profile")
PARTS = (
    *LISTENING,
    *(f"{kind}_{how}" for kind in CONTENT for how in ("factors", "profile")),
    *ARTIST,
)
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # of the ridge regression, chosen by leaving out
ARTIST_PRIOR = 1.0  # items of the mean of all that each artist's mean starts from


@dataclass(frozen=True)
class FittedListening:
    """What the plays of training say.

    Attributes:
        ease: item-to-item weights.
        item_factors: of WMF, shape (n_items, n_factors), float32.
        listeners: of each item in training, shape (n_items,), int64.
        options: of WMF, also for rows that are folded in.
    """

    ease: EaseSolution
    item_factors: np.ndarray
    listeners: np.ndarray
    options: FactorOptions

    def row_factors(self, rows: csr_matrix) -> np.ndarray:
        """Return the factors of rows of plays (B, n_items), folded in, (B, n_factors)."""
        import torch

        options = self.options
        confidence = wmf.log_confidence(rows, options.alpha, options.epsilon)
        items = torch.from_numpy(self.item_factors)
        return fold_in(confidence, items, options.regularization, bias=False).numpy()


@dataclass(frozen=True)
class Content:
    """What one kind of content says.

    Attributes:
        vectors: of the items, rows of length 1, or 0 where nothing is known, (n_items, n_dims).
        factors: that it predicts of each item, shape (n_items, n_factors).
    """

    vectors: np.ndarray
    factors: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Return the items of which anything is known, shape (n_items,), bool."""
        return np.array(self.vectors.any(axis=1))


def fit_listening(
    plays: csr_matrix, options: FactorOptions, regularization: float
) -> FittedListening:
    """Solve EASE and fit WMF on plays (n_users, n_items), float32.

    Args:
        plays: of training, > 0.
        options: of WMF.
        regularization: of EASE.

    Raises:
        ValueError: more factors than users or items.
    """
    if options.n_factors > min(plays.shape):
        raise ValueError(f"n_factors={options.n_factors}: at most {min(plays.shape)} here")
    factors = fit_factors(plays, options)[1]
    listeners = np.bincount(plays.indices, minlength=plays.shape[1])
    factors[listeners == 0] = 0  # what is left of the random start
    return FittedListening(solve_ease(plays, regularization), factors, listeners, options)


def reduced(vectors: csr_matrix, n_dims: int, seed: int) -> np.ndarray:
    """Return vectors (n_items, n_columns) in at most n_dims dimensions, rows of length 1 or 0.

    Source: latent semantic analysis, Deerwester et al. 1990. Deviation: none.
    """
    n_dims = min(n_dims, vectors.shape[0] - 1)
    few = n_dims < 1 or vectors.shape[1] <= n_dims
    dense = vectors.toarray() if few else _projected(vectors, n_dims, seed)
    return normalize(dense).astype(np.float32)


def _projected(vectors: csr_matrix, n_dims: int, seed: int) -> np.ndarray:
    known = np.diff(vectors.indptr) > 0
    return TruncatedSVD(n_dims, random_state=seed).fit_transform(vectors) * known[:, None]


def fit_content(vectors: np.ndarray, listening: FittedListening) -> Content:
    """Learn to predict WMF's factors from vectors (n_items, n_dims) of items with listeners.

    An item of which nothing is known gets the mean factors of all.

    Raises:
        ValueError: fewer than two items with listeners and content.
    """
    known = vectors.any(axis=1)
    fit = known & (listening.listeners > 0)
    if fit.sum() < 2:
        raise ValueError(f"{fit.sum()} items with listeners and content; at least 2 are needed")
    factors = listening.item_factors
    solution = fit_ridge(vectors[fit], factors[fit], np.array(STRENGTHS))
    found = vectors @ solution.weight + solution.bias
    found[~known] = factors[listening.listeners > 0].mean(axis=0)
    return Content(vectors, found.astype(np.float32))


@dataclass(frozen=True)
class Artists:
    """What an item's artist says of it.

    Attributes:
        number: of each item's artist, from 0, shape (n_items,), int64; empty in checkpoints of
            versions that did not keep it.
        factors: mean of the artist's items with listeners, 0 where it has none, (n_items,
            n_factors), float32.
    """

    number: np.ndarray
    factors: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Return the items whose artist has listeners, shape (n_items,), bool."""
        return np.array(self.factors.any(axis=1))

    @property
    def parts(self) -> set[str]:
        """Return which parts of `ARTIST` there are."""
        return set(ARTIST) if len(self.number) else {"artist_mean"}

    def played(self, rows: csr_matrix) -> np.ndarray:
        """Return log(1 + n), n the row's items of each item's artist, of rows (B, n_items)."""
        shape = len(self.number), int(self.number.max()) + 1
        ones = np.ones(len(self.number), dtype=np.float32)
        membership = csr_matrix((ones, (np.arange(len(self.number)), self.number)), shape)
        counts = (csr_matrix(rows > 0, dtype=np.float32) @ membership).toarray()
        return np.take(np.log1p(counts), self.number, axis=1)


def fit_artists(listening: FittedListening, artist: np.ndarray) -> Artists | None:
    """Return what the artists (n_items,) say; None where every item is its own artist."""
    if not has_artists(artist):
        return None
    warm = listening.listeners > 0
    means = artist_means(listening.item_factors[warm], artist[warm], artist, ARTIST_PRIOR)
    means[~np.isin(artist, artist[warm])] = 0
    return Artists(artist, means.astype(np.float32))


def has_artists(artist: np.ndarray) -> bool:
    """Return whether any two items share an artist (n_items,): artists that are items do not."""
    return len(np.unique(artist)) < len(artist)


@dataclass(frozen=True)
class HybridParts:
    """All parts, fitted.

    Attributes:
        listening: what plays say.
        content: by kind, those of `CONTENT` that the data have.
        artists: what artists say; None where every item is its own artist.
        artist_listeners: users who play other items of each item's artist, shape (n_items,).
    """

    listening: FittedListening
    content: dict[str, Content]
    artists: Artists | None
    artist_listeners: np.ndarray

    @property
    def audience(self) -> Audience:
        """How well the items (n_items,) and their artists are known."""
        return Audience(self.listening.listeners, self.artist_listeners)

    def used(self) -> np.ndarray:
        """Return which of PARTS there are, shape (n_parts,), bool."""
        there = {
            *LISTENING,
            *(f"{k}_{how}" for k in self.content for how in ("factors", "profile")),
        }
        there |= set() if self.artists is None else self.artists.parts
        return np.array([name in there for name in PARTS])

    def scores(self, rows: csr_matrix) -> np.ndarray:
        """Return the z-scores of each part for rows of plays (B, n_items).

        Over the items of which a part knows something; of the others its score is 0, the mean.

        Returns:
            Shape (n_parts, B, n_items), float32; 0 of parts that there are not.
        """
        found = np.zeros((len(PARTS), *rows.shape), dtype=np.float32)
        rows = csr_matrix(rows, dtype=np.float32)
        users = self.listening.row_factors(rows)  # (B, n_factors)
        warm = self.listening.listeners > 0
        self._put(found, "ease", self.listening.ease.of_rows(rows), warm)
        self._put(found, "wmf", users @ self.listening.item_factors.T, warm)
        for kind, own in self.content.items():
            profile = normalize(log_shares(rows) @ own.vectors)  # (B, n_dims)
            self._put(found, f"{kind}_factors", users @ own.factors.T, own.known)
            self._put(found, f"{kind}_profile", profile @ own.vectors.T, own.known)
        if self.artists is not None:
            known = self.artists.known
            self._put(found, "artist_mean", users @ self.artists.factors.T, known)
            if "artist_profile" in self.artists.parts:
                self._put(found, "artist_profile", self.artists.played(rows), known)
        return found

    def _put(self, found: np.ndarray, name: str, scores: np.ndarray, known: np.ndarray) -> None:
        z_scores(scores, known, found[PARTS.index(name)])


def log_shares(rows: csr_matrix) -> csr_matrix:
    """Return log(1 + plays) of rows (B, n_items), divided by the sum of each row."""
    weights = rows.log1p()
    total = np.asarray(weights.sum(axis=1)).ravel()
    return csr_matrix(diags_array(1 / np.where(total > 0, total, 1)) @ weights)
