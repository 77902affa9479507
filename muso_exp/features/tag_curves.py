"""Areas under the ROC and precision-recall curves of many tags under many row weights at once."""

import numpy as np
from numba import njit, prange

from muso_exp.features.threads import parallel_njit

Array = np.ndarray
BLOCK = 64  # weights that a thread walks with at once


def tag_areas(
    scores: Array, target: Array, weights: Array, rows: Array | None = None
) -> tuple[Array, Array]:
    """Return the areas under both curves of each tag, under each row of weights.

    Each tag's rows are sorted once, however many weights there are.

    Args:
        scores: of the tags, larger is likelier, shape (n_rows, n_tags), finite.
        target: 1 where a row has a tag, else 0, shape (n_rows, n_tags).
        weights: how often each row counts, shape (n_resamples, n_rows), float64.
        rows: whose columns of the weights are meant, of more; None: all.

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
    blocks = np.zeros((-(-len(weights) // BLOCK), len(scores), BLOCK))
    _turn(weights, np.arange(len(scores)) if rows is None else rows, blocks)
    out = np.empty((2, scores.shape[1], len(blocks), BLOCK))
    _areas(np.ascontiguousarray(ranked, dtype=np.float64), has_tag, order, blocks, out)
    roc, pr = out.reshape(2, scores.shape[1], len(blocks) * BLOCK)[..., : len(weights)]
    return roc.T, pr.T


@njit(cache=True)
def _turn(weights: Array, rows: Array, blocks: Array) -> None:
    """Write some rows of weights (n_resamples, n_all) to blocks (n_blocks, n_rows, BLOCK).

    What a row weighs in several resamples lies side by side: a loop adds them at once.
    """
    for first in range(0, len(rows), BLOCK):
        own = rows[first : first + BLOCK]
        for resample in range(len(weights)):
            block, place = resample // BLOCK, resample % BLOCK
            for i in range(len(own)):
                blocks[block, first + i, place] = weights[resample, own[i]]


@parallel_njit(error_model="numpy")
def _areas(ranked: Array, has_tag: Array, order: Array, weights: Array, out: Array) -> None:
    for job in prange(len(weights) * len(ranked)):
        tag, block = job // len(weights), job % len(weights)
        lists = ranked[tag], has_tag[tag], order[tag]
        _two_areas(*lists, weights[block], out[0, tag, block], out[1, tag, block])


@njit(cache=True, error_model="numpy")
def _two_areas(
    ranked: Array, has_tag: Array, order: Array, weights: Array, roc: Array, pr: Array
) -> None:
    """Walk down the scores, under weights (n_rows, BLOCK) at once; fill both areas (BLOCK,).

    Rows of one score enter together.
    """
    hits, others = np.zeros(BLOCK), np.zeros(BLOCK)  # so far
    new_hits, new_others = np.zeros(BLOCK), np.zeros(BLOCK)  # of one score
    roc[:], pr[:] = 0, 0
    for place in range(len(ranked)):
        own, new = weights[order[place]], new_hits if has_tag[place] else new_others
        for i in range(BLOCK):
            new[i] += own[i]
        if place + 1 < len(ranked) and ranked[place + 1] == ranked[place]:
            continue
        for i in range(BLOCK):
            roc[i] += new_others[i] * (hits[i] + new_hits[i] / 2)
            hits[i], others[i] = hits[i] + new_hits[i], others[i] + new_others[i]
            gain = new_hits[i] * hits[i] / (hits[i] + others[i])
            pr[i] += gain if new_hits[i] > 0 else 0.0
            new_hits[i], new_others[i] = 0, 0
    for i in range(BLOCK):
        roc[i] = roc[i] / (hits[i] * others[i]) if hits[i] * others[i] > 0 else np.nan
        pr[i] = pr[i] / hits[i] if hits[i] > 0 else np.nan
