"""Do two kinds of likeness order the other songs alike?"""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from muso_exp.metrics.similarity import MeanOfNearest, SongRankCorrelation, rank_correlation

NAN = float("nan")
SIMILARITY = torch.tensor([[0.9, 0.1, 0.5, 0.3], [0.2, 0.2, 0.2, 0.2]])
TARGET = torch.tensor([[NAN, 0.0, 1.0, 0.5], [0.0, 1.0, NAN, 0.5]])


def test_the_correlation_is_spearmans_of_the_songs_that_are_compared() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=40), rng.integers(0, 4, 40).astype(float)
    other[:5] = NAN
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one[5:], other[5:]).statistic)


def test_the_value_is_the_mean_over_songs_and_all_alike_count_0() -> None:
    metric = SongRankCorrelation()
    metric.update(similarity=SIMILARITY, target=TARGET)
    assert float(metric.compute()) == pytest.approx((1 + 0) / 2)  # .1 < .3 < .5 as 0 < .5 < 1
    weights = torch.tensor([[1.0, 0.0], [1.0, 3.0]], dtype=torch.float64)
    found = metric.score(weights, similarity=SIMILARITY, target=TARGET)
    assert found.tolist() == pytest.approx([1, 1 / 4])


def test_the_nearest_are_counted_by_their_expectation() -> None:
    one, two = MeanOfNearest(1), MeanOfNearest(2)
    for metric in (one, two):
        metric.update(similarity=SIMILARITY, target=TARGET)
    assert float(one.compute()) == pytest.approx((1.0 + 0.5) / 2)  # the second song: all tie
    assert float(two.compute()) == pytest.approx(((1.0 + 0.5) / 2 + 0.5) / 2)
