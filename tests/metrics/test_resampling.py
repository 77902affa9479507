import numpy as np
import pytest
import torch
from pytest import approx

from muso_exp.metrics import resampling
from muso_exp.metrics.resampling import Bootstrap, bootstrap_weights, percentile_interval


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


def test_what_a_bootstrap_keeps_is_what_it_would_draw() -> None:
    bootstrap, units = Bootstrap(20), np.array([[3, 5], [5, 9], [9, 9]])
    for asked in (units, units[:, :1], units.ravel(), np.array([1, 1, 2]), np.array([4, 4, 7])):
        drawn = bootstrap_weights(asked, 20, bootstrap.seed)
        for _ in range(2):
            assert bootstrap.weights(asked).equal(drawn)
    assert bootstrap.weights(units) is bootstrap.weights(units + 100)  # they stand alike
    assert len(bootstrap.kept) == 4  # of five: the last two are alike


def test_a_bootstrap_keeps_no_more_than_its_share_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resampling, "KEPT_BYTES", 20 * 8 * 10)  # two draws for five rows
    bootstrap = Bootstrap(20)
    first = bootstrap.weights(np.arange(5))
    last = [bootstrap.weights(np.array(units)) for units in ([1, 1, 2, 3, 4], [1, 1, 1, 2, 3])]
    assert len(bootstrap.kept) == 2
    assert bootstrap.weights(np.array([1, 1, 1, 2, 3])) is last[1]
    assert bootstrap.weights(np.arange(5)) is not first
    assert bootstrap.weights(np.arange(50)).shape == (20, 50)
    assert not bootstrap.kept  # larger than all that it may keep
