"""Gradient-boosted trees by scikit-learn."""

import pickle

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor

from muso_exp.models.base import Batch
from muso_exp.models.binary import BinarySolver
from muso_exp.ranges import Count, NotNegative, Positive, TwoOrMore


class GradientBoosting(BinarySolver):
    """Histogram gradient boosting, grown once on the whole train split.

    The grown trees are kept, as scikit-learn pickles them, in a buffer of bytes: a checkpoint
    reloads to the same predictions bit by bit. As any checkpoint, load it from people you trust.

    Args:
        threshold: where a probability becomes a decision, from the data set.
        learning_rate: shrinkage of each tree.
        max_iter: number of trees.
        max_leaf_nodes: leaves of a tree.
        min_samples_leaf: least tracks of a leaf.
        l2_regularization: penalty on leaf values.

    Source: none of the documents; a strong standard for tables. Deviation: none.
    """

    trees: Tensor

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
        self.register_buffer("trees", torch.zeros(0, dtype=torch.uint8))

    def forward(self, x: Tensor) -> Tensor:
        """Return the probability (B,) of the positive list, of features x (B, input_dim)."""
        if not len(self.trees):
            return x.new_full((len(x),), 0.5)
        forest = pickle.loads(self.trees.cpu().numpy().tobytes())
        probability = forest.predict_proba(x.cpu().numpy())[:, 1]
        return torch.from_numpy(probability.astype(np.float32)).to(x.device)

    def solve(self, batch: Batch) -> None:
        """Grow the trees on the batch, the whole train split."""
        x, target, weight = (batch[name].cpu().numpy() for name in ("x", "target", "weight"))
        fit = self.forest.fit(x, target, sample_weight=weight)
        grown = torch.frombuffer(bytearray(pickle.dumps(fit)), dtype=torch.uint8)
        self.trees = grown.to(self.device)
