"""Several comparisons at once: p-values of paired differences, corrected by Holm's rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def p_value(differences: np.ndarray) -> float:
    """Return the two-sided p-value of a difference of 0, from its bootstrap samples.

    Twice the share of samples on the rarer side of 0, each side counted with one sample more, so
    that it is never 0: of 1,000 samples the least is .002.

    Args:
        differences: samples of the paired difference, shape (n_resamples,); NaN is left out.

    Returns:
        NaN where no sample is a number.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 15.4 (the
    achieved significance level by the percentile interval).
    """
    known = differences[~np.isnan(differences)]
    if len(known) == 0:
        return float("nan")
    rarer = min(np.sum(known <= 0), np.sum(known >= 0))
    return float(min(1.0, 2 * (rarer + 1) / (len(known) + 1)))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected for their number: the chance of any false one stays below.

    The k-th smallest of m is multiplied by m - k + 1, and is no less than the one before it.

    Args:
        p_values: of one family; None and NaN are no comparison.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979).
    """
    known = [place for place, p in enumerate(p_values) if p is not None and p == p]
    corrected: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, place in enumerate(sorted(known, key=lambda place: p_values[place] or 0.0)):
        least = max(least, min(1.0, (len(known) - rank) * (p_values[place] or 0.0)))
        corrected[place] = least
    return corrected
