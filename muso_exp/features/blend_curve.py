"""A blend of scores whose weights are smooth functions of how many listeners an item has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags_array, hstack
from scipy.special import log_softmax

KNOTS = (0, 1, 3, 10, 30, 100, 300, 1000)  # listeners, at which the weights are free
RIDGE = 1e-3  # penalty of a squared weight, per choice
STOP = {"ftol": 1e-7, "maxiter": 500}  # of the log-likelihood's maximisation
BEND = 1e-2  # penalty of a squared second difference between neighbouring knots, per choice


@dataclass(frozen=True)
class BlendCurve:
    """Weights of the parts of a score, and an offset, by the listeners of an item.

    Between two knots they are linear in log(1 + listeners); beyond the last one they are constant.

    Attributes:
        knots: listeners, ascending from 0, shape (n_knots,).
        weights: of each part's scores, shape (n_knots, n_parts).
        offsets: what an item of so many listeners gets for every user, shape (n_knots,).
    """

    knots: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray

    def at(self, listeners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (n_items, n_parts) and offsets (n_items,) of items (n_items,)."""
        basis = hats(listeners, self.knots)
        return basis @ self.weights, basis @ self.offsets

    def mix(self, scores: np.ndarray, listeners: np.ndarray) -> np.ndarray:
        """Return the blend (B, n_items) of the parts' scores (n_parts, B, n_items), float32."""
        weights, offsets = (part.astype(np.float32) for part in self.at(listeners))
        mixed = np.broadcast_to(offsets, scores.shape[1:]).copy()
        for part, own in enumerate(weights.T):
            if own.any():
                mixed += own * scores[part]
        return mixed

    def moved(self, groups: np.ndarray, share: float) -> BlendCurve:
        """Return the curve with its weights moved from one group of parts to the other.

        Args:
            groups: whether each part is of the second group, shape (n_parts,), bool.
            share: 0 leaves the first group alone, 0.5 both as they were learned, 1 the second.
        """
        factor = np.where(groups, min(2 * share, 1), min(2 * (1 - share), 1))
        return BlendCurve(self.knots, self.weights * factor, self.offsets)


@dataclass(frozen=True)
class Choices:
    """Held-out items beside other items, to learn a blend from.

    Attributes:
        scores: of the parts; first the held-out item's, shape (n, 1 + n_others, n_parts), float32.
        listeners: of each item, shape (n, 1 + n_others).
        possible: whether an item could have been recommended, shape (n, 1 + n_others), bool.
    """

    scores: np.ndarray
    listeners: np.ndarray
    possible: np.ndarray


def knots_up_to(most: int) -> np.ndarray:
    """Return those of KNOTS that items with at most so many listeners reach, at least two."""
    return np.array([knot for place, knot in enumerate(KNOTS) if place < 2 or knot <= most])


def hats(listeners: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the share of each knot in an item of so many listeners, (..., n_knots), float64.

    Linear interpolation in log(1 + listeners): the shares of an item sum to 1.
    """
    place = np.log1p(np.asarray(listeners, dtype=np.float64))
    at = np.log1p(knots.astype(np.float64))
    return np.stack([np.interp(place, at, row) for row in np.eye(len(at))], axis=-1)


def fit_blend(choices: Choices, knots: np.ndarray, used: np.ndarray) -> BlendCurve:
    """Fit the weights under which the held-out items are chosen most probably.

    A conditional logit: an item is chosen among those of its row with a probability proportional to
    exp(blend). The penalised log-likelihood is concave, so that its maximum is the only one.

    Args:
        choices: at least one.
        knots: of the curve, shape (n_knots,).
        used: parts that may get a weight, shape (n_parts,), bool.

    Raises:
        ValueError: no choice to learn from.

    Source: McFadden 1974; uniform sampling of alternatives leaves it consistent. Deviation: weights
    by listeners, a ridge penalty and one on bends.
    """
    if len(choices.scores) == 0:
        raise ValueError("no held-out item to learn a blend from; hold out more")
    n_knots, n_used = len(knots), int(used.sum())
    shape = (n_knots, n_used + 1)
    design = _design(choices, knots, used)  # (n * c, n_knots * (n_used + 1))
    barred = np.where(choices.possible, 0.0, -np.inf)
    bends = np.diff(np.eye(n_knots), n=2, axis=0)  # (n_knots - 2, n_knots)
    scale = np.append(np.full(n_used, RIDGE), RIDGE / 10)  # the offset is shrunk less

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        free = flat.reshape(shape)
        chosen = log_softmax((design @ flat).reshape(barred.shape) + barred, axis=1)
        error = np.exp(chosen) / len(chosen)
        error[:, 0] -= 1 / len(chosen)
        bent = bends @ free
        penalty = (scale * free**2).sum() + BEND * (bent**2).sum()
        gradient = 2 * scale * free + 2 * BEND * bends.T @ bent
        return float(penalty - chosen[:, 0].mean()), design.T @ error.ravel() + gradient.ravel()

    start = np.zeros(shape).ravel()
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=STOP).x.reshape(shape)
    weights = np.zeros((n_knots, len(used)))
    weights[:, used] = found[:, :-1]
    return BlendCurve(knots, weights, found[:, -1])


def _design(choices: Choices, knots: np.ndarray, used: np.ndarray) -> csr_matrix:
    """Return the shares of the knots times the scores of the used parts and 1, a row per item.

    Shape (n * (1 + n_others), n_knots * (n_used + 1)): an item lies between two knots at most.
    """
    scores = choices.scores[..., used].reshape(-1, int(used.sum())).astype(np.float64)
    known = np.column_stack([scores, np.ones(len(scores))])  # (rows, width)
    basis = hats(choices.listeners.ravel(), knots)  # (rows, n_knots)
    return csr_matrix(hstack([diags_array(share) @ csr_matrix(known) for share in basis.T]))
