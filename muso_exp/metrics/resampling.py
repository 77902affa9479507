"""Bootstrap over the independent unit (users, not pairs; artists, not clips)."""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.stats import norm, t
from torch import Tensor

RESAMPLING_SEED = 20240425  # of every bootstrap: one number has one interval, wherever it stands
FEW = 50  # independent units, below which percentile intervals are widened
_BLOCK = 50  # resamples drawn at once: the whole numbers are as large as the weights
KEPT_BYTES = 2**27  # of drawn weights that a bootstrap keeps, at most


def bootstrap_weights(units: np.ndarray, n_resamples: int, seed: int) -> Tensor:
    """Draw units with replacement and return how often each row counts.

    A row that rests on several units (a pair of users) counts as often as the product of their
    multiplicities: the pairs bootstrap of a dyadic sample.

    Args:
        units: unit ids of each row, shape (n_rows,) or (n_rows, units_per_row).
        n_resamples: number of bootstrap samples.
        seed: of the draw.

    Returns:
        Weights, shape (n_resamples, n_rows), float64.

    Source: Efron and Tibshirani 1993; for pairs, Snijders and Borgatti 1999 (vertex bootstrap).
    Deviation: a pair of one unit drawn twice with itself is not formed.
    """
    units = units.reshape(len(units), -1)
    ids, index = np.unique(units, return_inverse=True)
    rng = np.random.default_rng(seed)
    share = np.full(len(ids), 1 / len(ids))
    first, *others = index.reshape(units.shape).T
    weights = np.empty((n_resamples, len(units)))
    for block in np.array_split(weights, max(n_resamples // _BLOCK, 1)):
        drawn = rng.multinomial(len(ids), share, size=len(block))  # (n_block, n_units)
        multiplicity = drawn.astype(np.float64)
        np.take(multiplicity, first, axis=1, out=block, mode="clip")  # places are in range
        for other in others:
            block *= np.take(multiplicity, other, axis=1)
    return torch.from_numpy(weights)


def few_units_factor(n_units: int) -> float:
    """Return by how much the samples of so few units lie too near to the value; 1 of FEW or more.

    A percentile interval is too narrow twice: the spread of n drawn units is that of a population
    smaller by sqrt((n - 1) / n), and its ends are those of the normal distribution where a mean of
    n has Student's. Of 6 units it would be falsely above 0 in 7 % of the cases, not in 2.5 %.

    Source: Hesterberg, What teachers should know about the bootstrap, American Statistician 2015,
    section 3.3 (expanded percentile interval). Deviation: the samples are widened, not the
    percentiles, so that few resamples suffice; from FEW units on (a factor of 1.035) they stay.
    """
    if not 1 < n_units < FEW:
        return 1.0
    return float(np.sqrt(n_units / (n_units - 1)) * t.ppf(0.975, n_units - 1) / norm.ppf(0.975))


def percentile_interval(samples: Tensor, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of bootstrap samples (n_resamples,), NaN samples left out."""
    finite = samples[~samples.isnan()]
    if len(finite) == 0:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low, high = torch.quantile(finite, torch.tensor([tail, 1 - tail], dtype=finite.dtype))
    return float(low), float(high)


def interval_around(
    value: float | None, samples: Tensor, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of a value's bootstrap samples, widened to hold the value.

    A skewed bootstrap of few units may leave the value itself outside.

    Args:
        value: of all rows; NaN or None where it is not defined.
        samples: of the bootstrap, (n_resamples,), NaN samples left out.
        level: of the interval.
    """
    low, high = percentile_interval(samples, level)
    if value is None or math.isnan(value):
        return low, high
    return min(low, value), max(high, value)


@dataclass(frozen=True)
class Bootstrap:
    """Makes the 95 % intervals of a run, all from the same number of resamples.

    Attributes:
        resamples: bootstrap samples behind each interval.
        seed: of the draws; one number has one interval, wherever it stands.
        kept: what was drawn last, by the places of the units.
    """

    resamples: int
    seed: int = RESAMPLING_SEED
    kept: dict[bytes, Tensor] = field(default_factory=dict, init=False, repr=False, compare=False)

    def weights(self, units: np.ndarray) -> Tensor:
        """Return how often each row counts, (resamples, n_rows), see `bootstrap_weights`.

        Only to be read: of units that stand as those of another call it is the same tensor, while
        what was drawn since takes no more than KEPT_BYTES.
        """
        units = units.reshape(len(units), -1)
        places = np.unique(units, return_inverse=True)[1].reshape(units.shape)
        key = b"%d %s" % (units.shape[1], places.tobytes())
        if key in self.kept:
            return self.kept[key]
        drawn = bootstrap_weights(places, self.resamples, self.seed)
        self.kept[key] = drawn
        while self.kept and sum(own.nbytes for own in self.kept.values()) > KEPT_BYTES:
            del self.kept[next(iter(self.kept))]
        return drawn

    def mean(
        self, values: np.ndarray, units: np.ndarray | None = None, moved: Tensor | None = None
    ) -> tuple[float, float]:
        """Return the interval of the mean of values (n_rows,); NaN if there are none.

        Args:
            values: one of each row.
            units: independent units of the rows; None if each row is one.
            moved: how far items that are drawn too move each sample, (resamples,).
        """
        if len(values) == 0:
            return float("nan"), float("nan")
        of = np.arange(len(values)) if units is None else units
        weights, mean = self.weights(of), float(np.mean(values))
        sums = weights @ torch.from_numpy(np.array(values, dtype=np.float64))
        samples = sums / weights.sum(dim=1)
        wider = mean + few_units_factor(len(np.unique(of))) * (samples - mean)
        wider = wider.clamp(float(np.min(values)), float(np.max(values)))
        return percentile_interval(wider if moved is None else wider + moved)

    def shares(self, share: np.ndarray, n_units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of the intervals of shares (k,) of so many units (k,); NaN of none.

        For shares of a handful of units, where all resamples may agree and a percentile interval
        would have no width.

        Source: Wilson 1927. Deviation: units (artists) for trials, as rows of one are alike.
        """
        z = norm.ppf(0.975)
        with np.errstate(invalid="ignore", divide="ignore"):
            scale = 1 / (1 + z**2 / n_units)
            centre = scale * (share + z**2 / (2 * n_units))
            half = scale * z * np.sqrt(share * (1 - share) / n_units + z**2 / (4 * n_units**2))
        return centre - half, centre + half
