"""The document's first network, "two linear layers and Relu activation", on spectra."""

from torch import nn

from muso_exp.models.regression import Regressor, activation, require_dropout, require_sizes
from muso_exp.options import Count, NotNegative, Positive, Share


class SpectraBaseline(Regressor):
    """Two linear layers with a ReLU between them: 10000-1000-11 at the defaults.

    What the enhanced network adds to it is "only one more linear layer and the use of an
    additional activation function" (document 4, "Results").

    Args:
        n_inputs: length of a spectrum, from the data set.
        n_outputs: number of features, from the data set.
        hidden_size: width of the hidden layer.
        dropout: share of its outputs dropped; the document "experimented with dropout slightly".
        lr: learning rate of Adam; 0.01 in the document's baseline.
        weight_decay: of all weights, decoupled; the document has none.

    Raises:
        ValueError: a number out of its range.

    Source: document 4, "Models and Evaluation: Neural Network", and its authors' code.
    Deviation: the document trained it on songs' features to predict co-occurrence
    (`cooccurrence_net`); here it stands where its successor stands, from spectrum to features.
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        hidden_size: Count = 1000,
        dropout: Share = 0.0,
        lr: Positive = 1e-2,
        weight_decay: NotNegative = 0.0,
    ) -> None:
        super().__init__(lr, weight_decay)
        require_dropout(dropout)
        require_sizes([hidden_size], ["relu"])
        self.save_hyperparameters(logger=False)
        self.net = nn.Sequential(
            nn.Linear(n_inputs, hidden_size),
            activation("relu"),
            nn.Dropout(dropout),
            nn.Linear(hidden_size, n_outputs),
        )
