import pytest
import torch
from pytest import approx
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from muso_exp.models.distance_net import DistanceNet, decide, dense
from muso_exp.models.distance_ordinal import DistanceOrdinal


def log_of(*probabilities: float) -> Tensor:
    return torch.tensor([probabilities]).log()


def decided(logits: Tensor, rule: str = "argmax") -> list[int]:
    return decide(logits, rule)["strategy"].argmax(dim=1).tolist()


def test_the_documents_network_has_195744809_parameters() -> None:
    with torch.device("meta"):
        model = DistanceNet(input_dim=18432, n_classes=41)
    assert sum(weight.numel() for weight in model.parameters()) == 195_744_809
    assert sum(isinstance(layer, nn.Linear) for layer in model.net) == 8
    assert [layer.p for layer in model.net if isinstance(layer, nn.Dropout)] == [0.5] * 7


def test_the_output_layer_has_neither_relu_nor_dropout() -> None:
    kinds = [type(layer).__name__ for layer in dense([4, 3, 2], 0.5)]
    assert kinds == ["Linear", "ReLU", "Dropout", "Linear"]


def test_argmax_decides_for_the_likeliest_class_and_friend_is_the_probability_of_class_0() -> None:
    logits = log_of(1 / 5, 1 / 5, 3 / 5)
    assert decided(logits) == [2]
    assert decide(logits)["friend"].tolist() == approx([1 / 5])


def test_median_decides_for_the_class_in_the_middle() -> None:
    logits = log_of(0.4, 0.3, 0.3)
    assert decided(logits) == [0]
    assert decided(logits, "median") == [1]


def test_median_of_a_certain_row_is_its_class() -> None:
    assert decided(torch.tensor([[0.0, 0.0, 99.0], [99.0, 0.0, 0.0]]), "median") == [2, 0]


@pytest.mark.parametrize("rule", ["argmax", "median"])
def test_nan_logits_are_decided_as_friends_and_leave_other_rows_alone(rule: str) -> None:
    logits = torch.tensor([[torch.nan] * 3, [0.0, 0.0, 9.0]])
    columns = decide(logits, rule)
    assert columns["strategy"].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert columns["friend"].tolist() == approx([1.0, 1 / (2 + torch.tensor(9.0).exp().item())])


def test_the_loss_is_the_cross_entropy_of_the_logits() -> None:
    model = DistanceNet(4, 3, hidden_sizes=[5]).eval()
    batch = {"x": torch.randn(6, 4), "target": torch.tensor([0, 1, 2, 2, 1, 0])}
    assert model.loss(batch).equal(cross_entropy(model(batch["x"]), batch["target"]))


def test_a_nan_row_shows_in_the_loss() -> None:
    model = DistanceNet(4, 3, hidden_sizes=[5]).eval()
    x = torch.randn(2, 4)
    x[0, 0] = torch.nan
    assert model.loss({"x": x, "target": torch.tensor([0, 1])}).isnan()


def test_without_decay_the_optimizer_is_adam() -> None:
    torch.manual_seed(0)
    model = DistanceNet(4, 3, hidden_sizes=[], lr=0.1)
    weight, ours = nn.Parameter(model.net[0].weight.detach().clone()), model.configure_optimizers()
    adam, x = torch.optim.Adam([weight], lr=0.1), torch.randn(5, 4)
    for _ in range(3):
        for optimizer, matrix in ((ours, model.net[0].weight), (adam, weight)):
            optimizer.zero_grad()
            (x @ matrix.T).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(model.net[0].weight, weight)


def test_an_unknown_decision_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model.decide must be argmax or median, got 'mode'"):
        DistanceOrdinal(4, 3, hidden_sizes=[2], decide="mode")
