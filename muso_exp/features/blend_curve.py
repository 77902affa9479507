"""A blend of scores whose weights are smooth functions of who knows an item and its artist."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags_array, hstack
from scipy.special import log_softmax

from muso_exp.features import score_kernels
from muso_exp.features.audience import Audience

KNOTS = (0, 1, 3, 10, 30, 100, 300, 1000)  # listeners, at which the weights are free
ARTIST_KNOTS = (0, 3, 30, 300)  # the same of the listeners of the artist's other items
RIDGE = 1e-4  # penalty of a squared weight, per choice
STOP = {"ftol": 1e-7, "maxiter": 500}  # of the log-likelihood's maximisation
BEND = 1e-3  # penalty of a squared second difference between neighbouring knots, per choice
SLOPE = 1e-3  # penalty of a squared difference between neighbouring artist knots, per choice


@dataclass(frozen=True)
class BlendCurve:
    """Weights of the parts of a score, and an offset, by the listeners of an item and its artist.

    Between two knots they are linear in log(1 + listeners) of either; beyond the last constant.

    Attributes:
        knots: listeners of an item, ascending from 0, shape (n_knots,).
        artist_knots: listeners of its artist's other items, ascending from 0, (n_artist_knots,).
        weights: of each part's scores, shape (n_knots, n_artist_knots, n_parts).
        offsets: what such an item gets for every user, shape (n_knots, n_artist_knots).
    """

    knots: np.ndarray
    artist_knots: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray

    def at(self, audience: Audience) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (n_items, n_parts) and offsets (n_items,) of items (n_items,)."""
        basis = hats(audience, self.knots, self.artist_knots)
        return basis @ self.weights.reshape(basis.shape[-1], -1), basis @ self.offsets.ravel()

    def mix(self, scores: np.ndarray, audience: Audience) -> np.ndarray:
        """Return the blend (B, n_items) of the parts' scores (n_parts, B, n_items), float32."""
        weights, offsets = (part.astype(np.float32) for part in self.at(audience))
        used = np.flatnonzero(weights.any(axis=0))
        mixed = np.empty(scores.shape[1:], dtype=np.float32)
        score_kernels.mix(scores, used, np.ascontiguousarray(weights.T), offsets, mixed)
        return mixed

    def moved(self, groups: np.ndarray, share: float) -> BlendCurve:
        """Return the curve with its weights moved from one group of parts to the other.

        Who knows an item's artist goes with the second group, the parts that rest on content.

        Args:
            groups: whether each part is of the second group, shape (n_parts,), bool.
            share: 0 leaves the first group alone, 0.5 both as they were learned, 1 the second.
        """
        factor = np.where(groups, min(2 * share, 1), min(2 * (1 - share), 1))
        even = self.offsets.mean(axis=1, keepdims=True)
        offsets = even + (self.offsets - even) * min(2 * share, 1)
        return replace(self, weights=self.weights * factor, offsets=offsets)


@dataclass(frozen=True)
class Choices:
    """Held-out items beside other items, to learn a blend from.

    Attributes:
        scores: of the parts; first the held-out item's, shape (n, 1 + n_others, n_parts), float32.
        audience: of each item, shape (n, 1 + n_others).
        possible: whether an item could have been recommended, shape (n, 1 + n_others), bool.
    """

    scores: np.ndarray
    audience: Audience
    possible: np.ndarray


def knots_up_to(most: int) -> np.ndarray:
    """Return those of KNOTS that items with at most so many listeners reach, at least two."""
    return np.array([knot for place, knot in enumerate(KNOTS) if place < 2 or knot <= most])


def artist_knots_up_to(most: int) -> np.ndarray:
    """Return those of ARTIST_KNOTS up to the first that no artist goes beyond; 0 of 0 listeners."""
    lower = (0, *ARTIST_KNOTS[:-1])
    return np.array(
        [k for k, below in zip(ARTIST_KNOTS, lower, strict=True) if k == 0 or below < most]
    )


