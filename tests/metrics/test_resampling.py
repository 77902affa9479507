import numpy as np
import torch
from pytest import approx

from muso_exp.metrics.resampling import bootstrap_weights, percentile_interval


def test_each_resample_of_single_units_draws_as_many_as_there_are() -> None:
    weights = bootstrap_weights(np.arange(10), 50, seed=0)
    assert weights.shape == (50, 10)
    assert (weights.sum(dim=1) == 10).all()


def test_rows_of_one_unit_stay_together() -> None:
    weights = bootstrap_weights(np.array([7, 7, 3]), 20, seed=0)
    assert weights[:, 0].equal(weights[:, 1])


def test_a_pair_counts_as_the_product_of_its_users() -> None:
    pairs = np.array([[0, 1], [1, 2], [0, 2]])
    a, b, c = bootstrap_weights(np.arange(3), 40, seed=5).T
    weights = bootstrap_weights(pairs, 40, seed=5)
    assert weights.equal(torch.stack([a * b, b * c, a * c], dim=1))


def test_the_seed_fixes_the_draw() -> None:
    units = np.arange(8)
    assert bootstrap_weights(units, 5, seed=1).equal(bootstrap_weights(units, 5, seed=1))
    assert not bootstrap_weights(units, 5, seed=1).equal(bootstrap_weights(units, 5, seed=2))


def test_the_interval_cuts_the_same_share_from_both_tails() -> None:
    samples = torch.arange(101, dtype=torch.float64)
    assert percentile_interval(samples, level=0.9) == approx((5, 95))


def test_undefined_resamples_are_left_out_of_the_interval() -> None:
    samples = torch.tensor([float("nan"), 1.0, 1.0], dtype=torch.float64)
    assert percentile_interval(samples) == (1.0, 1.0)
    assert np.isnan(percentile_interval(samples[:1])).all()
