"""Friends by graph and taste together: boosted trees over the scores of both."""

from collections.abc import Sequence

import torch
from torch import Tensor

from muso_exp.features.forests import Forest
from muso_exp.features.networks import Network, RowScores, read_network
from muso_exp.features.pair_fusion import GROUPS, Fusion, Group, TreeOptions, fit_fusion
from muso_exp.models.friendship import PairScorer, fit_parts
from muso_exp.records import Batch

QUESTIONS = ("random", "matched")


class FriendFusion(PairScorer):
    """Scores two users by trees over graph scores, taste scores, and taste of each one's friends.

    It is fitted on friendships that are removed in the same way as those of the test, so that the
    scores of a friendship never rest on the friendship itself. One forest parts friends from any
    two users, another from two users with as many friends.

    Args:
        groups: of scores: `graph`, `taste` or both.
        trees: how they are grown.

    Source: none of the documents; link prediction by supervised learning, Lichtenwalter, Lussier
    and Chawla, KDD 2010. Deviation: gradient boosting for a random forest.
    """

    def __init__(
        self,
        groups: Sequence[Group] = GROUPS,
        trees: TreeOptions = TreeOptions(),  # noqa: B008
    ) -> None:
        super().__init__()
        self.groups, self.trees = list(groups), trees
        for question in QUESTIONS:
            self._keep(question, Forest.empty())

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Grow the trees.

        Raises:
            ValueError: no friendships to fit on.
        """
        fusion = fit_fusion(fit_parts(batch), self.groups, self.trees)
        for question, forest in zip(QUESTIONS, fusion.forests, strict=True):
            self._keep(question, forest)

    @property
    def fusion(self) -> Fusion:
        """The trees as they were grown."""
        against_any, against_matched = map(self._forest, QUESTIONS)
        return Fusion(self.groups, (against_any, against_matched))

    def row_scores(self, network: Network) -> RowScores:
        """Return the log-odds of friendship of users with all users."""
        return self.fusion.row_scores(network)[0]

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return `affinity` and `matched_affinity` of the pairs, (B,), float32."""
        pairs = batch["pairs"]
        scores = self.fusion.pair_scores(read_network(batch), pairs.cpu().numpy())
        names = ("affinity", "matched_affinity")
        return {
            name: torch.from_numpy(score).to(pairs.device)
            for name, score in zip(names, scores, strict=True)
        }

    def _forest(self, question: str) -> Forest:
        kept = (self.get_buffer(f"{question}_{name}") for name in Forest._fields)
        return Forest(*(value.cpu().numpy() for value in kept))

    def _keep(self, question: str, forest: Forest) -> None:
        for name, value in forest._asdict().items():
            self.register_buffer(f"{question}_{name}", torch.from_numpy(value).to(self.device))
