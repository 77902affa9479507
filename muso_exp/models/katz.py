"""Friends by Katz: all paths between two users, longer ones and those over hubs counting less."""

from muso_exp.features.graph_scores import normalised_katz
from muso_exp.features.networks import Network, RowScores
from muso_exp.models.friendship import PairScorer
from muso_exp.options import Count, SomeShare


class Katz(PairScorer):
    """Scores two users by all paths between them.

    Args:
        decay: weight of a step.
        steps: longest path that counts.

    Source: Katz 1953. Deviation: see `muso_exp.features.graph_scores.normalised_katz`.
    """

    def __init__(self, decay: SomeShare = 0.5, steps: Count = 12) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.decay, self.steps = decay, steps

    def row_scores(self, network: Network) -> RowScores:
        """Return the scores of users with all users."""
        return normalised_katz(network.friends, self.decay, self.steps)
