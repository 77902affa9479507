"""Of few new items all users share the luck: how often noise is better with items drawn or not."""

import numpy as np
import pytest
import torch
from pytest import approx
from scipy.stats import t
from torchmetrics import MetricCollection

from muso_exp.evaluation.scores import BETTER, judge, paired, score
from muso_exp.features.ranking import Rows
from muso_exp.features.shared_ranking import rank_by_item
from muso_exp.metrics.drawn_items import DrawnItems
from muso_exp.metrics.ranking import list_metrics, ranking_metrics
from muso_exp.metrics.resampling import Bootstrap, few_units_factor, interval_around

N_USERS, N_ITEMS, RESAMPLES = 52, 24, 200


def new_items(rng: np.random.Generator, popularity: np.ndarray) -> Rows:
    """What each user holds of items that some users like more than others."""
    counts = 1 + rng.poisson(2, N_USERS)
    share = popularity / popularity.sum()
    held = [np.sort(rng.choice(N_ITEMS, n, replace=False, p=share)) for n in counts]
    return Rows(np.concatenate([[0], np.cumsum(counts)]), np.concatenate(held))


def columns_of(scores: np.ndarray, held: Rows) -> dict[str, torch.Tensor]:
    nothing = Rows(np.zeros(N_USERS + 1, int), np.empty(0, int))
    longest = int(np.diff(held.crow).max())
    found = rank_by_item(scores, nothing, held, [10, 23], 5, None, longest)
    return {name: torch.from_numpy(column) for name, column in found.items()}


def test_where_each_user_holds_one_item_the_deviation_is_that_of_the_items() -> None:
    held = Rows(np.arange(4), np.array([0, 1, 1]))  # item 0 once, item 1 twice
    nothing = Rows(np.zeros(4, int), np.empty(0, int))
    ranked = rank_by_item(np.array([3.0, 2.0, 1.0]), nothing, held, [1], 0, None, 1)
    columns = {name: torch.from_numpy(column) for name, column in ranked.items()}
    drawn = DrawnItems(np.arange(3), np.full(3, 3), 50)
    a, b, _, kept = drawn.weights.T
    assert (kept == 1).all()
    expected = (a * 1 + 2 * b * 0.5) / (a + 2 * b) - 2 / 3  # AUC 1 of item 0, 1/2 of item 1
    assert drawn.of(columns).deviations("auc").numpy() == approx(expected.numpy(), nan_ok=True)


def test_items_that_are_not_drawn_do_not_move_the_samples() -> None:
    rng = np.random.default_rng(0)
    columns = columns_of(rng.normal(size=N_ITEMS), new_items(rng, np.ones(N_ITEMS)))
    units = np.where(np.arange(N_ITEMS) < 12, -1, np.arange(N_ITEMS))
    some, every = (
        DrawnItems(of, np.full(N_USERS, N_ITEMS), RESAMPLES).of(columns).deviations("auc")
        for of in (units, np.arange(N_ITEMS))
    )
    assert 0 < some.std() < every.std()


def test_items_of_one_artist_are_drawn_together() -> None:
    drawn = DrawnItems(np.array([3, 3, 8, -1]), np.array([4]), 20)
    assert drawn.n_units == 2
    assert drawn.unit.tolist() == [0, 0, 1, 2]


def test_metrics_that_are_no_formula_of_held_out_items_keep_their_samples() -> None:
    rng = np.random.default_rng(0)
    columns = columns_of(rng.normal(size=N_ITEMS), new_items(rng, np.ones(N_ITEMS)))
    every = {**list_metrics(np.ones(N_ITEMS), 9), **ranking_metrics([10])}
    metrics = MetricCollection(every, compute_groups=False)
    weights = Bootstrap(RESAMPLES).weights(np.arange(N_USERS))
    drawn = DrawnItems(np.arange(N_ITEMS), np.full(N_USERS, N_ITEMS), RESAMPLES)
    alone, both = score(metrics, columns, weights), score(metrics, columns, weights, drawn)
    assert alone.values == both.values
    assert alone.samples["coverage"].equal(both.samples["coverage"])
    for name in ranking_metrics([10]):
        assert both.samples[name].std() > alone.samples[name].std()
        assert both.samples[name].min() >= metrics[name].bounds[0]


def false_verdicts(
    n_trials: int,
    draw_items: bool,
    names: tuple[str, ...] = ("auc", "ndcg_at_10", "recall_at_10"),
    n_candidates: float = np.inf,
) -> dict[str, int]:
    """Rank new items at random, alike for all users; count "better" than no order at all."""
    found = dict.fromkeys(names, 0)
    every = ranking_metrics([10, 23], n_candidates)
    metrics = MetricCollection({name: every[name] for name in found}, compute_groups=False)
    weights = Bootstrap(RESAMPLES).weights(np.arange(N_USERS))
    for seed in range(n_trials):
        rng = np.random.default_rng(seed)
        held = new_items(rng, rng.lognormal(0, 0.8, N_ITEMS))
        drawn = DrawnItems(np.arange(N_ITEMS), np.full(N_USERS, N_ITEMS), RESAMPLES)
        own, null = (
            score(metrics, columns_of(of, held), weights, drawn if draw_items else None)
            for of in (rng.normal(size=N_ITEMS), np.zeros(N_ITEMS))
        )
        for name in found:
            difference = own.values[name] - null.values[name]
            higher = metrics[name].higher_is_better
            pair = paired("random", difference, own.samples[name] - null.samples[name], higher)
            found[name] += judge([pair], higher).text == BETTER
    return found


def test_noise_is_better_than_null_where_only_users_are_drawn_and_not_where_items_are_too() -> None:
    alone, both = false_verdicts(60, False), false_verdicts(60, True)
    assert min(alone.values()) >= 6  # of 60 at a rate of .025: p < .004
    assert max(both.values()) <= 4  # 5 or more have p < .02


def test_a_list_of_nearly_all_items_would_be_better_by_who_stands_last_and_gives_no_verdict() -> (
    None
):
    names = "recall_at_23", "hit_rate_at_23", "ndcg_at_23"  # of 24
    judged, described = (false_verdicts(40, True, names, n) for n in (np.inf, N_ITEMS))
    assert min(judged["recall_at_23"], judged["hit_rate_at_23"]) >= 5  # at .025: p < .003
    assert described["recall_at_23"] == described["hit_rate_at_23"] == 0
    assert described["ndcg_at_23"] == judged["ndcg_at_23"] <= 3


def test_of_few_units_the_interval_of_a_mean_holds_it_as_often_as_it_says() -> None:
    rng, n_units, held = np.random.default_rng(0), 6, {True: 0, False: 0}
    for _ in range(1000):
        values = rng.normal(size=n_units)
        low, high = Bootstrap(200).mean(values)
        held[True] += low <= 0 <= high
        weights = Bootstrap(200).weights(np.arange(n_units))
        plain = weights @ torch.from_numpy(values) / n_units
        low, high = interval_around(None, plain)
        held[False] += low <= 0 <= high
    assert held[False] < 900
    assert 930 <= held[True] <= 975


@pytest.mark.parametrize(("n_units", "factor"), [(6, (6 / 5) ** 0.5 * t.ppf(0.975, 5) / 1.959964)])
def test_samples_of_few_units_are_widened_by_the_spread_and_the_tails(
    n_units: int, factor: float
) -> None:
    assert few_units_factor(n_units) == approx(factor, abs=1e-6)
    assert few_units_factor(50) == few_units_factor(2000) == 1
    assert few_units_factor(49) == approx(1.036, abs=5e-4)
