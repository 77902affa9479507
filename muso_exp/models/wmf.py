"""Weighted matrix factorisation (WMF) of play counts by alternating least squares (ALS)."""

from __future__ import annotations

import logging
from typing import Literal

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features import als, wmf
from muso_exp.features.als import Engine, FactorOptions, Sweep
from muso_exp.features.als_device import solve_on_device
from muso_exp.features.interactions import draw_entries, keep_entries
from muso_exp.features.ranking import Rows, rank_in_blocks
from muso_exp.memory import require_memory
from muso_exp.models.factor_ranker import FactorRanker
from muso_exp.options import Count, Cutoffs, Inert, NotNegative, Positive, Seed, ZeroOrMore
from muso_exp.records import Batch

log = logging.getLogger(__name__)

_DEFAULT = FactorOptions()
GRID = (1e-5, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0)  # of the regularisation, where it is chosen
VALIDATION_SHARE, VALIDATION_SWEEPS = 0.1, 10
NOT_CHOSEN = -1.0  # what was held out says nothing: the least of the grid is taken
WEIGHT_BYTES = 12  # of a play: its weight, and that again by items with the user's number


class WMF(FactorRanker):
    """Latent factors of users and items; one epoch is one sweep (users, then items).

    `train/loss` is the objective after the sweep, summed over all cells. With `bias` the last of
    the `n_factors` columns is a bias that is not regularised, as in the thesis' code.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_factors: latent factors, the bias column included.
        regularization: weight of the squared norms; `validation`: that of `GRID` under which a
            share of each user's plays, held out of training for this choice, rank best (nDCG); then
            all are learned from. Where these say nothing it is the least, with a warning.
        confidence: `log`, c = 1 + alpha ln(1 + r / epsilon), or `linear`, c = 1 + alpha r.
        alpha: weight of a (log-)play, no unit.
        epsilon: plays at which the log starts to bend; unread where `linear`.
        bias: whether the last column is a bias.
        cg_steps: steps of conjugate gradients towards each exact solution; 0 solves exactly.
        init_std: standard deviation of the factors at the start, normal.
        seed: of the factors at the start, and of the plays that the choice holds out.
        engine: what takes the steps, see `muso_exp.features.als.Sweep`; on a GPU torch does.
        n_threads: of the sweep; 0 means all cores.
        n_top: length of the recommended lists.

    Raises:
        ConfigError: more factors than items; a bias by `implicit`; in training, more plays than
            memory holds the weights of.

    Source: thesis chapter 5 and its code. Deviation: at the defaults no bias, and conjugate
    gradients; `bias=true cg_steps=0` is the published code.
    """

    chosen: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        cutoffs: Cutoffs = (10, 100, 500),
        n_factors: Count = _DEFAULT.n_factors,
        regularization: NotNegative | Literal["validation"] = _DEFAULT.regularization,
        confidence: Literal["log", "linear"] = "log",
        alpha: NotNegative = _DEFAULT.alpha,
        epsilon: Positive = _DEFAULT.epsilon,
        bias: bool = _DEFAULT.bias,
        cg_steps: ZeroOrMore = _DEFAULT.cg_steps,
        init_std: Positive = _DEFAULT.init_std,
        seed: Seed = _DEFAULT.seed,
        engine: Engine = "blocked",
        n_threads: Inert[ZeroOrMore] = 0,
        n_top: Count = 10,
    ) -> None:
        _check(n_factors, n_items, bias, engine)
        super().__init__(n_users, n_items, cutoffs, n_factors, init_std, seed, n_top)
        self.save_hyperparameters(logger=False)
        self.given = regularization
        self.confidence = confidence
        self.alpha = alpha
        self.epsilon = epsilon
        self.bias = bias
        self.cg_steps = cg_steps
        self.engine = engine
        self.n_threads = n_threads
        if regularization == "validation":
            self.register_buffer("chosen", torch.tensor(torch.nan, dtype=torch.float64))
        self.seed = seed

    def prepare(self, plays: csr_matrix) -> tuple[csr_matrix, csr_matrix]:
        """Return the confidence of plays, and transposed; choose the regularisation before."""
        if np.isnan(self.regularization):
            self._choose(plays)
        require_memory(
            WEIGHT_BYTES * plays.nnz,
            f"model=wmf: the weights of {plays.nnz} plays",
            "set dataset.reading.matrix=disk, or keep fewer items (dataset.top_items)",
        )
        return super().prepare(plays)

    @property
    def regularization(self) -> float:
        """Return the weight of the squared norms, NaN until it is chosen."""
        if self.given != "validation":
            return float(self.given)
        chosen = float(self.chosen)
        return GRID[0] if chosen == NOT_CHOSEN else chosen

    def _choose(self, plays: csr_matrix) -> None:
        """Take the weight under which held-out plays rank best; the factors start anew after it."""
        start = self.user_factors.clone(), self.item_factors.clone()
        hidden = draw_entries(plays, VALIDATION_SHARE, self.seed)
        cut, held = keep_entries(plays, ~hidden), keep_entries(plays, hidden)
        warm = np.flatnonzero(np.diff(cut.tocsc().indptr))
        if held[:, warm].nnz == 0:
            self._keep_least("none of them is of an item that another user plays in what is left")
            return
        matrices = super().prepare(cut)
        found: list[float] = []
        for strength in GRID:
            self.chosen.fill_(strength)
            self._start(*start)
            for _ in range(VALIDATION_SWEEPS):
                self.sweep(*matrices)
            found.append(self._ndcg(cut, held, warm))
        self._start(*start)
        if min(found) == max(found):
            self._keep_least("it ranks them alike, whatever it is")
            return
        self.chosen.fill_(GRID[int(np.argmax(found))])
        log.info("model.regularization=%g: chosen on validation", self.regularization)

    def _keep_least(self, why: str) -> None:
        """Take the least weight and say why none was chosen on the plays that were held out."""
        self.chosen.fill_(NOT_CHOSEN)
        text = "model.regularization=%g: not chosen on plays held out of training: %s"
        log.warning(text, self.regularization, why)

    def _start(self, users: Tensor, items: Tensor) -> None:
        self.user_factors.copy_(users)
        self.item_factors.copy_(items)

    def _ndcg(self, seen: csr_matrix, held: csr_matrix, items: np.ndarray) -> float:
        """Return the mean nDCG of held-out plays (n_users, n_items) among some items."""
        users = np.flatnonzero(np.diff(held[:, items].indptr))
        known, hidden = (csr_matrix(part[users][:, items]) for part in (seen, held))
        columns = rank_in_blocks(
            lambda a, b: self.score_block(torch.from_numpy(users[a:b]))[:, items].cpu().numpy(),
            Rows(known.indptr, known.indices),
            Rows(hidden.indptr, hidden.indices),
            len(items),
            [max(self.cutoffs)],
            n_top=0,
        )
        return float(columns[f"ndcg_at_{max(self.cutoffs)}"].mean())

    def settings_chosen(self) -> dict[str, float]:
        """Return the regularisation, where it was chosen on validation."""
        if self.given != "validation" or float(self.chosen) == NOT_CHOSEN:
            return {}
        return {"regularization": self.regularization}

    def weigh(self, plays: csr_matrix) -> csr_matrix:
        """Return the total confidence of play counts (n_users, n_items)."""
        if self.confidence == "log":
            return wmf.log_confidence(plays, self.alpha, self.epsilon)
        return wmf.linear_confidence(plays, self.alpha)

    def objective(self, confidence: csr_matrix) -> float:
        """Return what the sweeps minimise, see `muso_exp.features.wmf.objective`."""
        formula = wmf.biased_objective if self.bias else wmf.objective
        return formula(confidence, self.user_factors, self.item_factors, self.regularization)

    def sweep(self, confidence: csr_matrix, transposed: csr_matrix) -> None:
        """Solve the users and then the items."""
        if self.device.type != "cpu" and self.cg_steps > 0:
            weight, users, items = self.regularization, self.user_factors, self.item_factors
            solve_on_device(confidence, users, items, weight, self.cg_steps, self.bias)
            solve_on_device(transposed, items, users, weight, self.cg_steps, self.bias)
            return
        arrays = self.user_factors.cpu().numpy(), self.item_factors.cpu().numpy()
        sweep = Sweep(
            self.regularization, self.cg_steps, self.bias, self.engine, n_threads=self.n_threads
        )
        sweep(confidence, transposed, *arrays)
        if self.device.type != "cpu":  # there the arrays are the buffers' own memory
            self._start(*map(torch.from_numpy, arrays))

    def fold_in(self, batch: Batch) -> Tensor:
        """Return the factors of new rows, between the items, shape (B, n_factors)."""
        confidence = self.weigh(self.new_plays(batch))
        return als.fold_in(confidence, self.item_factors, self.regularization, self.bias)


def _check(n_factors: int, n_items: int, bias: bool, engine: Engine) -> None:
    if bias and engine == "implicit":
        raise ConfigError("model.engine=implicit knows no bias; use blocked, or model.bias=false")
    least = 2 if bias else 1
    if not least <= n_factors <= n_items:
        raise ConfigError(
            f"model.n_factors must be {least} to {n_items}, the number of items; got {n_factors}"
        )
