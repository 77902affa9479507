import numpy as np
import pytest
from pytest import approx

from muso_exp.features.conformal import conformal_half_widths


def test_the_half_width_is_the_next_larger_error() -> None:
    errors = np.array([[-1.0, 10], [2, -20], [-3, 30], [4, -40]])
    assert conformal_half_widths(errors, 0.6).tolist() == [3, 30]  # ceil(5 x .6) = 3rd of 4
    assert conformal_half_widths(errors, 0.8).tolist() == [4, 40]


def test_too_few_rows_promise_nothing() -> None:
    assert conformal_half_widths(np.ones((8, 1)), 0.9).tolist() == [np.inf]
    assert conformal_half_widths(np.ones((9, 1)), 0.9).tolist() == [1]


def test_new_rows_are_covered_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    held, new = rng.standard_t(3, size=(2, 4000, 1))
    assert (np.abs(new) <= conformal_half_widths(held, 0.9)).mean() == approx(0.9, abs=0.02)


@pytest.mark.parametrize("coverage", [0, 1, -0.1])
def test_an_impossible_coverage_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match="coverage must be above 0 and below 1"):
        conformal_half_widths(np.ones((3, 1)), coverage)
