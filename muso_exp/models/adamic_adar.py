"""Friends by Adamic and Adar: common friends, those with few friends counting more."""

from muso_exp.features.graph_scores import common_friends
from muso_exp.features.networks import Network, RowScores
from muso_exp.models.friendship import PairScorer


class AdamicAdar(PairScorer):
    """Scores two users by their common friends, one with d friends counting 1 / log d.

    Source: Adamic and Adar 2003. Deviation: none.
    """

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users."""
        return common_friends(network.friends, "adamic_adar")
