"""A model is asked after its test where it was trained, and is on the CPU afterwards."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from muso_exp.training.device import on_device


class Moved(torch.nn.Linear):
    """Notes where it is moved, and stays."""

    def __init__(self) -> None:
        super().__init__(1, 1)
        self.places: list[str] = []

    def to(self, place: Any) -> "Moved":  # type: ignore[override]
        self.places.append(str(place))
        return self


@pytest.mark.parametrize("fails", [False, True])
def test_it_goes_back_to_its_device_and_then_to_the_cpu(fails: bool) -> None:
    model, strategy = Moved(), SimpleNamespace(root_device=torch.device("cuda", 1))
    try:
        with on_device(model, SimpleNamespace(strategy=strategy)):  # type: ignore[arg-type]
            assert model.places == ["cuda:1"]
            if fails:
                raise KeyError
    except KeyError:
        assert fails
    assert model.places == ["cuda:1", "cpu"]
