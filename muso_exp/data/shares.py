"""Which batches a process trains on, where several train together (`trainer=ddp`).

Each takes every n-th batch of one order that all of them draw alike. What validates and tests is
not shared: each process sees all rows once, so that no value depends on the number of processes.
"""

from __future__ import annotations

import torch
from lightning_fabric.utilities.distributed import DistributedSamplerWrapper
from torch.utils.data import BatchSampler, Dataset, RandomSampler, Sampler


def several() -> bool:
    """Return whether this process is one of several that train together."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def own_share(batches: Sampler) -> Sampler:
    """Return the batches of this process; all of them where it is alone.

    Each process gets as many: where they cannot be divided, some are repeated.
    """
    return DistributedSamplerWrapper(batches, shuffle=False) if several() else batches


def shuffled(dataset: Dataset, size: int, seed: int) -> Sampler:
    """Return batches of `size` rows, in another random order each epoch.

    One process draws the order from torch's own generator. Those of several differ in what else
    they drew from it, so that they draw from one that `seed` starts.
    """
    generator = torch.Generator().manual_seed(seed) if several() else None
    order = RandomSampler(dataset, generator=generator)  # type: ignore[arg-type]
    return own_share(BatchSampler(order, batch_size=size, drop_last=False))
