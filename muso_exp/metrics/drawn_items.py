"""Intervals that draw the items of a test besides its users: users share the luck of few items."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.item_credits import (
    ITEMS,
    PLACES,
    HeldPlaces,
    formula_of,
    item_credits,
)
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.ranking import UserMean
from muso_exp.metrics.resampling import RESAMPLING_SEED, bootstrap_weights
from muso_exp.records import Columns

ITEM_SEED = RESAMPLING_SEED + 1  # items are drawn independently of users


class DrawnItems:
    """The items of a ranking test as further independent units, and how often each is drawn.

    A bootstrap of users alone holds the items fixed: where the users of a test rank the same few
    items that training knows nothing of, an order that fits the popular ones by chance fits all
    users. Both are drawn here, independently: a sample is that of the users, moved by how far the
    sample of the items lies from the value. Held-out items are weighted, the other candidates stay.

    Source: Owen, The pigeonhole bootstrap, Annals of Applied Statistics 2007, after McCullagh,
    Resampling and exchangeable arrays, Bernoulli 2000. Deviation: the two deviations are added,
    where the product of the weights counts the part of single (user, item) entries once more.

    Args:
        units: independent unit of each candidate, its artist; -1 of one that is not drawn, shape
            (n_candidates,).
        n_candidates: candidates of each row, shape (n_rows,).
        n_resamples: number of bootstrap samples.
    """

    def __init__(self, units: np.ndarray, n_candidates: np.ndarray, n_resamples: int) -> None:
        ids, place = np.unique(units[units >= 0], return_inverse=True)
        self.n_units, self.n_candidates = len(ids), n_candidates
        self.unit = np.full(len(units), self.n_units)  # of those that are not drawn: the last one
        self.unit[units >= 0] = place
        drawn = bootstrap_weights(np.arange(self.n_units), n_resamples, ITEM_SEED)
        self.weights = torch.cat([drawn, torch.ones(n_resamples, 1, dtype=torch.float64)], dim=1)

    def of(self, columns: Columns) -> PredictorDraw:
        """Return the draw for the held-out items as a predictor ranks them.

        Args:
            columns: of a predictor, with those of `muso_exp.features.item_credits.padded_places`;
                without them nothing moves.
        """
        if ITEMS not in columns:
            return PredictorDraw(self, None)
        arrays = {name: columns[name].numpy() for name in PLACES}
        return PredictorDraw(self, HeldPlaces.of(arrays, self.n_candidates))


class PredictorDraw:
    """How the draw of the items moves the metrics of one predictor.

    Args:
        drawn: the items, and how often each is drawn.
        places: where the predictor ranks the held-out items; None where it does not say.
    """

    def __init__(self, drawn: DrawnItems, places: HeldPlaces | None) -> None:
        self.drawn, self.places = drawn, places
        if places is None:
            return
        self.unit = drawn.unit[places.items]
        n_held = np.diff(places.crow)  # of each user
        self.shares = self._of_units(1 / np.repeat(n_held, n_held))
        self.drawn_shares = drawn.weights @ self.shares  # (n_resamples,)

    def moved(self, metric: WeightedMetric, samples: Tensor) -> Tensor:
        """Return samples over users, (n_resamples,), moved by the draw of the items.

        Of a metric that is no mean over users of a formula of held-out items they stay.

        Args:
            metric: that the samples are of.
            samples: of the bootstrap over users.
        """
        if not isinstance(metric, UserMean):
            return samples
        return (samples + self.deviations(metric.fields[0])).clamp(*metric.bounds)

    def deviations(self, column: str) -> Tensor:
        """Return how far the mean of a ranking column over the users moves, (n_resamples,).

        Zeros of a column that is no formula of held-out items.

        Args:
            column: name of the column.
        """
        formula = formula_of(column)
        if formula is None or self.places is None:
            return torch.zeros(len(self.drawn.weights), dtype=torch.float64)
        sums = self._of_units(item_credits(self.places, *formula))
        whole = sums.sum() / self.shares.sum()
        return self.drawn.weights @ sums / self.drawn_shares - whole

    def _of_units(self, values: np.ndarray) -> Tensor:
        """Return the sums of values of held-out items over each unit, (n_units + 1,)."""
        return torch.from_numpy(np.bincount(self.unit, values, self.drawn.n_units + 1))
