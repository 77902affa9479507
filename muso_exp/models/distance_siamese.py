"""Degree of separation with one encoder for both users, symmetric in them by construction."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout as drop
from torch.nn.functional import linear

from muso_exp.models.distance_net import Decision, PairClassifier, dense
from muso_exp.models.distance_ordinal import OrderedClasses
from muso_exp.options import Count, NotNegative, Positive, Share


def split_users(x: Tensor, block_sizes: Sequence[int]) -> list[Tensor]:
    """Take pair vectors apart into the two users' vectors of each category.

    Args:
        x: pair vectors, category by category, each block [user 1; user 2], (B, 2 * total items).
        block_sizes: items of each category.

    Returns:
        One tensor per category, shape (B, 2, n_items).
    """
    blocks = x.split([2 * size for size in block_sizes], dim=1)
    return [block.unflatten(1, (2, -1)) for block in blocks]


def tastes(block: Tensor) -> Tensor:
    """Return what share of a user's listening goes to each item, as a vector of length 1.

    The least value of a user in a category is what no plays became under the z-score; the rest
    rises linearly in the plays. So the difference is proportional to the plays, and its square root
    weighs a hundred plays ten times as much as one. A vector without any spread becomes zero.

    Args:
        block: vectors of a category, shape (..., n_items).

    Returns:
        Non-negative vectors of length 1, or zero, shape (..., n_items).
    """
    weights = (block - block.amin(dim=-1, keepdim=True)).sqrt_()
    length = torch.linalg.vector_norm(weights, dim=-1, keepdim=True)
    return weights.div_(length.clamp_min(torch.finfo(block.dtype).tiny))


class DistanceSiamese(PairClassifier):
    """One encoder for both users; the head sees only what does not change if they change places.

    The head reads the cosine of the two users' tastes in each category, and of their codes a and b
    the features |a - b|, a * b and a + b.

    Args:
        input_dim: length of a pair's vector, from the data set.
        n_classes: largest DOS of the train pairs, from the data set.
        block_sizes: items of each category, from the data set.
        code_size: length of a user's code.
        hidden_sizes: widths of the head's hidden layers.
        input_dropout: share of inputs dropped before the encoder.
        dropout: share of outputs dropped after the encoder and each hidden layer of the head.
        lr: learning rate of Adam.
        weight_decay: decoupled weight decay.
        ordered: ordered classes (one score) or one output per class.
        decide: `median` or `argmax`, see `muso_exp.models.distance_net.decide`.

    Raises:
        ValueError: the blocks do not add up to the input.

    Source: none of the documents; a repair of MuSo, whose network treats (i, j) and (j, i) as two
    problems. Deviation: all but the input and the classes.
    """

    def __init__(
        self,
        input_dim: int,
        n_classes: int,
        block_sizes: Sequence[int],
        code_size: Count = 64,
        hidden_sizes: Sequence[Count] = (64,),
        input_dropout: Share = 0.5,
        dropout: Share = 0.3,
        lr: Positive = 1e-3,
        weight_decay: NotNegative = 1e-2,
        ordered: bool = True,
        decide: Decision = "median",
    ) -> None:
        super().__init__(lr, weight_decay, decide)
        if input_dim != 2 * sum(block_sizes):
            raise ValueError(
                f"input_dim {input_dim} is not twice the sum of block_sizes {list(block_sizes)}"
            )
        self.save_hyperparameters(logger=False)
        self.block_sizes = list(block_sizes)
        self.input_dropout = input_dropout
        self.items = nn.Linear(sum(block_sizes), code_size)
        self.encoder = nn.Sequential(nn.ReLU(), nn.Dropout(dropout))
        n_features = len(self.block_sizes) + 3 * code_size
        n_outputs = 1 if ordered else n_classes
        self.head = dense([n_features, *hidden_sizes, n_outputs], dropout)
        self.classes = OrderedClasses(n_classes) if ordered else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B, n_classes) of pair vectors x (B, input_dim)."""
        return self.classes(self.head(self.pair_features(x)))

    def pair_features(self, x: Tensor) -> Tensor:
        """Return the symmetric features of pairs, shape (B, n_categories + 3 * code_size)."""
        blocks = [tastes(block) for block in split_users(x, self.block_sizes)]  # (B, 2, n_items)
        cosines = [(block[:, 0] * block[:, 1]).sum(dim=1, keepdim=True) for block in blocks]
        a, b = self.codes(blocks).unbind(dim=1)  # (B, code_size) each
        return torch.cat([*cosines, (a - b).abs(), a * b, a + b], dim=1)

    def codes(self, blocks: list[Tensor]) -> Tensor:
        """Return the codes of both users, shape (B, 2, code_size).

        Dropout drops items for a whole batch: masking the weights, not the inputs, is what makes
        tens of thousands of inputs cheap.
        """
        kept = drop(torch.ones_like(self.items.weight[0]), self.input_dropout, self.training)
        weights = (self.items.weight * kept).split(self.block_sizes, dim=1)
        code: Tensor = self.items.bias  # (code_size,)
        for block, weight in zip(blocks, weights, strict=True):
            code = code + linear(block, weight)  # (B, 2, code_size)
        return self.encoder(code)
