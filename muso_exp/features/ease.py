"""EASE: item-to-item weights of least squares without self-similarity, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import get_lapack_funcs
from scipy.sparse import csr_matrix

from muso_exp.features.play_weights import PlayWeights, Weighting
from muso_exp.features.score_kernels import from_users

Precision = Literal[32, 64]
_BLOCK = 1024  # columns that are made dense at once


@dataclass(frozen=True)
class EaseSolution:
    """Scores X B, where B minimises |X - X B|^2 + regularization |B|^2 with a zero diagonal.

    With P = (X'X + regularization I)^-1, B = I - P / diag(P) by columns. Where users are fewer than
    items, X P = (X X' + regularization I)^-1 X gives the same scores from a users x users inverse.

    Attributes:
        inverse: P, or the users' side, shape (n, n), float32, n the smaller number.
        diagonal: of P, shape (n_items,), float32.
        known: X, the weights of plays, shape (n_users, n_items), float32.
        regularization: weight of the squared item-to-item weights.
        weights: of plays.
    """

    inverse: np.ndarray
    diagonal: np.ndarray
    known: csr_matrix
    regularization: float
    weights: PlayWeights

    @property
    def dual(self) -> bool:
        """Return whether the inverse is the users' side."""
        return self.known.shape[0] < self.known.shape[1]

    def of_users(self, users: np.ndarray) -> np.ndarray:
        """Return X B for train users (B,), shape (B, n_items)."""
        rows = self.known[users]
        if not self.dual:
            return self._without_self(rows, rows @ self.inverse)
        product = self.inverse[users] @ self.known  # X P without the way through X X'
        return self._without_self(rows, product)

    def of_rows(self, rows: csr_matrix) -> np.ndarray:
        """Return x B for rows of plays, shape (B, n_items), x their weights.

        From the users' side x P = (x - x X' (X X' + regularization I)^-1 X) / regularization.
        """
        heard = self.weights.weigh(rows)
        if not self.dual:
            return self._without_self(heard, heard @ self.inverse)
        explained = (heard @ self.known.T) @ self.inverse @ self.known  # (B, n_items)
        out = np.empty(heard.shape, dtype=np.float32)
        strength = np.float32(self.regularization)
        row = heard.indptr, heard.indices, heard.data
        from_users(*row, np.ascontiguousarray(explained.T), strength, self.diagonal, out)
        return out

    def _without_self(self, heard: csr_matrix, product: np.ndarray) -> np.ndarray:
        """Return x - (x P) / diag(P), of x (B, n_items) and x P, same shape."""
        return heard.toarray() - product / self.diagonal


def solve_ease(
    plays: csr_matrix,
    regularization: float,
    weighting: Weighting = "binary",
    popularity_exponent: float = 0.0,
    precision: Precision = 64,
) -> EaseSolution:
    """Invert the smaller Gram matrix, in place; see `ease_memory` for what it takes.

    Args:
        plays: play counts, shape (n_users, n_items).
        regularization: weight of the squared item-to-item weights, > 0.
        weighting: what a play count becomes, see `PlayWeights`.
        popularity_exponent: see `PlayWeights.of`.
        precision: bits of a number while solving.

    Raises:
        ValueError: the matrix cannot be inverted at this precision, or weights are not finite.

    Source: Steck, WWW 2019. Deviation: the users' side (dual) form; weights of plays.
    """
    weights = PlayWeights.of(plays, weighting, popularity_exponent)
    known = weights.weigh(plays)
    dtype = np.float64 if precision == 64 else np.float32
    heard = known.astype(dtype)
    dual = plays.shape[0] < plays.shape[1]
    inverse = _invert(heard if dual else heard.T.tocsr(), regularization)
    diagonal = np.diag(inverse).copy()
    if dual:  # x' M x of each column x
        columns = heard.tocsc()
        explained = [
            columns[:, start : start + _BLOCK].multiply(
                inverse @ columns[:, start : start + _BLOCK]
            )
            for start in range(0, columns.shape[1], _BLOCK)
        ]
        sums = np.concatenate([np.asarray(block.sum(axis=0)).ravel() for block in explained])
        diagonal = (1 - sums) / regularization
    with np.errstate(over="ignore"):  # what is too large is refused
        narrow, divisors = (part.astype(np.float32, copy=False) for part in (inverse, diagonal))
    if not (np.isfinite(divisors) & (np.abs(divisors) >= np.finfo(np.float32).tiny)).all():
        raise ValueError(
            f"EASE: its weights are not finite at model.regularization={regularization:g}; "
            "set that nearer to the one of conf/model"
        )
    return EaseSolution(narrow, divisors, known, regularization, weights)


def ease_memory(n_users: int, n_items: int, precision: Precision = 64) -> int:
    """Return the bytes that `solve_ease` takes beside the plays: the inverse, and it in float32.

    Args:
        n_users: number of users.
        n_items: number of items.
        precision: bits of a number while solving.
    """
    n = min(n_users, n_items)
    return n * n * (8 + 4 if precision == 64 else 4) + 3 * 8 * _BLOCK * n


def _invert(rows: csr_matrix, regularization: float) -> np.ndarray:
    """Return (A A' + regularization I)^-1 of rows A (n, m), shape (n, n), of the same type."""
    gram = np.empty((rows.shape[0], rows.shape[0]), dtype=rows.dtype, order="F")
    columns = rows.T.tocsc()  # (m, n)
    for start in range(0, gram.shape[1], _BLOCK):
        gram[:, start : start + _BLOCK] = (rows @ columns[:, start : start + _BLOCK]).toarray()
    gram[np.diag_indices_from(gram)] += regularization
    potrf, potri = get_lapack_funcs(("potrf", "potri"), (gram,))
    factor, failed = potrf(gram, lower=True, overwrite_a=True, clean=False)
    inverse, failed_too = potri(factor, lower=True, overwrite_c=True)
    if failed or failed_too:
        raise ValueError("EASE: the Gram matrix cannot be inverted; raise model.regularization")
    for start in range(0, len(inverse), _BLOCK):  # potri fills the lower triangle alone
        block = slice(start, min(start + _BLOCK, len(inverse)))
        own = np.tril(inverse[block, block])
        inverse[block, block] = own + np.tril(own, -1).T
        inverse[block, block.stop :] = inverse[block.stop :, block].T
    return inverse
