"""Intervals around predictions that hold as often as they say, from the errors on held-out rows."""

import numpy as np


def conformal_half_widths(errors: np.ndarray, coverage: float) -> np.ndarray:
    """Return how far predictions may lie off, so that a share `coverage` of new rows is covered.

    The k-th smallest of n absolute errors with k = ceil((n + 1) coverage): a new row, drawn as
    these were, lies within it with at least that probability, whatever the model. Infinite where
    n is too small to promise it.

    Args:
        errors: predictions minus truth of rows that were not trained on, (n_rows, n_outputs).
        coverage: share of new rows, between 0 and 1.

    Returns:
        Shape (n_outputs,).

    Raises:
        ValueError: a coverage outside 0 to 1.

    Source: Papadopoulos et al. 2002; Lei et al. 2018, split conformal prediction. Deviation: none
    here; where the same rows chose the checkpoint, the promise is slightly too good.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must be above 0 and below 1, got {coverage}")
    n_rows, n_outputs = errors.shape
    place = int(np.ceil((n_rows + 1) * coverage))
    if place > n_rows:
        return np.full(n_outputs, np.inf)
    return np.sort(np.abs(errors), axis=0)[place - 1]
