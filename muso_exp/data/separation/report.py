"""What a report tells about pairs of users: counts, audit, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from muso_exp.plots import matrix_figure, truth_figure
from muso_exp.results import Finding, Section

if TYPE_CHECKING:
    from muso_exp.data.separation.base import PairData

MATRIX_USERS = 200  # a larger matrix is unreadable in a report


def counts(data: PairData) -> dict[str, int]:
    """Return users and pairs of each split, items of each category, inputs and classes."""
    listeners = data.listeners
    found = {f"{split}_users": len(users) for split, users in listeners.splits.items()}
    found |= {f"{split}_pairs": len(pairs) for split, pairs in data.pair_splits.items()}
    found |= {f"{name}_items": len(items) for name, items in listeners.items.items()}
    pairs = data.pair_splits["train"]
    return found | {"inputs": 2 * sum(pairs.users.sizes), "classes": int(pairs.dos.max())}


def audit(data: PairData) -> list[Finding]:
    """Return overlaps, unknown items, NaN vectors, labels left out and dependent rows."""
    return [
        _shared_users(data),
        *_unknown_items(data),
        _nan_vectors(data),
        _beyond_classes(data),
        _without_path(data),
        _dependent_rows(data),
        _small_classes(data),
        *_shuffled_tags(data),
    ]


def _level(doubtful: bool) -> Literal["note", "warning"]:
    return "warning" if doubtful else "note"


def _shared_users(data: PairData) -> Finding:
    names = np.array(data.listeners.users, dtype=object)
    splits = data.listeners.splits
    seen = set(names[splits["train"]]) | set(names[splits["val"]])
    shared = len(seen & set(names[splits["test"]]))
    text = f"{shared} of {len(splits['test'])} test users are also train or validation users."
    return Finding("users_in_train_and_test", shared, text, _level(shared > 0))


def _unknown_items(data: PairData) -> list[Finding]:
    found = []
    for name, share in data.unknown.items():
        text = (
            f"{share.plays:.1%} of the plays in the test users' {name} lists ({share.entries:.1%} "
            "of the entries) fall on items that no train user has; they are dropped."
        )
        check = f"unknown_{name}_plays"
        found.append(Finding(check, share.plays, text, _level(share.plays > 0.5)))
    return found


def _nan_vectors(data: PairData) -> Finding:
    test, spread = data.pair_splits["test"], data.pair_splits["test"].users.has_spread
    users = np.unique(test.pairs)
    categories = data.vectoriser.categories
    blank = {name: int((~spread[users, c]).sum()) for c, name in enumerate(categories)}
    who = ", ".join(f"{n} without a known {name}" for name, n in blank.items() if n)
    text = f"{test.n_nan} of {len(test)} test vectors are NaN"
    text += f" (test users: {who})." if who else "."
    if test.n_nan:
        text += " The argmax of NaN is the first class, so that these pairs are called friends."
    return Finding("nan_vectors", test.n_nan, text, _level(test.n_nan > 0))


def _beyond_classes(data: PairData) -> Finding:
    drawn, top = data.drawn["test"], int(data.drawn["train"].dos.max())
    orders = 2 if data.pair_options.test_pairs == "ordered" else 1
    beyond = drawn.n_beyond // orders
    text = (
        f"{beyond} of {drawn.n_candidates // orders} unordered test pairs have a DOS above {top}, "
        "the largest class in train; they are left out of the score."
    )
    return Finding("test_pairs_beyond_classes", beyond, text, _level(beyond > 0))


def _without_path(data: PairData) -> Finding:
    lost = sum(drawn.n_without_path for drawn in data.drawn.values())
    total = sum(drawn.n_candidates for drawn in data.drawn.values())
    text = f"{lost} of {total} pairs have no path between them; they are left out."
    return Finding("pairs_without_path", lost, text)


def _dependent_rows(data: PairData) -> Finding:
    pairs = data.pair_splits["test"].pairs
    n_users = len(np.unique(pairs))
    mean = pairs.size / n_users
    text = (
        f"The {len(pairs)} test rows rest on {n_users} users, {mean:.1f} rows each: intervals "
        "resample users, not rows."
    )
    return Finding("test_rows_per_user", mean, text)


def _small_classes(data: PairData) -> Finding:
    dos = data.pair_splits["train"].dos
    sizes = np.bincount(dos, minlength=dos.max() + 1)[1:]
    few = int((sizes < 5).sum())
    text = f"{few} of {len(sizes)} classes have fewer than 5 train pairs."
    return Finding("classes_below_5_pairs", few, text, _level(few > 0))


def _shuffled_tags(data: PairData) -> list[Finding]:
    if data.vector_options.tag_order == "fixed" or "tag" not in data.vectoriser.categories:
        return []
    n_tags = len(data.listeners.items["tag"])
    text = f"The {n_tags} tag positions are shuffled for every vector: no input means one tag."
    return [Finding("shuffled_tag_inputs", 2 * n_tags, text, "warning")]


def sections(data: PairData, predictions: pd.DataFrame) -> list[Section]:
    """Return the DOS matrix, the labels of each split, and predicted against true DOS."""
    return [_matrix_section(data), _label_section(data), _truth_section(data, predictions)]


def _matrix_section(data: PairData) -> Section:
    users = data.listeners.splits["train"][:MATRIX_USERS]
    values = data.listeners.distances[np.ix_(users, users)].astype(np.float64)
    values[values < 0] = np.nan
    names = [data.listeners.users[user] for user in users]
    figure = matrix_figure(values, names, "Train users", "degree of separation")
    text = f"Degree of separation between {len(users)} train users; white where there is no path."
    return Section("dos_matrix", "DOS matrix", text, figure=figure)


def _label_section(data: PairData) -> Section:
    splits = {name: split for name, split in data.pair_splits.items() if len(split)}
    top = int(data.drawn["train"].dos.max())
    table = pd.DataFrame({"DOS": np.arange(1, top + 1)})
    for name, split in splits.items():
        table[f"{name} pairs"] = np.bincount(split.dos, minlength=top + 1)[1:]
    return Section("dos_labels", "Labels", "How many pairs have each DOS.", table=table)


def _truth_section(data: PairData, predictions: pd.DataFrame) -> Section:
    told = ~data.pair_splits["test"].is_nan
    target, preds = predictions["dos"].to_numpy(), predictions["predicted_dos"].to_numpy()
    text = "Test pairs by true and predicted DOS; a perfect model fills the diagonal only."
    if not told.all():
        text += (
            f" {int((~told).sum())} pairs whose vector is NaN are not drawn: their 1 is no "
            "prediction, though it is scored as one."
        )
    figure = truth_figure(target[told], preds[told], "DOS") if told.any() else None
    return Section("predicted_dos", "Predicted against true DOS", text, figure=figure)
