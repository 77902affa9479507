"""A small net is trained by one thread, and what comes after by all of them."""

from collections.abc import Iterator

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from muso_exp.training.step_threads import GRAIN, StepThreads, is_small


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    usual = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(usual)


class Net(pl.LightningModule):
    def __init__(self, width: int, fails: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(12, width), nn.ReLU(), nn.Linear(width, 1))
        self.fails, self.threads = fails, list[int]()

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.threads.append(torch.get_num_threads())
        if self.fails:
            raise ArithmeticError("stop")
        return self.layers(batch).square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters())


class Solved(Net):
    def __init__(self) -> None:
        super().__init__(1)
        self.layers.requires_grad_(False)

    def configure_optimizers(self) -> None:  # type: ignore[override]
        return None

    def training_step(self, batch: Tensor, batch_idx: int) -> None:  # type: ignore[override]
        self.threads.append(torch.get_num_threads())


def train(net: Net, rows: int = 50) -> list[int]:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(
        max_epochs=2, accelerator="cpu", callbacks=[StepThreads()], **quiet,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(net, DataLoader(torch.zeros(2 * rows, 12), batch_size=rows))
    return net.threads


def test_a_small_net_steps_on_one_thread_and_the_threads_come_back() -> None:
    assert train(Net(36)) == [1] * 4
    assert torch.get_num_threads() == 2


def test_they_come_back_when_training_fails() -> None:
    with pytest.raises(ArithmeticError):
        train(Net(36, fails=True))
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("net", [Net(4_000), Solved()])
def test_wide_layers_and_solvers_keep_the_threads(net: Net) -> None:
    assert set(train(net)) == {2}


def test_a_large_batch_weight_or_output_is_not_small() -> None:
    net = nn.Linear(4, 100)
    assert is_small(net, {"x": torch.zeros(50, 4), "names": ["a"]})
    assert not is_small(net, {"x": torch.zeros(GRAIN // 4, 4)})  # the batch
    assert not is_small(net, [torch.zeros(400, 4)])  # 400 x 100 outputs
    assert not is_small(nn.Linear(200, 200), torch.zeros(2, 200))  # the weight
