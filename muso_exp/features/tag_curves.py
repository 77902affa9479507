"""Areas under the ROC and precision-recall curves of many tags under many row weights at once."""

import numpy as np
from numba import njit, prange

from muso_exp.features.threads import parallel_njit

Array = np.ndarray


def tag_areas(scores: Array, target: Array, weights: Array) -> tuple[Array, Array]:
    """Return the areas under both curves of each tag, under each row of weights.

    Each tag's rows are sorted once, however many weights there are.

    Args:
        scores: of the tags, larger is likelier, shape (n_rows, n_tags), finite.
        target: 1 where a row has a tag, else 0, shape (n_rows, n_tags).
        weights: how often each row counts, shape (n_resamples, n_rows), float64.

    Returns:
        roc: probability that a row with the tag scores above one without, ties one half, shape
            (n_resamples, n_tags); NaN where the weights leave only one kind of rows.
        pr: average precision, sum over scores of precision x gain in recall, tied rows together,
            shape (n_resamples, n_tags); NaN where they leave no row with the tag.

    Source: scikit-learn's roc_auc_score and average_precision_score. Deviation: none.
    """
    order = np.argsort(-scores, axis=0, kind="stable").T.copy()  # (n_tags, n_rows)
    ranked = np.take_along_axis(scores.T, order, axis=1)
    has_tag = np.take_along_axis(target.T > 0, order, axis=1)
    out = np.empty((2, len(weights), scores.shape[1]))
    _areas(np.ascontiguousarray(ranked, dtype=np.float64), has_tag, order, weights, out)
    return out[0], out[1]


@parallel_njit()
def _areas(ranked: Array, has_tag: Array, order: Array, weights: Array, out: Array) -> None:
    for r in prange(len(weights)):
        for tag in range(len(ranked)):
            out[0, r, tag], out[1, r, tag] = _two_areas(
                ranked[tag], has_tag[tag], order[tag], weights[r]
            )


@njit(cache=True)
def _two_areas(ranked: Array, has_tag: Array, order: Array, weights: Array) -> tuple[float, float]:
    """Walk down the scores; rows of one score enter together."""
    hits, others = 0.0, 0.0  # so far
    won, precision = 0.0, 0.0
    place, n_rows = 0, len(ranked)
    while place < n_rows:
        end, new_hits, new_others = place, 0.0, 0.0
        while end < n_rows and ranked[end] == ranked[place]:
            weight = weights[order[end]]
            if has_tag[end]:
                new_hits += weight
            else:
                new_others += weight
            end += 1
        won += new_others * (hits + new_hits / 2)
        hits, others = hits + new_hits, others + new_others
        if new_hits > 0:
            precision += new_hits * hits / (hits + others)
        place = end
    if hits == 0:
        return np.nan, np.nan
    return (won / (hits * others) if others > 0 else np.nan), precision / hits
