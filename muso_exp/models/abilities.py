"""What a model can do beyond its prediction columns: Protocols, asked by `isinstance`.

A model has an ability if it has the method. A task that needs one asks for it, and calls the method
through `ask`:

    if isinstance(model, ClustersAtEachK):
        curve = ask(model.at_each_k, x)
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

import torch
from lightning_fabric.utilities.apply_func import move_data_to_device
from torch import Tensor

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def ask(
    method: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Answer:
    """Call a model's method as Lightning calls `predict_step`, for use outside its loops.

    The model is in evaluation mode meanwhile and records no gradients; tensors of the arguments
    move to its device, those of the answer to the CPU.

    Args:
        method: bound to a model, a LightningModule.
        *args: of the method; tensors, or containers of tensors (dict, tuple, dataclass).
        **kwargs: of the method, as `args`.
    """
    model = cast(Any, cast(MethodType, method).__self__)
    args, kwargs = move_data_to_device((args, kwargs), model.device)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            answer = method(*args, **kwargs)
    finally:
        model.train(was_training)
    return move_data_to_device(answer, torch.device("cpu"))


class CurveClusters(NamedTuple):
    """Clusterings of the same rows for several numbers of clusters.

    Attributes:
        cluster: of each row, shape (B, n_ks).
        squared_distance: to its centre, shape (B, n_ks).
    """

    cluster: Tensor
    squared_distance: Tensor


@runtime_checkable
class ClustersAtEachK(Protocol):
    """A clustering for each number of clusters of the data set's curve, beside its own."""

    def at_each_k(self, x: Tensor) -> CurveClusters:
        """Return the clusters of rows x (B, n_features) for each number of clusters."""
        ...
