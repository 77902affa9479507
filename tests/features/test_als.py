import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from muso_exp.features.als import FactorOptions, fit_factors, start_factors
from muso_exp.features.tag_probe import solve_tags
from muso_exp.features.wmf import biased_objective, log_confidence, objective


def plays() -> csr_matrix:
    return csr_matrix(np.random.default_rng(0).poisson(0.4, size=(50, 30)))


@pytest.mark.parametrize("bias", [False, True])
def test_more_sweeps_fit_better(bias: bool) -> None:
    formula = biased_objective if bias else objective
    losses = []
    for iterations in (1, 5, 20):
        options = FactorOptions(n_factors=6, iterations=iterations, bias=bias)
        users, items = (torch.from_numpy(f) for f in fit_factors(plays(), options))
        confidence = log_confidence(plays(), options.alpha, options.epsilon)
        losses.append(formula(confidence, users, items, options.regularization))
    assert losses[0] > losses[1] > losses[2]


def test_a_fit_repeats_exactly() -> None:
    first, again = (fit_factors(plays(), FactorOptions(n_factors=4)) for _ in range(2))
    assert (first[1] == again[1]).all()


def test_the_start_hangs_on_the_seed() -> None:
    first, other = start_factors(3, 4, 2, 0.01, 0), start_factors(3, 4, 2, 0.01, 1)
    assert first[0].shape == (3, 2) and first[1].shape == (4, 2)
    assert not torch.equal(first[0], other[0])


def test_a_tag_that_follows_a_vector_is_found_and_one_that_nobody_has_keeps_its_prior() -> None:
    x = np.random.default_rng(0).normal(size=(200, 3)) * 7 + 5
    target = np.stack([x[:, 1] > 5, np.zeros(200)], axis=1)
    weight, bias = solve_tags(x, target)
    decided = x @ weight.T + bias > 0
    assert (decided[:, 0] == target[:, 0]).mean() > 0.95
    assert weight[1].tolist() == [0, 0, 0]
    assert bias[1] == pytest.approx(np.log(0.5 / 200.5))
