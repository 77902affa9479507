"""What every data set does with a batch."""

import torch

from muso_exp.data.plays import Plays


def test_a_batch_is_moved_whole() -> None:
    data = Plays(None, "lfm1b", "unused", batch_size=0, seed=0)
    batch = {"x": torch.ones(2, 3), "target": torch.ones(2)}
    moved = data.transfer_batch_to_device(batch, torch.device("meta"), 0)
    assert {name: value.device.type for name, value in moved.items()} == {
        "x": "meta",
        "target": "meta",
    }
