"""Friends by taste: users near in the latent factors of weighted matrix factorisation."""

from muso_exp.features.als import FactorOptions
from muso_exp.features.networks import Network, RowScores
from muso_exp.features.taste_scores import vector_cosine, wmf_vectors
from muso_exp.models.friendship import PairScorer


class TasteWMF(PairScorer):
    """Scores two users by the cosine of their WMF factors.

    Args:
        factors: how they are fitted.
    """

    def __init__(self, factors: FactorOptions = FactorOptions()) -> None:  # noqa: B008
        super().__init__()
        self.factors = factors

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users."""
        return vector_cosine(wmf_vectors(network.plays, self.factors))
