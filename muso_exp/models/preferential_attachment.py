"""Friends by preferential attachment: who has many friends gets more."""

from muso_exp.features.graph_scores import preferential_attachment
from muso_exp.features.networks import Network, RowScores
from muso_exp.models.friendship import PairScorer


class PreferentialAttachment(PairScorer):
    """Scores two users by the product of their numbers of friends.

    Source: Newman 2001; Barabasi and Albert 1999. Deviation: see
    `muso_exp.features.graph_scores.preferential_attachment`.
    """

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users."""
        return preferential_attachment(network.friends)
