"""Alternating least squares for WMF: one sweep, and a whole fit."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix

from muso_exp.errors import DivergedError
from muso_exp.features import wmf
from muso_exp.features.als_kernel import NEARER, solve_rows
from muso_exp.features.threads import one_blas_thread
from muso_exp.options import Count, NotNegative, Options, Positive, Seed, ZeroOrMore

Engine = Literal["blocked", "implicit"]


class FactorOptions(Options, frozen=True, kw_only=True):
    """How factors are fitted; the model `muso_exp.models.wmf.WMF` has the same defaults.

    Attributes:
        n_factors: latent factors, the bias column included.
        iterations: sweeps.
        regularization: weight of the squared norms.
        alpha: weight of one log-play, no unit.
        epsilon: plays at which the log starts to bend.
        bias: whether the last column is a bias that is not regularised.
        cg_steps: steps of conjugate gradients towards each exact solution; 0 solves exactly.
        init_std: standard deviation of the factors at the start, normal.
        seed: of the factors at the start.
    """

    n_factors: Count = 40
    iterations: Count = 40
    regularization: NotNegative = 1e-5
    alpha: NotNegative = 2.0
    epsilon: Positive = 1e-6
    bias: bool = False
    cg_steps: ZeroOrMore = 3
    init_std: Positive = 0.01
    seed: Seed = 0


@dataclass(frozen=True)
class Sweep:
    """How the users and then the items are solved.

    Attributes:
        regularization: weight of the squared norms.
        cg_steps: of conjugate gradients towards each exact solution; 0 solves exactly.
        bias: whether the last column of the factors is a bias.
        engine: `blocked`, our kernel; `implicit`, that package's, which knows no bias. Exact
            solutions without a bias are `implicit`'s, with one torch's.
        n_threads: 0 means all cores.
    """

    regularization: float
    cg_steps: int
    bias: bool = False
    engine: Engine = "blocked"
    n_threads: int = 0

    def __call__(
        self, confidence: csr_matrix, transposed: csr_matrix, users: np.ndarray, items: np.ndarray
    ) -> None:
        """Solve the users and then the items, in place.

        Args:
            confidence: total c of the stored entries, shape (n_users, n_items), float32, in range
                and without repeats: native code trusts it.
            transposed: the same, shape (n_items, n_users).
            users: factors, shape (n_users, n_factors), float32.
            items: factors, shape (n_items, n_factors), float32.
        """
        self._half(confidence, users, items)
        self._half(transposed, items, users)

    def _half(self, confidence: csr_matrix, rows: np.ndarray, columns: np.ndarray) -> None:
        if self.bias and self.cg_steps == 0:
            solved = wmf.solve_biased(confidence, torch.from_numpy(columns), self.regularization)
            rows[:] = solved.numpy()
        elif self.engine == "blocked" and self.cg_steps > 0:
            steps, threads = self.cg_steps, self.n_threads
            solve_rows(confidence, rows, columns, self.regularization, steps, self.bias, threads)
        else:
            _solve(confidence, rows, columns, self.regularization, self.cg_steps, self.n_threads)


def fold_in(
    confidence: csr_matrix, item_factors: torch.Tensor, regularization: float, bias: bool
) -> torch.Tensor:
    """Return the factors of rows that the sweeps have not seen: half a sweep, solved exactly.

    Args:
        confidence: total c of the stored entries, shape (n_rows, n_items), float32, in range and
            without repeats.
        item_factors: shape (n_items, n_factors), float32.
        regularization: weight of the squared norms.
        bias: whether the last column is a bias, see `muso_exp.features.wmf.solve_biased`.

    Returns:
        Shape (n_rows, n_factors), float32.

    Source: Hu, Koren and Volinsky, ICDM 2008, equation 4. Deviation: none.
    """
    if bias:
        return wmf.solve_biased(confidence, item_factors, regularization)
    items = item_factors.cpu().numpy()
    rows = np.zeros((confidence.shape[0], items.shape[1]), dtype=np.float32)
    _solve(confidence, rows, items, regularization, cg_steps=0, n_threads=1)
    return torch.from_numpy(rows).to(item_factors.device)


def _solve(
    confidence: csr_matrix,
    rows: np.ndarray,
    columns: np.ndarray,
    regularization: float,
    cg_steps: int,
    n_threads: int,
) -> None:
    """Solve rows in place by implicit; arguments as of `Sweep`.

    Raises:
        DivergedError: the equations of a row are not positive definite.
    """
    als = AlternatingLeastSquares(rows.shape[1], use_cg=cg_steps > 0)
    als.cg_steps = cg_steps
    try:
        with one_blas_thread():  # implicit has threads of its own
            als.solver(confidence, rows, columns, regularization, num_threads=n_threads)
    except ValueError as error:
        problem = str(error).partition(". ")[0]
        raise DivergedError(f"the factors cannot be solved exactly: {problem}; {NEARER}") from error


def start_factors(
    n_users: int, n_items: int, n_factors: int, init_std: float, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return normal user and item factors to start from, (n_users or n_items, n_factors)."""
    rng = torch.Generator().manual_seed(seed)
    users = torch.randn(n_users, n_factors, generator=rng) * init_std
    return users, torch.randn(n_items, n_factors, generator=rng) * init_std


def fit_factors(plays: csr_matrix, options: FactorOptions) -> tuple[np.ndarray, np.ndarray]:
    """Fit WMF with log confidence; the same factors as `muso_exp.models.wmf.WMF` would have.

    Args:
        plays: play counts, shape (n_users, n_items), without repeats.
        options: of the fit.

    Returns:
        Factors of the users (n_users, n_factors) and of the items (n_items, n_factors), float32.
    """
    confidence = wmf.log_confidence(plays, options.alpha, options.epsilon)
    transposed = confidence.T.tocsr()
    n_users, n_items = plays.shape
    users, items = start_factors(
        n_users, n_items, options.n_factors, options.init_std, options.seed
    )
    arrays = users.numpy(), items.numpy()
    sweep = Sweep(options.regularization, options.cg_steps, options.bias)
    for _ in range(options.iterations):
        sweep(confidence, transposed, *arrays)
    return arrays
