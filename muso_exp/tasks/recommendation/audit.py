"""The audit of play counts: what reading found, and what filter and split leave out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from muso_exp.features.interactions import item_plays
from muso_exp.metrics.ranking import long_lists
from muso_exp.models.abilities import ChoosesSettings, ask
from muso_exp.records import Columns, Finding
from muso_exp.tasks.base import Answer
from muso_exp.tasks.recommendation.split_plays import HeldOut, SplitPlays

MANY = 0.1  # share of the held-out entries that a warning is given for


def audit(plays: SplitPlays, held: HeldOut) -> list[Finding]:
    """Return the notes of the reader, and the users, items and entries that are left out."""
    return [
        *plays.used.notes,
        *filtered(plays),
        _without_test_items(plays, held),
        *_new_users(held),
        *_undrawn(held),
        *(_cold_items(plays, held) if plays.split.warm else [_unseen_entries(plays)]),
        _top_share(plays),
    ]


def training(answer: Answer, popularity: Columns, column: str) -> list[Finding]:
    """Return what the model chose by itself, and what to try where it is worse than popularity.

    Args:
        answer: of the model.
        popularity: columns of that null model.
        column: of the comparison, larger is better.
    """
    chosen = ask(answer.model.settings_chosen) if isinstance(answer.model, ChoosesSettings) else {}
    found = [
        Finding(name, value, f"model.{name}={value:g} was chosen on plays held out of training")
        for name, value in chosen.items()
    ]
    return found + _worse_than_popularity(answer, popularity, column)


def _worse_than_popularity(answer: Answer, popularity: Columns, column: str) -> list[Finding]:
    if column not in answer.columns:
        return []
    own, null = (part[column].double().cpu().numpy() for part in (answer.columns, popularity))
    known = np.isfinite(own - null)
    if not known.any() or answer.bootstrap.mean((own - null)[known])[1] >= 0:
        return []
    text = (
        f"worse than the most popular first: mean {column} {own[known].mean():.3g} against "
        f"{null[known].mean():.3g}. What usually helps on small or thin data: "
        "model.regularization=validation (wmf) or a larger number, fewer model.n_factors, more "
        "trainer.max_epochs (bpr), model=ease or item_knn, dataset.min_item_users=2"
    )
    return [Finding("worse_than_popularity", float((own - null)[known].mean()), text, "warning")]


def filtered(plays: SplitPlays) -> list[Finding]:
    """Return how many users and items are left of those that were read."""
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


def drawn_items(name: str, held: HeldOut, cutoffs: Sequence[int]) -> list[Finding]:
    """Return what few candidates do to a test: artists that intervals draw, lists without verdict.

    Args:
        name: of the test.
        held: its users, and their held-out items.
        cutoffs: the k of its ranking metrics.
    """
    described = long_lists(cutoffs, held.typical_candidates)
    found = []
    if described and len(held.users):
        text = (
            f"{name}: of {held.typical_candidates:.0f} candidates a list holds more than half; no "
            f"verdict by {', '.join(described)}"
        )
        found.append(Finding(f"long_lists_{name}", len(described), text))
    if held.item_units is None:
        return found
    n_artists = len(np.unique(held.item_units[held.item_units >= 0]))
    text = (
        f"{name}: intervals draw the {n_artists} artists of the items without listeners besides "
        "the users, who all share their luck"
    )
    return [*found, Finding(f"drawn_{name}", n_artists, text)]


def _without_test_items(plays: SplitPlays, held: HeldOut) -> Finding:
    n_users = plays.used.plays.shape[0]
    text = f"{held.n_without} of {n_users} users have no held-out items that are ranked, and are "
    text += "in no metric"
    return Finding("users_without_test_items", held.n_without, text)


def _new_users(held: HeldOut) -> list[Finding]:
    """Return how many users are in no training, where they are asked about."""
    if held.brought is None:
        return []
    n_users, n_known = len(held.users), held.brought.nnz / max(len(held.users), 1)
    text = (
        f"the {n_users} test users are in no training: each is folded in by {n_known:.1f} items on "
        f"the average, and asked for {held.counts().mean():.1f} others (strong generalization)"
    )
    return [Finding("new_users", n_users, text)]


def _undrawn(held: HeldOut) -> list[Finding]:
    """Return how many users the evaluation leaves out because they were not drawn."""
    if held.n_undrawn == 0:
        return []
    n_drawn = len(held.users)
    text = (
        f"{n_drawn} of {n_drawn + held.n_undrawn} users with held-out items are evaluated, drawn "
        "by the seed (dataset.split.eval_users)"
    )
    return [Finding("users_not_drawn", held.n_undrawn, text)]


def _unseen_entries(plays: SplitPlays) -> Finding:
    test = plays.split.test
    unseen = (plays.listeners() == 0)[test.indices].mean()
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
    n_users = int((np.diff(test.indptr) > 0).sum()) - len(held.users) - held.n_undrawn
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
    total = np.sort(item_plays(plays.split.train))[::-1]
    top = total[: max(len(total) // 100, 1)].sum() / total.sum()
    text = f"{top:.1%} of the training plays are of the most played 1 % of the items"
    return Finding("top_percent_share", float(top), text)
