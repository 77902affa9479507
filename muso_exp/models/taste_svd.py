"""Friends by taste: users near in the leading singular vectors of what all play."""

from muso_exp.features.networks import Network, RowScores
from muso_exp.features.taste_scores import Weight, svd_vectors, vector_cosine
from muso_exp.models.friendship import PairScorer
from muso_exp.options import Count


class TasteSVD(PairScorer):
    """Scores two users by the cosine of their vectors in a truncated SVD of the listening.

    Args:
        n_dims: number of singular vectors.
        weight: of plays, see `muso_exp.features.taste_scores.weighted_plays`.

    Source: latent semantic analysis, Deerwester et al. 1990. Deviation: none.
    """

    def __init__(self, n_dims: Count = 64, weight: Weight = "idf") -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.n_dims, self.weight = n_dims, weight

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users."""
        return vector_cosine(svd_vectors(network.plays, self.weight, self.n_dims))
