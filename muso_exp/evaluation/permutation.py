"""Permutation tests of paired differences: the answers of two runs exchanged, unit by unit."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.metrics.base import RowMean, WeightedMetric, row_means
from muso_exp.metrics.resampling import RESAMPLING_SEED
from muso_exp.records import Columns

_EQUAL = 1e-12  # differences that rounding alone tells apart


def permuted_differences(
    metrics: MetricCollection, one: Columns, other: Columns, units: np.ndarray, n_permutations: int
) -> dict[str, Tensor]:
    """Return the difference of two runs by each metric, and those of exchanged answers.

    A permutation gives all rows of a unit to the one run or to the other, by the toss of a coin.

    Args:
        metrics: of the task, without prefix.
        one: prediction columns of a run and `target`, first dimension n_rows.
        other: of the run that it is compared with, the same rows.
        units: the independent unit of each row, (n_rows,).
        n_permutations: how many.

    Returns:
        Metric -> differences `one` less `other`, (1 + n_permutations,): the measured one first.

    Raises:
        ConfigError: rows that rest on several units, such as pairs of users.
    """
    if units.reshape(len(units), -1).shape[1] > 1:
        raise ConfigError(
            "a row of this test rests on several units (a pair of users), which no permutation can "
            "exchange apart; the intervals draw such pairs as they should"
        )
    ids, index = np.unique(units, return_inverse=True)
    kept = np.random.default_rng(RESAMPLING_SEED).random((n_permutations, len(ids))) < 0.5
    everywhere = np.ones((1, len(ids)), dtype=bool)
    keeps = torch.from_numpy(np.concatenate([everywhere, kept])[:, index.reshape(-1)])
    return {
        str(name): _score(metric, one, other, keeps) - _score(metric, other, one, keeps)  # type: ignore[arg-type]
        for name, metric in metrics.items()
    }


def _score(metric: WeightedMetric, one: Columns, other: Columns, keeps: Tensor) -> Tensor:
    """Return a metric of the rows of `one` where kept (n, n_rows), else of `other`, (n,)."""
    own, others = ({name: columns[name] for name in metric.fields} for columns in (one, other))
    if isinstance(metric, RowMean):
        values = torch.cat([metric.rows(**own), metric.rows(**others)])[:, None]
        weights = torch.cat([keeps, ~keeps], dim=1).double()
        return row_means(values, weights, torch.tensor([metric.skips_undefined]))[:, 0]
    once = torch.ones(1, keeps.shape[1], dtype=torch.float64)
    return torch.cat([metric.score(once, **_chosen(own, others, keep)) for keep in keeps])


def _chosen(one: Columns, other: Columns, keep: Tensor) -> dict[str, Tensor]:
    return {
        name: torch.where(keep.reshape(-1, *[1] * (rows.ndim - 1)), rows, other[name])
        for name, rows in one.items()
    }


def permutation_p(differences: Tensor) -> float:
    """Return the two-sided p-value of a difference under permutations.

    Args:
        differences: what `permuted_differences` returned of a metric, the measured one first.

    Returns:
        The share that is at least as far from 0, the measured one counted in, so that it is never
        0; NaN where the measured one is none.

    Source: Phipson and Smyth, Statistical Applications in Genetics and Molecular Biology 9 (2010).
    """
    known = differences[~differences.isnan()]
    if differences[0].isnan():
        return math.nan
    return float((known.abs() >= known[0].abs() - _EQUAL).double().mean())
