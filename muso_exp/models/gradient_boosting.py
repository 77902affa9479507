"""Gradient-boosted trees by scikit-learn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor

from muso_exp.models.binary import BinarySolver
from muso_exp.options import Count, NotNegative, Positive, TwoOrMore
from muso_exp.records import Batch
from muso_exp.training.old_checkpoints import recorded_pickle, restored

# Buffer of the model -> field of scikit-learn's nodes, and its type here.
NODE_FIELDS = {
    "feature": ("feature_idx", torch.int64),
    "split_at": ("num_threshold", torch.float64),
    "left": ("left", torch.int64),
    "right": ("right", torch.int64),
    "absent_left": ("missing_go_to_left", torch.bool),
    "leaf": ("is_leaf", torch.bool),
    "value": ("value", torch.float64),
}


class GradientBoosting(BinarySolver):
    """Histogram gradient boosting, grown once on the whole train split.

    The grown trees are kept as tensors, and predict by them: a checkpoint reloads to the same
    predictions bit by bit, and holds nothing that could run.

    Args:
        threshold: where a probability becomes a decision, from the data set.
        learning_rate: shrinkage of each tree.
        max_iter: number of trees.
        max_leaf_nodes: leaves of a tree.
        min_samples_leaf: least tracks of a leaf.
        l2_regularization: penalty on leaf values.

    Source: none of the documents; a strong standard for tables. Deviation: none.
    """

    baseline: Tensor  # raw score before the first tree, shape ()
    feature: Tensor  # that a node asks for, shape (n_trees, n_nodes), as all that follow
    split_at: Tensor  # up to which a value goes left
    left: Tensor
    right: Tensor
    absent_left: Tensor  # whether a missing value goes left
    leaf: Tensor  # whether a node has no children
    value: Tensor  # raw score of a leaf

    def __init__(
        self,
        threshold: str = "half",
        learning_rate: Positive = 0.05,
        max_iter: Count = 100,
        max_leaf_nodes: TwoOrMore = 8,
        min_samples_leaf: Count = 20,
        l2_regularization: NotNegative = 1.0,
    ) -> None:
        super().__init__(threshold)
        self.save_hyperparameters(logger=False)
        self.forest = HistGradientBoostingClassifier(
            learning_rate=learning_rate,
            max_iter=max_iter,
            max_leaf_nodes=max_leaf_nodes,
            min_samples_leaf=min_samples_leaf,
            l2_regularization=l2_regularization,
            early_stopping=False,
            random_state=0,
        )
        empty = {name: torch.zeros(0, 0, dtype=kind) for name, (_, kind) in NODE_FIELDS.items()}
        for name, value in {"baseline": torch.zeros((), dtype=torch.float64), **empty}.items():
            self.register_buffer(name, value)

    def forward(self, x: Tensor) -> Tensor:
        """Return the probability (B,) of the positive list, of features x (B, input_dim)."""
        trees = torch.arange(len(self.leaf), device=x.device)
        node = torch.zeros(len(x), len(trees), dtype=torch.int64, device=x.device)  # (B, T)
        for _ in range(self.leaf.shape[1]):  # no path is longer
            leaf = self.leaf[trees, node]
            if leaf.all():
                break
            asked = x.double().gather(1, self.feature[trees, node])  # (B, T)
            left = torch.where(
                asked.isnan(), self.absent_left[trees, node], asked <= self.split_at[trees, node]
            )
            child = torch.where(left, self.left[trees, node], self.right[trees, node])
            node = torch.where(leaf, node, child)
        raw = self.baseline + self.value[trees, node].sum(dim=1)  # (B,)
        return raw.sigmoid().float()

    def solve(self, batch: Batch) -> None:
        """Grow the trees on the batch, the whole train split."""
        x, target, weight = (batch[name].cpu().numpy() for name in ("x", "target", "weight"))
        fit = self.forest.fit(x, target, sample_weight=weight)
        nodes = [tree.nodes for (tree,) in fit._predictors]
        for name, value in _as_tensors(nodes, fit._baseline_prediction).items():
            self.register_buffer(name, value.to(self.device))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the trees of any number and size; those of earlier versions were a pickle."""
        state = checkpoint["state_dict"]
        if "trees" in state:
            state.update(_of_pickle(state.pop("trees").cpu().numpy().tobytes()))
        super().on_load_checkpoint(checkpoint)


def _as_tensors(nodes: Sequence[np.ndarray], baseline: np.ndarray) -> dict[str, Tensor]:
    """Return the buffers of grown trees; the smaller ones end in nodes that no path reaches.

    Args:
        nodes: of each tree, structured as scikit-learn's, root first.
        baseline: raw score before the first tree, one number.
    """
    together = np.zeros((len(nodes), max(map(len, nodes))), nodes[0].dtype)
    for row, tree in zip(together, nodes, strict=True):
        row[: len(tree)] = tree
    fields = {
        name: torch.from_numpy(together[field].copy()).to(kind)
        for name, (field, kind) in NODE_FIELDS.items()
    }
    return {"baseline": torch.tensor(float(np.ravel(baseline)[0]), dtype=torch.float64), **fields}


def _of_pickle(raw: bytes) -> dict[str, Tensor]:
    """Return the buffers of a pickled forest, of which nothing is called.

    Raises:
        ValueError: it is none.
    """
    if not raw:
        return {}
    try:
        state = recorded_pickle(raw).state
        nodes = [restored(tree.state["nodes"]) for (tree,) in state["_predictors"]]
        return _as_tensors(nodes, restored(state["_baseline_prediction"]))
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"not a forest of scikit-learn ({error})") from error
