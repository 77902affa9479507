"""How a finished model is asked what it can do."""

import pytest
import torch
from torch import Tensor

from muso_exp.models.abilities import GivesEmbedding, HasNeighbours, ask, nearest_items
from muso_exp.models.base import Model
from muso_exp.records import Batch


class Asked(Model):
    """Notes how it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2))
        self.state: list[bool] = []

    def double(self, batch: Batch, times: int = 2) -> dict[str, Tensor]:
        self.state = [self.training, torch.is_grad_enabled(), torch.is_inference_mode_enabled()]
        return {"x": times * batch["x"] * self.weight}

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        return self.double(batch, 3)

    def item_block(self, items: Tensor) -> Tensor:
        return torch.tensor([[9.0, 1.0, 2.0], [1.0, 9.0, 3.0], [2.0, 3.0, 9.0]])[items]

    def broken(self) -> Tensor:
        raise TypeError("a bug of the model's own")


@pytest.mark.parametrize("training", [True, False])
def test_a_model_answers_in_evaluation_mode_and_without_gradients(training: bool) -> None:
    model = Asked().train(training)
    answer = ask(model.double, {"x": torch.tensor([1.0, 2.0])}, times=5)
    assert answer["x"].tolist() == [5, 10] and not answer["x"].requires_grad
    assert model.state == [False, False, True]
    assert model.training is training


def test_a_model_that_raises_is_left_in_the_mode_that_it_was_in() -> None:
    model = Asked().train()
    with pytest.raises(TypeError, match="a bug of the model's own"):
        ask(model.broken)
    assert model.training


def test_tensors_move_to_the_device_of_the_model() -> None:
    class Elsewhere(Asked):
        device = torch.device("meta")

        def double(self, batch: Batch, times: int = 2) -> dict[str, Tensor]:
            assert batch["x"].device.type == "meta"
            return {"x": torch.ones(2)}

    assert ask(Elsewhere().double, {"x": torch.ones(2)})["x"].device.type == "cpu"


def test_prediction_columns_are_asked_the_same_way() -> None:
    assert Asked().columns({"x": torch.tensor([1.0, 2.0])})["x"].tolist() == [3, 6]


def test_neighbours_leave_out_the_item_and_are_no_more_than_there_are() -> None:
    model = Asked()
    assert isinstance(model, HasNeighbours) and not isinstance(model, GivesEmbedding)
    found = nearest_items(model, torch.tensor([2, 0]), k=10)
    assert found.items.tolist() == [[1, 0], [2, 1]]
    assert found.similarity.tolist() == [[3, 2], [2, 1]]
    assert nearest_items(model, torch.tensor([2]), k=1).items.tolist() == [[1]]
