"""Friends by spectral embedding: users near in the leading eigenvectors of the graph."""

from muso_exp.features.graph_scores import spectral_embedding
from muso_exp.features.networks import Network, RowScores
from muso_exp.models.friendship import PairScorer
from muso_exp.options import Count


class SpectralEmbedding(PairScorer):
    """Scores two users by the product of their vectors in the eigenvectors of the graph.

    Args:
        n_dims: number of eigenvectors.

    Source: von Luxburg 2007. Deviation: see `muso_exp.features.graph_scores.spectral_embedding`.
    """

    def __init__(self, n_dims: Count = 64) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.n_dims = n_dims

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users."""
        return spectral_embedding(network.friends, self.n_dims)
