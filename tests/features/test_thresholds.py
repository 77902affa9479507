import torch
from pytest import approx
from sklearn.metrics import f1_score

from muso_exp.features.thresholds import best_f1_threshold, midrange


def test_midrange_is_set_by_the_two_extremes() -> None:
    assert float(midrange(torch.tensor([0.25, 0.26, 0.75]))) == 0.5


def test_best_threshold_keeps_the_positives_and_no_more() -> None:
    probability = torch.tensor([0.1, 0.4, 0.4, 0.9])
    assert float(best_f1_threshold(probability, torch.tensor([0, 1, 1, 1]))) == approx(0.4)


def test_no_other_threshold_has_a_higher_f1() -> None:
    draw = torch.Generator().manual_seed(0)
    probability = torch.randint(20, (80,), generator=draw) / 20
    target = (torch.rand(80, generator=draw) < probability).float()
    best = best_f1_threshold(probability, target)
    scores = [f1_score(target, probability >= level) for level in probability.unique()]
    assert f1_score(target, probability >= best) == approx(max(scores))
