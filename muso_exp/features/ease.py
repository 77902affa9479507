"""EASE: item-to-item weights of least squares without self-similarity, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class EaseSolution:
    """Scores X B, where B minimises |X - X B|^2 + regularization |B|^2 with a zero diagonal.

    With P = (X'X + regularization I)^-1, B = I - P / diag(P) by columns. Where users are fewer than
    items, X P = (X X' + regularization I)^-1 X gives the same scores from a users x users inverse.

    Attributes:
        inverse: P, or the users' side, shape (n, n), float32, n the smaller number.
        diagonal: of P, shape (n_items,), float32.
        known: X, 1 where there are plays, shape (n_users, n_items), float32.
        regularization: weight of the squared item-to-item weights.
    """

    inverse: np.ndarray
    diagonal: np.ndarray
    known: csr_matrix
    regularization: float

    @property
    def dual(self) -> bool:
        """Return whether the inverse is the users' side."""
        return self.known.shape[0] < self.known.shape[1]

    def of_users(self, users: np.ndarray) -> np.ndarray:
        """Return X B for train users (B,), shape (B, n_items)."""
        rows = self.known[users]
        if not self.dual:
            return self.of_rows(rows)
        product = self.inverse[users] @ self.known  # X P without the way through X X'
        return self._without_self(rows, product)

    def of_rows(self, rows: csr_matrix) -> np.ndarray:
        """Return x B for rows of plays x, 1 where there are any, shape (B, n_items).

        From the users' side x P = (x - x X' (X X' + regularization I)^-1 X) / regularization.
        """
        heard = csr_matrix(rows > 0, dtype=np.float32)
        if not self.dual:
            return self._without_self(heard, heard @ self.inverse)
        explained = (heard @ self.known.T) @ self.inverse @ self.known  # (B, n_items)
        return self._without_self(heard, (heard.toarray() - explained) / self.regularization)

    def _without_self(self, heard: csr_matrix, product: np.ndarray) -> np.ndarray:
        """Return x - (x P) / diag(P), of x (B, n_items) and x P, same shape."""
        return heard.toarray() - product / self.diagonal


def solve_ease(plays: csr_matrix, regularization: float) -> EaseSolution:
    """Invert the smaller Gram matrix.

    Args:
        plays: play counts, shape (n_users, n_items); X is 1 where there are any.
        regularization: weight of the squared item-to-item weights, > 0.

    Source: Steck, WWW 2019. Deviation: the users' side (dual) form.
    """
    heard = (plays > 0).astype(np.float64)
    dual = plays.shape[0] < plays.shape[1]
    gram = (heard @ heard.T if dual else heard.T @ heard).toarray()
    gram[np.diag_indices_from(gram)] += regularization
    factor = cho_factor(gram, overwrite_a=True, check_finite=False)
    inverse = cho_solve(factor, np.eye(len(gram)), overwrite_b=True, check_finite=False)
    diagonal = np.diag(inverse)
    if dual:
        explained = heard.multiply(inverse @ heard).sum(axis=0)  # x' M x of each column x
        diagonal = (1 - np.asarray(explained).ravel()) / regularization
    known = csr_matrix(heard, dtype=np.float32)
    return EaseSolution(
        inverse.astype(np.float32), diagonal.astype(np.float32), known, regularization
    )
