import pytest
import torch
from pytest import approx

from muso_exp.models.distance_ordinal import DistanceOrdinal, OrderedClasses


def test_at_score_zero_all_classes_are_equally_likely_before_training() -> None:
    probability = OrderedClasses(5)(torch.zeros(1, 1)).exp()
    assert probability[0].tolist() == approx([1 / 5] * 5)


def test_two_classes_are_a_logistic_regression() -> None:
    score = torch.tensor([[0.0], [2.0]])
    probability = OrderedClasses(2)(score).exp()
    torch.testing.assert_close(probability[:, 1:], score.sigmoid())


def test_probabilities_are_differences_of_the_cumulative_ones_and_sum_to_one() -> None:
    classes, score = OrderedClasses(6), torch.tensor([[-3.0], [0.2], [4.0]])
    cumulative = (classes.thresholds() - score).sigmoid()  # (3, 5)
    edges = torch.cat([torch.zeros(3, 1), cumulative, torch.ones(3, 1)], dim=1)
    torch.testing.assert_close(classes(score).exp(), edges.diff(dim=1))
    torch.testing.assert_close(classes(score).exp().sum(dim=1), torch.ones(3))


def test_a_higher_score_is_never_nearer() -> None:
    likeliest = OrderedClasses(7)(torch.linspace(-6, 6, 50)[:, None]).argmax(dim=1)
    assert (likeliest.diff() >= 0).all()
    assert likeliest[0] == 0 and likeliest[-1] == 6


def test_thresholds_stay_ascending_whatever_the_parameters() -> None:
    classes = OrderedClasses(9)
    torch.nn.init.normal_(classes.steps, std=2.0, generator=torch.Generator().manual_seed(0))
    assert (classes.thresholds().diff() > 0).all()


def test_extreme_scores_give_finite_log_probabilities_and_gradients() -> None:
    classes = OrderedClasses(41)
    score = torch.tensor([[-200.0], [200.0]], requires_grad=True)
    log_probability = classes(score)
    log_probability.sum().backward()
    assert log_probability.isfinite().all()
    assert score.grad.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in classes.parameters())


def test_the_network_has_one_output_whatever_the_number_of_classes() -> None:
    model = DistanceOrdinal(10, 41, hidden_sizes=[4])
    assert model.net[-1].out_features == 1
    assert model(torch.randn(3, 10)).shape == (3, 41)


def test_one_class_cannot_be_ordered() -> None:
    with pytest.raises(ValueError, match=r"ordered classes need n_classes >= 2, got 1"):
        OrderedClasses(1)
