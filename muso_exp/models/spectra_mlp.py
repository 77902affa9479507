"""The network of document 4's enhanced approach: from the spectrum of a song to its features."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from muso_exp.models.regression import Regressor, activation, require_dropout, require_sizes
from muso_exp.options import Count, NotNegative, Positive, Share


class SpectraMLP(Regressor):
    """Linear layers, each but the last followed by dropout and then an activation.

    10000-1000-100-11 at the defaults, with 10,102,211 weights.

    Args:
        n_inputs: length of a spectrum, from the data set.
        n_outputs: number of features, from the data set.
        hidden_sizes: widths of the hidden layers.
        activations: of each hidden layer, tanh or relu. The document's text says "both Relu and
            tanh", its code tanh and tanh.
        dropout: share of outputs dropped after each hidden layer: 0.5 in the code, 0.75 in the
            text.
        lr: learning rate of Adam.
        weight_decay: of all weights, decoupled; the document has none.

    Raises:
        ValueError: an unknown activation, or a number out of its range.

    Source: document 4, "Enhanced Approach", and its authors' code. Deviation: none from the code;
    the text has ReLU and tanh, and dropout 0.75.
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        hidden_sizes: Sequence[Count] = (1000, 100),
        activations: Sequence[str] = ("tanh", "tanh"),
        dropout: Share = 0.5,
        lr: Positive = 1e-3,
        weight_decay: NotNegative = 0.0,
    ) -> None:
        super().__init__(lr, weight_decay)
        require_dropout(dropout)
        require_sizes(hidden_sizes, activations)
        self.save_hyperparameters(logger=False)
        layers: list[nn.Module] = []
        for (n_in, n_out), name in zip(
            pairwise([n_inputs, *hidden_sizes]), activations, strict=True
        ):
            layers += [nn.Linear(n_in, n_out), nn.Dropout(dropout), activation(name)]
        self.net = nn.Sequential(*layers, nn.Linear(hidden_sizes[-1], n_outputs))