def hats(audience: Audience, knots: np.ndarray, artist_knots: np.ndarray) -> np.ndarray:
    """Return the share of each pair of knots in items, (..., n_knots * n_artist_knots), float64.

    Linear interpolation in log(1 + listeners), of the item and of its artist: the shares of an item
    sum to 1. The artist's knot runs fastest.
    """
    own = _hats(audience.item, knots)[..., :, None]
    both = own * _hats(audience.artist, artist_knots)[..., None, :]
    return both.reshape(*both.shape[:-2], -1)


def _hats(listeners: np.ndarray, knots: np.ndarray) -> np.ndarray:
    counts = np.arange(listeners.max(initial=0) + 1)  # many items share one
    place, at = (np.log1p(part.astype(np.float64)) for part in (counts, knots))
    return np.stack([np.interp(place, at, row) for row in np.eye(len(at))], axis=-1)[listeners]


def fit_blend(
    choices: Choices, knots: np.ndarray, artist_knots: np.ndarray, used: np.ndarray
) -> BlendCurve:
    """Fit the weights under which the held-out items are chosen most probably.

    A conditional logit: an item is chosen among those of its row with a probability proportional to
    exp(blend). The penalised log-likelihood is concave, so that its maximum is the only one.

    Args:
        choices: at least one.
        knots: of the curve, shape (n_knots,).
        artist_knots: of the curve, shape (n_artist_knots,).
        used: parts that may get a weight, shape (n_parts,), bool.

    Raises:
        ValueError: no choice to learn from.

    Source: McFadden 1974; uniform sampling of alternatives leaves it consistent. Deviation: weights
    by listeners of item and artist, a ridge penalty, one on bends and one on slopes.
    """
    if len(choices.scores) == 0:
        raise ValueError("no held-out item to learn a blend from; hold out more")
    n_used, sizes = int(used.sum()), (len(knots), len(artist_knots))
    shape = (sizes[0] * sizes[1], n_used + 1)
    design = _design(choices, hats(choices.audience, knots, artist_knots), used)
    barred = np.where(choices.possible, 0.0, -np.inf)
    rough = _roughness(*sizes)  # (n_pairs, n_pairs)
    scale = np.append(np.full(n_used, RIDGE), RIDGE / 10)  # the offset is shrunk less

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        free = flat.reshape(shape)
        chosen = log_softmax((design @ flat).reshape(barred.shape) + barred, axis=1)
        error = np.exp(chosen) / len(chosen)
        error[:, 0] -= 1 / len(chosen)
        slope = scale * free + rough @ free  # half of the penalty's gradient
        penalty = (free * slope).sum()
        gradient = design.T @ error.ravel() + 2 * slope.ravel()
        return float(penalty - chosen[:, 0].mean()), gradient

    start = np.zeros(shape).ravel()
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=STOP).x.reshape(shape)
    weights = np.zeros((*sizes, len(used)))
    weights[..., used] = found[:, :-1].reshape(*sizes, n_used)
    return BlendCurve(knots, artist_knots, weights, found[:, -1].reshape(sizes))


def _roughness(n_knots: int, n_artist_knots: int) -> np.ndarray:
    """Return the quadratic form of bends by the item's listeners and slopes by the artist's."""
    bends = np.diff(np.eye(n_knots), n=2, axis=0)  # (n_knots - 2, n_knots)
    slopes = np.diff(np.eye(n_artist_knots), axis=0)  # (n_artist_knots - 1, n_artist_knots)
    along_items = np.kron(bends.T @ bends, np.eye(n_artist_knots))
    along_artists = np.kron(np.eye(n_knots), slopes.T @ slopes)
    return BEND * along_items + SLOPE * along_artists


def _design(choices: Choices, basis: np.ndarray, used: np.ndarray) -> csr_matrix:
    """Return the shares of the knots times the scores of the used parts and 1, a row per item.

    Shape (n * (1 + n_others), n_pairs * (n_used + 1)): an item lies between two knots of its own
    and two of its artist at most.
    """
    scores = choices.scores[..., used].reshape(-1, int(used.sum())).astype(np.float64)
    known = np.column_stack([scores, np.ones(len(scores))])  # (rows, width)
    shares = basis.reshape(len(known), -1).T
    return csr_matrix(hstack([diags_array(share) @ csr_matrix(known) for share in shares]))
