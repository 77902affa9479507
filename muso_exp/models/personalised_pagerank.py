"""Friends by personalised PageRank: random walks with restart from one user to the other."""

from muso_exp.features.graph_scores import personalised_pagerank
from muso_exp.features.networks import Network, RowScores
from muso_exp.models.friendship import PairScorer
from muso_exp.options import Count, SomeShare


class PersonalisedPageRank(PairScorer):
    """Scores two users by the chance that a walk from one is at the other, both ways added.

    Args:
        restart: chance to go back to the start before each step.
        steps: longest walk that counts.

    Source: Tong, Faloutsos and Pan 2006. Deviation: walks are cut off.
    """

    def __init__(self, restart: SomeShare = 0.15, steps: Count = 40) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.restart, self.steps = restart, steps

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users."""
        return personalised_pagerank(network.friends, self.restart, self.steps)
