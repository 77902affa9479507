"""The task "how many friendships are two users apart?"."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.metrics.friend_distance import (
    AccuracyWithin,
    ExactAccuracy,
    FriendAUC,
    MeanAbsoluteError,
    SpearmanCorrelation,
)
from muso_exp.records import Columns, Finding, Section
from muso_exp.tasks.base import Answer, NotAnsweredError, Task, column_of
from muso_exp.tasks.friend_distance.audit import audit
from muso_exp.tasks.friend_distance.baselines import null_columns
from muso_exp.tasks.friend_distance.pair_rules import pair_scores, rule_columns
from muso_exp.tasks.friend_distance.sections import sections
from muso_exp.tasks.friend_distance.sensitivity import sensitivity_sections
from muso_exp.tasks.friend_distance.user_pairs import UserPairs


class FriendDistance(Task):
    """Predict the degree of separation (DOS) of two users from their listening.

    The target is the class index of each test pair, DOS - 1, shape (n_rows,); the units are its two
    users, shape (n_rows, 2).

    Args:
        pairs: users, their listening and the pairs of each split.
        file_findings: findings on the files that the pairs come from, the last of the audit.
    """

    keys = ("user_a", "user_b")

    def __init__(self, pairs: UserPairs, file_findings: Sequence[Finding] = ()) -> None:
        self.pairs, self.file_findings = pairs, list(file_findings)
        self.target, self.units = pairs.vectors["test"].target(), pairs.vectors["test"].pairs

    def metrics(self) -> MetricCollection:
        """Return both near-accuracies (text and code), exact accuracy, error and the two ranks."""
        return MetricCollection(
            {
                "acc_exact": ExactAccuracy(),
                "acc_within_lt3": AccuracyWithin(3, inclusive=False),
                "acc_within_le3": AccuracyWithin(3, inclusive=True),
                "mae": MeanAbsoluteError(),
                "spearman": SpearmanCorrelation(),
                "friend_auc": FriendAUC(),
            },
            compute_groups=False,
        )

    def nulls(self) -> dict[str, Columns]:
        """Return guessers, constants, and rules of one number of the two users' listening.

        The rules (`muso_exp.tasks.friend_distance.pair_rules`) are of artists; of the first
        category where the data set uses no artists.
        """
        train, test = self.pairs.vectors["train"], self.pairs.vectors["test"]
        target, n_classes = train.target(), self.pairs.n_classes
        nulls = null_columns(target, n_classes, len(self.target))
        plays = next(iter(self.pairs.listeners.plays.values()))  # artists come first
        known, asked = pair_scores(plays, train.pairs), pair_scores(plays, test.pairs)
        for rule, scores in known.items():
            columns = rule_columns(scores, target.numpy(), asked[rule], n_classes)
            nulls |= {rule + kind: own for kind, own in columns.items()}
        return nulls

    def predictions(self, columns: Columns) -> pd.DataFrame:
        """Return a row per test pair: user_a, user_b, dos, predicted_dos, friend_score."""
        test, users = self.pairs.vectors["test"], np.array(self.pairs.listeners.users, dtype=object)
        decided = torch.as_tensor(columns["strategy"]).argmax(dim=1).cpu().numpy() + 1
        return pd.DataFrame(
            {
                "user_a": users[test.pairs[:, 0]],
                "user_b": users[test.pairs[:, 1]],
                "dos": test.dos,
                "predicted_dos": decided,
                "friend_score": torch.as_tensor(columns["friend"]).cpu().double().numpy(),
            }
        )

    def answered(self, table: pd.DataFrame) -> Columns:
        """Return the columns of a table of `predictions`: a distance for sure, and the score."""
        like = torch.zeros(0)
        strategy = column_of(table, "predicted_dos", like).long() - 1
        n_classes = self.pairs.n_classes
        if ((strategy < 0) | (strategy >= n_classes)).any():
            raise NotAnsweredError(f"predicted_dos: a distance from 1 to {n_classes} is needed")
        sure = torch.nn.functional.one_hot(strategy, n_classes).float()
        return {"strategy": sure, "friend": column_of(table, "friend_score", like)}

    def audit(self, answer: Answer) -> list[Finding]:
        """Return overlaps, unknown items, NaN vectors, labels left out and dependent rows."""
        return [*audit(self.pairs), *self.file_findings]

    def counts(self) -> dict[str, int]:
        """Return users and pairs of each split, items of each category, inputs and classes."""
        pairs, listeners = self.pairs, self.pairs.listeners
        found = {f"{split}_users": len(users) for split, users in listeners.splits.items()}
        found |= {f"{split}_pairs": len(rows) for split, rows in pairs.vectors.items()}
        found |= {f"{name}_items": len(items) for name, items in listeners.items.items()}
        inputs = 2 * sum(pairs.vectors["train"].users.sizes)
        return found | {"inputs": inputs, "classes": pairs.n_classes}

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterable[Section]:
        """Return the DOS matrix, labels, predicted against true DOS, and what moves predictions."""
        sensitivity = sensitivity_sections(self.pairs, answer.model.columns, self.metrics())
        return [*sections(self.pairs, table), *sensitivity]
