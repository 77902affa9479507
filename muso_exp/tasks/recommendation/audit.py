"""The audit of play counts: what reading found, and what filter and split leave out."""

from __future__ import annotations

import numpy as np

from muso_exp.records import Finding
from muso_exp.tasks.recommendation.split_plays import HeldOut, SplitPlays

MANY = 0.1  # share of the held-out entries that a warning is given for


def audit(plays: SplitPlays, held: HeldOut) -> list[Finding]:
    """Return the notes of the reader, and the users, items and entries that are left out."""
    return [
        *plays.used.notes,
        *_filtered(plays),
        _without_test_items(plays, held),
        *(_cold_items(plays, held) if plays.split.warm else [_unseen_entries(plays)]),
        _top_share(plays),
    ]


def _filtered(plays: SplitPlays) -> list[Finding]:
    n_users, n_items = plays.used.plays.shape
    n_read_users, n_read_items = plays.n_read
    return [
        Finding(
            "users_filtered",
            n_read_users - n_users,
            f"{n_read_users - n_users} of {n_read_users} users were left out "
            f"(dataset.min_user_items={plays.min_user_items})",
        ),
        Finding(
            "items_filtered",
            n_read_items - n_items,
            f"{n_read_items - n_items} of {n_read_items} items were left out "
            f"(dataset.min_item_users={plays.min_item_users}, of the users who stayed)",
        ),
    ]


def _without_test_items(plays: SplitPlays, held: HeldOut) -> Finding:
    n_users = plays.used.plays.shape[0]
    text = f"{held.n_without} of {n_users} users have no held-out items that are ranked, and are "
    text += "in no metric"
    return Finding("users_without_test_items", held.n_without, text)


def _unseen_entries(plays: SplitPlays) -> Finding:
    test = plays.split.test
    unseen = (plays.listeners()[test.indices] == 0).mean()
    return Finding(
        "unseen_test_entries",
        float(unseen),
        f"{unseen:.1%} of the {test.nnz} held-out entries are of items that no user plays in "
        "training; listening alone cannot rank them",
        "warning" if unseen > MANY else "note",
    )


def _cold_items(plays: SplitPlays, held: HeldOut) -> list[Finding]:
    """Return what the warm candidates leave out: items, held-out entries, users without others."""
    test, cold = plays.split.test, plays.listeners() == 0
    n_entries = int(cold[test.indices].sum())
    n_users = int((np.diff(test.indptr) > 0).sum()) - len(held.users)
    share = n_entries / test.nnz
    why = "(dataset.candidates=warm)"
    return [
        Finding(
            "cold_items",
            int(cold.sum()),
            f"{cold.sum()} of {len(cold)} items are played by no user in training, and are not "
            f"ranked {why}",
        ),
        Finding(
            "cold_entries",
            n_entries,
            f"{n_entries} of the {test.nnz} held-out entries ({share:.1%}) are of such items, and "
            f"in no metric {why}",
            "warning" if share > MANY else "note",
        ),
        Finding(
            "cold_users",
            n_users,
            f"{n_users} users have held-out entries of such items only, and are in no metric {why}",
        ),
    ]


def _top_share(plays: SplitPlays) -> Finding:
    total = np.sort(np.asarray(plays.split.train.sum(axis=0)).ravel())[::-1]
    top = total[: max(len(total) // 100, 1)].sum() / total.sum()
    text = f"{top:.1%} of the training plays are of the most played 1 % of the items"
    return Finding("top_percent_share", float(top), text)
