import numpy as np
import pytest
from pytest import approx

from muso_exp.features.tracks import FEATURES, SCALINGS, Range, Scaling, fit_scaling

TRAIN = np.array([[0.0, 100.0], [1.0, 300.0]])


def test_a_key_is_whole_and_below_twelve() -> None:
    assert FEATURES["key"].contains(np.array([-1, 11, 12, 2.5, np.nan])).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_range_says_what_it_needs() -> None:
    assert str(Range(0, 1)) == "a number from 0 to 1"
    assert str(Range(-1, 11, whole=True)) == "a whole number from -1 to 11"


def test_one_scale_for_all_features_leaves_only_the_largest_visible() -> None:
    scaled = fit_scaling(TRAIN, "global").apply(TRAIN)
    assert scaled == approx(np.array([[0, 100 / 300], [1 / 300, 1]]))


def test_row_scaling_maps_the_largest_number_of_each_track_to_one() -> None:
    scaled = fit_scaling(TRAIN, "row").apply(np.array([[0.0, 5.0, 50.0]]))
    assert scaled == approx(np.array([[0, 1 / 10, 1]]))


def test_per_feature_scaling_maps_train_to_zero_and_one() -> None:
    scaling = fit_scaling(TRAIN, "per_feature")
    assert scaling.apply(np.array([[0.5, 400.0]])) == approx(np.array([[1 / 2, 3 / 2]]))


def test_standard_scaling_has_mean_zero_and_variance_one_on_train() -> None:
    scaled = fit_scaling(TRAIN, "standard").apply(TRAIN)
    assert scaled == approx(np.array([[-1, -1], [1, 1]]))


@pytest.mark.parametrize("how", ["per_feature", "standard"])
def test_a_feature_that_is_constant_in_train_becomes_zero(how: str) -> None:
    values = np.array([[4.0, 1.0], [4.0, 2.0]])
    assert fit_scaling(values, how).apply(values)[:, 0].tolist() == [0, 0]


@pytest.mark.parametrize("how", SCALINGS)
def test_a_scaling_comes_back_from_its_state(how: str) -> None:
    scaling = fit_scaling(TRAIN, how)
    again = Scaling.from_state(scaling.state())
    assert np.array_equal(again.apply(TRAIN), scaling.apply(TRAIN))


def test_an_unknown_scaling_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scaling must be one of none, global, .* got 'log'"):
        fit_scaling(TRAIN, "log")
