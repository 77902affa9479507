"""Per-user ranking measures from the ranks of the held-out items alone.

Each measure is one function, registered by `ranking_formula`; its column and its metric follow:

    @ranking_formula(at_cutoffs=True)
    def reciprocal_rank(above, tied, n_candidates, k, gains):
        return 1 / (above[0] + 1) if above[0] < k else 0.0

Notation, for one user: m held-out items among n candidates; a held-out item has `above`
candidates over it and ties with `tied` candidates, itself counted. Where several held-out items
share a tie of length s that begins below rank t, each of the s places holds one of the r held-out
ones with probability r / s, and the value is the exact expectation over all orders of the tie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numba import float64, int64, njit, types, void
from numba.core.errors import NumbaError

from muso_exp.errors import ConfigError

Array = np.ndarray
Formula = Callable[[Array, Array, int, int, Array], float]
CLICK_PAGE, CLICK_DEPTH = 10, 500  # items on a page, and items until the user gives up
SHARE = (0.0, 1.0)  # bounds of a share or a probability

_COUNTS, _VALUES = int64[::1], float64[::1]
_FORMULA = float64(_COUNTS, _COUNTS, int64, int64, _VALUES)
_LOOP = void(
    types.FunctionType(_FORMULA), _COUNTS, _COUNTS, _COUNTS, _COUNTS, int64, _VALUES, _VALUES
)


@dataclass(frozen=True)
class RankingFormula:
    """A measure of one user's ranking.

    Attributes:
        function: (above, tied, n_candidates, k, gains) -> value of one user. `above` (m,), int64,
            ascending; `tied` (m,), int64; `k` is 0 for a measure without cutoff; `gains` (at least
            k + 1,), float64, the sum of 1 / log2(i + 1) over the first places i. It is compiled by
            numba, and may call functions that numba compiled.
        column: name of the column, `_at_<k>` after it for a measure at cutoffs.
        metric: name of the metric, the mean over users; `_at_<k>` as for the column.
        at_cutoffs: whether there is one at each cutoff.
        higher_is_better: which of two values is the better one; None of a measure that describes.
        bounds: least and greatest value that it can have.
    """

    function: Formula
    column: str
    metric: str
    at_cutoffs: bool
    higher_is_better: bool | None
    bounds: tuple[float, float]

    @cached_property
    def compiled(self) -> Any:
        """Return the compiled function.

        Raises:
            ConfigError: numba cannot compile it.
        """
        try:
            return njit(_FORMULA, cache=True)(self.function)
        except NumbaError as error:
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"the ranking formula {self.column} cannot be compiled by numba: {reason}"
            ) from error


FORMULAS: dict[str, RankingFormula] = {}


def ranking_formula(
    metric: str | None = None,
    at_cutoffs: bool = False,
    higher_is_better: bool | None = True,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Callable[[Formula], Formula]:
    """Register a function as a measure of all recommenders, under its own name.

    Args:
        metric: name of the metric where it is not that of the function.
        at_cutoffs: whether to compute it at each cutoff.
        higher_is_better: see `RankingFormula`.
        bounds: see `RankingFormula`.

    Raises:
        ValueError: a formula of that name is registered.
    """

    def register(function: Formula) -> Formula:
        name = function.__name__
        if name in FORMULAS:
            raise ValueError(f"there is a ranking formula {name} already; choose another name")
        FORMULAS[name] = RankingFormula(
            function, name, metric or name, at_cutoffs, higher_is_better, bounds
        )
        return function

    return register


def user_columns(
    above: np.ndarray,
    tied: np.ndarray,
    crow: np.ndarray,
    n_candidates: np.ndarray,
    cutoffs: Sequence[int],
) -> dict[str, np.ndarray]:
    """Return the ranking measures of each user.

    Args:
        above: candidates above each held-out item, shape (n_positives,), ascending in a user.
        tied: candidates that it ties with, itself counted, shape (n_positives,).
        crow: where each user's held-out items begin and end, shape (n_users + 1,).
        n_candidates: items that could be recommended to each user, shape (n_users,).
        cutoffs: the k, each >= 1.

    Returns:
        Columns of shape (n_users,), float64: those of `FORMULAS`, and `n_positives`, m.

    Raises:
        ValueError: a cutoff below 1.
        ConfigError: a formula that numba cannot compile, or that raises.
    """
    if min(cutoffs, default=1) < 1:
        raise ValueError(f"cutoffs must be >= 1, got {list(cutoffs)}")
    counts = [np.require(part, np.int64, ["C", "W"]) for part in (above, tied, crow, n_candidates)]
    longest = max([int(k) for k in cutoffs], default=0)
    gains = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(longest) + 2))])

    def column(formula: RankingFormula, k: int) -> np.ndarray:
        out = np.empty(len(crow) - 1)
        compiled = formula.compiled
        try:
            compiled_loop(_each_user)(compiled, *counts, k, gains, out)
        except Exception as error:  # whatever a formula of the user's own raises
            raise ConfigError(f"the ranking formula {formula.column} failed: {error}") from error
        return out

    whole = [formula for formula in FORMULAS.values() if not formula.at_cutoffs]
    cut = [formula for formula in FORMULAS.values() if formula.at_cutoffs]
    return {
        **{formula.column: column(formula, 0) for formula in whole},
        "n_positives": np.diff(crow).astype(np.float64),
        **{f"{formula.column}_at_{k}": column(formula, int(k)) for k in cutoffs for formula in cut},
    }


@cache
def compiled_loop(loop: Callable[..., None]) -> Any:
    """Return a loop over users compiled; its arguments are as those of `_each_user`."""
    return njit(_LOOP, cache=True, nogil=True)(loop)


def _each_user(
    formula: Formula, above: Array, tied: Array, crow: Array, n_candidates: Array, k: int,
    gains: Array, out: Array,
) -> None:  # fmt: skip
    for user in range(len(out)):
        own = slice(crow[user], crow[user + 1])
        out[user] = formula(above[own], tied[own], n_candidates[user], k, gains)


@ranking_formula(bounds=SHARE)
def auc(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """Share of pairs (held-out, other candidate) in the right order, a tie one half.

    NaN where every candidate is held out. A held-out item beats n - above - tied candidates, and
    half of those it ties with. Pairs of two held-out items are in it as well, m (m - 1) / 2 of
    them, and are taken off.
    """
    m = len(above)
    if m == n_candidates:
        return np.nan
    won = 0.0
    for j in range(m):
        won += n_candidates - above[j] - tied[j] + (tied[j] - 1) / 2
    return (won - m * (m - 1) / 2) / (m * (n_candidates - m))


@ranking_formula(bounds=SHARE)
def r_precision(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """Held-out items in the first m, over m.

    Source: RecSys Challenge 2018. Deviation: tracks only, without the credit for artists.
    """
    return _hits(above, tied, len(above)) / len(above)


@ranking_formula(higher_is_better=False, bounds=(0.0, CLICK_DEPTH / CLICK_PAGE + 1))
def clicks(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """Pages of 10 to turn before the first held-out item; 51 if it is not in the first 500.

    Source: RecSys Challenge 2018.
    """
    total = 2 * _miss(above, tied, CLICK_DEPTH)
    for page in range(1, CLICK_DEPTH // CLICK_PAGE):
        total += _miss(above, tied, page * CLICK_PAGE)
    return total


@ranking_formula(metric="map", at_cutoffs=True, bounds=SHARE)
def ap(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """Average precision: the sum over ranks i <= k of P(i) rel(i), over min(m, k).

    At place i of a tie: rel with probability r / s, then (i - 1)(r - 1) / (s - 1) hits in it.

    Source: thesis section 6.2.1, where its formula lacks rel(k); expectations over ties: McSherry
    and Najork, ECIR 2008.
    """
    total, j = 0.0, 0
    while j < len(above) and above[j] < k:
        end = _group_end(above, j)
        r, s, t = end - j, tied[j], above[j]
        slope = (r - 1) / (s - 1) if s > 1 else 0.0
        for i in range(1, min(s, k - t) + 1):
            total += r / s * (j + 1 + (i - 1) * slope) / (t + i)
        j = end
    return total / min(len(above), k)


@ranking_formula(at_cutoffs=True, bounds=SHARE)
def ndcg(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """Sum over ranks i <= k of rel(i) / log2(i + 1), over its largest value.

    Source: RecSys Challenge 2018.
    """
    total = 0.0
    for j in range(len(above)):
        if above[j] >= k:
            break
        total += (gains[min(k, above[j] + tied[j])] - gains[above[j]]) / tied[j]
    return total / gains[min(len(above), k)]


@ranking_formula(at_cutoffs=True, bounds=SHARE)
def recall(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """Held-out items in the first k, over m."""
    return _hits(above, tied, k) / len(above)


@ranking_formula(at_cutoffs=True, bounds=SHARE)
def capped_recall(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """Held-out items in the first k, over min(m, k). Source: Liang et al. 2018 (its Recall@R)."""
    return _hits(above, tied, k) / min(len(above), k)


@ranking_formula(at_cutoffs=True, bounds=SHARE)
def precision(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """Held-out items in the first k, over k."""
    return _hits(above, tied, k) / k


@ranking_formula(at_cutoffs=True, bounds=SHARE)
def hit_rate(above: Array, tied: Array, n_candidates: int, k: int, gains: Array) -> float:
    """Whether there is a held-out item in the first k."""
    return 1 - _miss(above, tied, k)


@njit(cache=True)
def _group_end(above: Array, j: int) -> int:
    end = j + 1
    while end < len(above) and above[end] == above[j]:
        end += 1
    return end


@njit(cache=True)
def _hits(above: Array, tied: Array, k: int) -> float:
    hits = 0.0
    for j in range(len(above)):
        if above[j] >= k:
            break
        hits += min(k - above[j], tied[j]) / tied[j]
    return hits


@njit(cache=True)
def _miss(above: Array, tied: Array, k: int) -> float:
    """Return the probability that no held-out item is in the first k."""
    r, s = _group_end(above, 0), tied[0]
    places = min(k - above[0], s)
    miss = 1.0
    for taken in range(r):
        if places > 0:
            miss *= max(s - places - taken, 0) / (s - taken)
    return miss
