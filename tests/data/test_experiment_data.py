"""What every data set does with a batch."""

import torch
from made import made


def test_a_batch_is_moved_whole() -> None:
    data = made("plays", None, "unused", batch_size=0)
    batch = {"x": torch.ones(2, 3), "target": torch.ones(2)}
    moved = data.transfer_batch_to_device(batch, torch.device("meta"), 0)
    assert {name: value.device.type for name, value in moved.items()} == {
        "x": "meta",
        "target": "meta",
    }
