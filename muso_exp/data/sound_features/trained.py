"""A model in the middle of its training, asked as a trained one is."""

from typing import Any

import torch
from torch import Tensor

from muso_exp.data.base import Batch, Predict


def evaluated(model: Any) -> Predict:
    """Return a model in training as a function from a batch to prediction columns."""

    def predict(batch: Batch) -> dict[str, Tensor]:
        was_training = model.training
        model.eval()
        with torch.inference_mode():
            moved = {name: value.to(model.device) for name, value in batch.items()}
            columns = model.predict_step(moved)
        model.train(was_training)
        return {name: value.cpu() for name, value in columns.items()}

    return predict
