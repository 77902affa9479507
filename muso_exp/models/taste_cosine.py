"""Friends by taste: the cosine of what two users play."""

from muso_exp.features.networks import Network, RowScores
from muso_exp.features.taste_scores import Weight, taste_cosine
from muso_exp.models.friendship import PairScorer


class TasteCosine(PairScorer):
    """Scores two users by the cosine of their listening; their friendships do not count.

    Args:
        weight: of plays: `raw`, `binary`, `log` or `idf`, see
            `muso_exp.features.taste_scores.weighted_plays`.
    """

    def __init__(self, weight: Weight = "raw") -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.weight = weight

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users."""
        return taste_cosine(network.plays, self.weight)
