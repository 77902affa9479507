"""The audit of pairs of users: overlaps, unknown items, NaN vectors, doubtful labels."""

from __future__ import annotations

from typing import Literal

import numpy as np

from muso_exp.features.graph import triangle_violations
from muso_exp.records import Finding
from muso_exp.tasks.friend_distance.user_pairs import UserPairs

FEW_FRIENDS = 100  # test pairs of DOS 1, or the friend AUC is mostly chance


def audit(pairs: UserPairs) -> list[Finding]:
    """Return overlaps, unknown items, NaN vectors, labels left out and dependent rows."""
    return [
        _shared_users(pairs),
        *_unknown_items(pairs),
        _nan_vectors(pairs),
        _beyond_classes(pairs),
        _without_path(pairs),
        _dependent_rows(pairs),
        _small_classes(pairs),
        _sampling(pairs),
        *_shuffled_tags(pairs),
    ]


def _level(doubtful: bool) -> Literal["note", "warning"]:
    return "warning" if doubtful else "note"


def _shared_users(pairs: UserPairs) -> Finding:
    names = np.array(pairs.listeners.users, dtype=object)
    splits = pairs.listeners.splits
    seen = set(names[splits["train"]]) | set(names[splits["val"]])
    shared = len(seen & set(names[splits["test"]]))
    text = f"{shared} of {len(splits['test'])} test users are also train or validation users."
    return Finding("users_in_train_and_test", shared, text, _level(shared > 0))


def _unknown_items(pairs: UserPairs) -> list[Finding]:
    found = []
    for name, share in pairs.unknown.items():
        text = (
            f"{share.plays:.1%} of the plays in the test users' {name} lists ({share.entries:.1%} "
            "of the entries) fall on items that no train user has; they are dropped."
        )
        check = f"unknown_{name}_plays"
        found.append(Finding(check, share.plays, text, _level(share.plays > 0.5)))
    return found


def _nan_vectors(pairs: UserPairs) -> Finding:
    test, spread = pairs.vectors["test"], pairs.vectors["test"].users.has_spread
    users = np.unique(test.pairs)
    categories = pairs.vectoriser.categories
    blank = {name: int((~spread[users, c]).sum()) for c, name in enumerate(categories)}
    blanks = ", ".join(f"{n} without a known {name}" for name, n in blank.items() if n)
    text = f"{test.n_nan} of {len(test)} test vectors are NaN"
    text += f" (test users: {blanks})." if blanks else "."
    if test.n_nan:
        text += " The argmax of NaN is the first class, so that these pairs are called friends."
    return Finding("nan_vectors", test.n_nan, text, _level(test.n_nan > 0))


def _beyond_classes(pairs: UserPairs) -> Finding:
    drawn, orders = pairs.drawn["test"], pairs.test_orders
    beyond = drawn.n_beyond // orders
    text = (
        f"{beyond} of {drawn.n_candidates // orders} unordered test pairs have a DOS above "
        f"{pairs.n_classes}, the largest class in train; they are left out of the score."
    )
    return Finding("test_pairs_beyond_classes", beyond, text, _level(beyond > 0))


def _without_path(pairs: UserPairs) -> Finding:
    lost = sum(drawn.n_without_path for drawn in pairs.drawn.values())
    total = sum(drawn.n_candidates for drawn in pairs.drawn.values())
    text = f"{lost} of {total} pairs have no path between them; they are left out."
    return Finding("pairs_without_path", lost, text)


def _dependent_rows(pairs: UserPairs) -> Finding:
    rows = pairs.vectors["test"].pairs
    n_users = len(np.unique(rows))
    mean = rows.size / n_users
    text = (
        f"The {len(rows)} test rows rest on {n_users} users, {mean:.1f} rows each: intervals "
        "resample users, not rows."
    )
    return Finding("test_rows_per_user", mean, text)


def _small_classes(pairs: UserPairs) -> Finding:
    dos = pairs.vectors["train"].dos
    sizes = np.bincount(dos, minlength=dos.max() + 1)[1:]
    few = int((sizes < 5).sum())
    text = f"{few} of {len(sizes)} classes have fewer than 5 train pairs."
    return Finding("classes_below_5_pairs", few, text, _level(few > 0))


def _sampling(pairs: UserPairs) -> Finding:
    """Return how many friends are tested on, and how the test pairs were drawn."""
    drawn, orders = pairs.drawn["test"], pairs.test_orders
    there = drawn.available // orders  # (max DOS + 1,)
    counts = np.bincount(drawn.dos, minlength=len(there)) // orders
    friends, total = int(counts[1]), int(counts.sum())
    text = f"{friends} of the {total} unordered test pairs are friends"
    if len(drawn.dos) < drawn.available.sum():
        listed = zip(counts[1:].tolist(), there[1:].tolist(), strict=True)
        shares = ", ".join(f"{n} of {all_of_it}" for n, all_of_it in listed)
        text += f"; drawn {pairs.sampling} (dataset.pairs.sampling), of DOS 1, 2, ...: {shares}"
        if pairs.sampling == "by_distance":
            text += ". Accuracies and errors are of this mix, not of all pairs"
    return Finding("friends_in_test", friends, text + ".", _level(friends < FEW_FRIENDS))


def _shuffled_tags(pairs: UserPairs) -> list[Finding]:
    if pairs.vectoriser.options.tag_order == "fixed" or "tag" not in pairs.vectoriser.categories:
        return []
    n_tags = len(pairs.listeners.items["tag"])
    text = f"The {n_tags} tag positions are shuffled for every vector: no input means one tag."
    return [Finding("shuffled_tag_inputs", 2 * n_tags, text, "warning")]


def triangle_finding(distances: np.ndarray) -> Finding:
    """Return how many labels of train pairs are no distance on any graph.

    Args:
        distances: degrees of separation of the train users, shape (n_users, n_users).
    """
    n_bad, n_pairs = triangle_violations(distances), len(distances) * (len(distances) - 1)
    text = (
        f"{n_bad} of {n_pairs} ordered train pairs ({n_bad / n_pairs:.0%}) violate the "
        "triangle inequality: by way of a third user they are closer than their label says."
    )
    text += " The label is no distance on any graph." if n_bad else ""
    return Finding("triangle_violations", n_bad, text, _level(n_bad > 0))


def shortest_path_finding(labels: np.ndarray, shortest: np.ndarray) -> Finding:
    """Return which share of the labels equals the shortest path among the chain's users.

    Args:
        labels: degrees of separation, shape (n_users, n_users).
        shortest: lengths of the shortest paths, the same shape.
    """
    above = np.triu_indices(len(labels), k=1)
    share = float((shortest[above] == labels[above]).mean())
    text = f"{share:.0%} of the train labels equal the shortest path among the chain's users."
    return Finding("labels_equal_shortest_path", share, text)
