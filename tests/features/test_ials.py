import numpy as np
import pytest
import torch
from pytest import approx
from scipy.sparse import csr_matrix, random_array

from muso_exp.features.ials import ImplicitLoss

LOSS = ImplicitLoss(0.05, 0.2, 0.7)
N_USERS, N_ITEMS, N_FACTORS = 45, 30, 6


def plays() -> csr_matrix:
    return csr_matrix(random_array((N_USERS, N_ITEMS), density=0.2, rng=np.random.default_rng(0)))


def factors() -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(1)
    users = torch.randn(N_USERS, N_FACTORS, generator=rng)
    return users, torch.randn(N_ITEMS, N_FACTORS, generator=rng)


def by_hand(users: torch.Tensor, items: torch.Tensor) -> float:
    """Return the loss from the dense matrix, as the paper writes it."""
    s, x, y = plays().toarray() > 0, users.double().numpy(), items.double().numpy()
    score = x @ y.T
    total = ((1 - score) ** 2)[s].sum() + 0.2 * (score**2).sum()
    total += 0.05 * ((s.sum(1) + 0.2 * N_ITEMS) ** 0.7 * (x**2).sum(1)).sum()
    return float(total + 0.05 * ((s.sum(0) + 0.2 * N_USERS) ** 0.7 * (y**2).sum(1)).sum())


def test_the_loss_is_that_of_the_paper() -> None:
    assert LOSS.value(LOSS.confidence(plays()), *factors()) == approx(by_hand(*factors()), rel=1e-6)


def test_enough_steps_reach_what_folding_in_solves() -> None:
    users, items = factors()
    confidence = LOSS.confidence(plays())
    LOSS.solve(confidence, users, items, 60, 1)
    assert users.numpy() == approx(LOSS.fold_in(confidence, items).numpy(), abs=1e-4)


def test_no_step_away_from_the_solution_lowers_the_loss() -> None:
    users, items = factors()
    confidence = LOSS.confidence(plays())
    users, items = LOSS.fold_in(confidence, items), items
    least = by_hand(users, items)
    rng = torch.Generator().manual_seed(2)
    moved = [users + 0.01 * torch.randn(users.shape, generator=rng) for _ in range(20)]
    assert min(by_hand(one, items) for one in moved) > least


@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_each_sweep_lowers_the_loss(exponent: float) -> None:
    loss = ImplicitLoss(0.05, 0.2, exponent)
    users, items = factors()
    confidence = loss.confidence(plays())
    found = []
    for _ in range(6):
        loss.solve(confidence, users, items, 3, 1)
        loss.solve(confidence.T.tocsr(), items, users, 3, 1)
        found.append(loss.value(confidence, users, items))
    assert found == sorted(found, reverse=True)


def test_a_row_is_folded_in_alike_alone_and_among_others() -> None:
    _, items = factors()
    confidence = LOSS.confidence(plays())
    together = LOSS.fold_in(confidence, items)
    assert torch.equal(LOSS.fold_in(confidence[7:8], items)[0], together[7])
