"""iALS: implicit ALS with a weight of the unobserved and norms that count by frequency."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features import wmf
from muso_exp.features.als_device import solve_half
from muso_exp.features.threads import one_blas_thread


@dataclass(frozen=True)
class ImplicitLoss:
    """What iALS minimises, and half a sweep towards it.

    The sum over stored cells of (1 - score)^2, plus `unobserved_weight` times the sum over all
    cells of score^2, plus `regularization` times the sum over users and items x of
    (n_x + unobserved_weight * N)^`frequency_exponent` * |x|^2, with n_x the entries of x and N the
    size of the other side. All is divided by `unobserved_weight` for the solver of WMF: a stored
    cell has there the confidence c = 1 + 1 / unobserved_weight and the target 1 - 1 / c.

    Attributes:
        regularization: weight of the squared norms, > 0.
        unobserved_weight: of a squared score anywhere, > 0.
        frequency_exponent: how far a norm counts by the entries of its row; 0: all alike.

    Source: Rendle, Krichene, Zhang and Koren, RecSys 2022, section 3 (their alpha_0, lambda, nu).
    Deviation: half a sweep takes steps of conjugate gradients in place of an exact solution.
    """

    regularization: float
    unobserved_weight: float
    frequency_exponent: float

    def confidence(self, plays: csr_matrix) -> csr_matrix:
        """Return the confidence of stored plays (n_rows, n_columns), float32, same shape."""
        weights = np.full(plays.nnz, 1 + 1 / self.unobserved_weight, dtype=np.float32)
        return csr_matrix((weights, plays.indices, plays.indptr), shape=plays.shape)

    def weights(self, lengths: np.ndarray, n_columns: int) -> np.ndarray:
        """Return the weight of the squared norm of rows.

        Args:
            lengths: entries of each row, shape (n_rows,).
            n_columns: size of the other side.

        Returns:
            Shape (n_rows,), float64.
        """
        often = lengths + self.unobserved_weight * n_columns
        with np.errstate(over="ignore"):  # factors that are not finite are refused
            return self.regularization * often**self.frequency_exponent

    def solve(
        self, confidence: csr_matrix, rows: Tensor, columns: Tensor, cg_steps: int, n_threads: int
    ) -> None:
        """Move the factors of the rows towards their solution, in place.

        Args:
            confidence: of `confidence`, shape (n_rows, n_columns).
            rows: factors, shape (n_rows, n_factors), float32.
            columns: factors, shape (n_columns, n_factors), float32, on the same device.
            cg_steps: of conjugate gradients.
            n_threads: on a CPU; 0 means all cores.
        """
        ridge = self._ridge(confidence)
        target = 1 / (1 + self.unobserved_weight)
        solve_half(confidence, rows, columns, ridge, cg_steps, n_threads, target)

    def _ridge(self, confidence: csr_matrix) -> np.ndarray:
        lengths = np.diff(confidence.indptr)
        weights = self.weights(lengths, confidence.shape[1]) / self.unobserved_weight
        return weights.astype(np.float32)

    def fold_in(self, confidence: csr_matrix, columns: Tensor) -> Tensor:
        """Return the factors of new rows, solved exactly, each by itself.

        Args:
            confidence: of `confidence`, shape (n_rows, n_columns).
            columns: factors, shape (n_columns, n_factors), float32.

        Returns:
            Shape (n_rows, n_factors), float32.
        """
        y = columns.cpu().double().numpy()
        found = np.zeros((confidence.shape[0], y.shape[1]), dtype=np.float32)
        extra, ridge = 1 / self.unobserved_weight, self._ridge(confidence)
        with one_blas_thread():
            gram = y.T @ y
            for row, (first, last) in enumerate(pairwise(confidence.indptr)):
                own = y[confidence.indices[first:last]]
                left = gram + extra * (own.T @ own)
                left[np.diag_indices_from(left)] += ridge[row]
                factor = cho_factor(left, overwrite_a=True, check_finite=False)
                found[row] = cho_solve(factor, extra * own.sum(axis=0), check_finite=False)
        return torch.from_numpy(found).to(columns.device)

    def value(self, confidence: csr_matrix, users: Tensor, items: Tensor) -> float:
        """Return the loss of user (n_users, n_factors) and item factors (n_items, n_factors)."""
        x, y = users.double(), items.double()
        everywhere = float(((x.T @ x) * (y.T @ y)).sum()) * self.unobserved_weight
        ones = csr_matrix(confidence, copy=True)
        ones.data = np.ones_like(ones.data)
        n_users, n_items = confidence.shape
        columns = np.bincount(confidence.indices, minlength=n_items)
        norms = self.weights(np.diff(confidence.indptr), n_items) @ x.square().sum(1).cpu().numpy()
        norms += self.weights(columns, n_users) @ y.square().sum(1).cpu().numpy()
        return everywhere + wmf.stored_error(ones, users, items, absent=0.0) + float(norms)
