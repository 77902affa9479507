"""Shares of several processes: together every batch of an epoch, in one order for all."""

from functools import partial

import pytest
import torch
from lightning_fabric.utilities.distributed import DistributedSamplerWrapper
from torch.utils.data import BatchSampler, SequentialSampler, TensorDataset

from muso_exp.data import shares

ROWS = TensorDataset(torch.arange(20))


@pytest.fixture(params=[0, 1])
def rank(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """This process as one of two."""
    wrapper = partial(DistributedSamplerWrapper, num_replicas=2, rank=request.param)
    monkeypatch.setattr(shares, "DistributedSamplerWrapper", wrapper)
    monkeypatch.setattr(shares, "several", lambda: True)
    return request.param


def epochs(n_draws: int) -> list[list[list[int]]]:
    """Return the batches of two epochs, while other numbers are drawn besides."""
    batches = shares.shuffled(ROWS, 5, seed=3)
    both = []
    for _ in range(2):
        torch.randn(n_draws)
        both.append(list(batches))
    return both


def test_what_else_a_process_draws_does_not_move_its_share(rank: int) -> None:
    torch.manual_seed(rank)
    first, second = epochs(rank)
    assert [first, second] == epochs(7)
    assert first != second and [len(batch) for batch in first] == [5, 5]


def test_two_processes_share_the_batches_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "several", lambda: True)
    parts = []
    for rank in range(2):
        wrapper = partial(DistributedSamplerWrapper, num_replicas=2, rank=rank)
        monkeypatch.setattr(shares, "DistributedSamplerWrapper", wrapper)
        parts.append(epochs(rank)[1])
    rows = [row for part in parts for batch in part for row in batch]
    assert sorted(rows) == list(range(20))


def test_an_odd_batch_is_repeated_so_that_all_have_as_many(rank: int) -> None:
    batches = BatchSampler(SequentialSampler(range(9)), 3, drop_last=False)
    assert list(shares.own_share(batches)) == [[[0, 1, 2], [6, 7, 8]], [[3, 4, 5], [0, 1, 2]]][rank]


def test_one_process_has_every_batch_in_the_order_of_torchs_generator() -> None:
    torch.manual_seed(0)
    alone = list(shares.shuffled(ROWS, 5, seed=3))
    torch.manual_seed(0)
    assert alone == list(shares.shuffled(ROWS, 5, seed=4))
    batches = BatchSampler(SequentialSampler(range(9)), 3, drop_last=False)
    assert shares.own_share(batches) is batches
