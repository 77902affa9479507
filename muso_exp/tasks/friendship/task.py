"""The task "are two users friends?"."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.features.networks import FRIENDS, MATCHED, RANDOM
from muso_exp.metrics.friendship import FriendshipAUC, FriendshipPrecision
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, ExtraTask, Task
from muso_exp.tasks.friendship.audit import audit
from muso_exp.tasks.friendship.baselines import GRAPH_ALONE, Baselines
from muso_exp.tasks.friendship.graph_comparison import Beside, beside_graph, taste_finding
from muso_exp.tasks.friendship.sections import score_section, taste_section
from muso_exp.tasks.friendship.split_network import SplitNetwork
from muso_exp.tasks.friendship.suggestions import Suggestions

KINDS = {FRIENDS: "friends", RANDOM: "random", MATCHED: "matched"}


class Friendship(Task):
    """Rank held-out friendships above pairs of users who are no friends.

    Users are the independent unit: a pair rests on two of them, and counts in a resample as often
    as both are drawn, so that all pairs of a user come and go together. A user's friendships are
    alike (one taste, one circle of friends); pairs resampled as if they were independent would make
    the intervals too narrow.

    Args:
        network: users, friendships and labelled pairs.
        cutoffs: the k of the lists of suggestions.
        hypotheses: further tests, of how taste goes with distance and popularity.
        cache: folder of the cache, for the null models; None keeps nothing.
    """

    keys = ("user_a", "user_b", "kind")

    def __init__(
        self,
        network: SplitNetwork,
        cutoffs: Sequence[int],
        hypotheses: Sequence[ExtraTask] = (),
        cache: Path | None = None,
    ) -> None:
        self.network = network
        self.target = torch.from_numpy(network.test.kind)
        self.units = network.test.pairs
        self.baselines = Baselines(network, cache)
        self._compared: tuple[Answer, tuple[Beside, ...]] | None = None
        self.extra = (Suggestions(network, self.baselines, cutoffs), *hypotheses)

    def metrics(self) -> MetricCollection:
        """Return ROC AUC and average precision against random and against matched pairs."""
        return MetricCollection(
            {
                "auc_random": FriendshipAUC(RANDOM),
                "auc_matched": FriendshipAUC(MATCHED),
                "ap_random": FriendshipPrecision(RANDOM),
                "ap_matched": FriendshipPrecision(MATCHED),
            },
            compute_groups=False,
        )

    def nulls(self) -> dict[str, Columns]:
        """Return one score for all pairs, the product of degrees, and the graph alone."""
        return self.baselines.pair_columns

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test pair: user_a, user_b, kind, affinity, matched_affinity.

        Users are numbers, since names may be people's handles.
        """
        test = self.network.test
        scores = {name: column.cpu().double().numpy() for name, column in columns.items()}
        kind = [KINDS[code] for code in test.kind.tolist()]
        users = {"user_a": test.pairs[:, 0], "user_b": test.pairs[:, 1]}
        return pd.DataFrame({**users, "kind": kind, **scores})

    def audit(self, answer: Answer) -> list[Finding]:
        """Return what reading found, what the split left, and whether taste helps."""
        return [*audit(self.network), taste_finding(self._beside_graph(answer))]

    def counts(self) -> dict[str, int]:
        """Return users, items, friendships by use, and test pairs of each kind."""
        network = self.network
        kind = network.test.kind
        kinds = {f"test_{name}": int((kind == code).sum()) for code, name in KINDS.items()}
        return {
            "users": network.whole.n_users,
            "items": network.whole.plays.shape[1],
            "friendships": network.whole.friends.nnz // 2,
            "known_friendships": network.known.friends.nnz // 2,
            "fit_friendships": len(network.fit.friends),
            **kinds,
        }

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return whether taste helps, and the scores of friends and of others."""
        return [taste_section(self._beside_graph(answer)), score_section(table)]

    def _beside_graph(self, answer: Answer) -> tuple[Beside, ...]:
        if self._compared is None or self._compared[0] is not answer:
            graph, weights = self.nulls()[GRAPH_ALONE], answer.bootstrap.weights(self.units)
            found = beside_graph(answer.columns, graph, self.target, weights)
            self._compared = answer, found
        return self._compared[1]
