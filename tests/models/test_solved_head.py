"""A linear model on fixed numbers of a window, which may cost far more than the model."""

import pytest
import torch

from muso_exp.models.audio import COLUMNS
from muso_exp.models.bag_of_mfcc import BagOfMFCC


@pytest.mark.parametrize("head", ["genres", "tags", "factors"])
def test_a_batch_is_described_once_to_predict_and_to_judge(
    head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = BagOfMFCC(head, 2, sample_rate=8000)
    described: list[int] = []

    def describe(x: torch.Tensor) -> torch.Tensor:
        described.append(len(x))
        return torch.ones(len(x), model.embedding_dim)

    monkeypatch.setattr(model, "describe", describe)
    target = torch.tensor([0, 1, 1]) if head == "genres" else torch.eye(3, 2)
    batch = {"x": torch.zeros(3, 2, 8), "target": target}
    columns, loss = model._judged(batch)
    assert described == [6]
    assert torch.equal(loss, model.loss(batch))
    assert torch.equal(columns[COLUMNS[head]], model.predict_step(batch)[COLUMNS[head]])
