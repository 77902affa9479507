"""What the recommendation task tells about itself: predictions, audit, counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from torch import Tensor

from muso_exp.records import Finding

if TYPE_CHECKING:
    from muso_exp.data.plays import Plays


def predictions(data: Plays, preds: dict[str, Tensor]) -> pd.DataFrame:
    """Return a row per test user; users are numbers, since names may be people's handles."""
    held = data.test_held
    ids = np.arange(held.n_items) if held.candidates is None else held.candidates
    table = pd.DataFrame({"user": data.data.users[held.users]})
    rows = np.split(ids[held.positives.indices], held.positives.indptr[1:-1])
    table["held_out"] = [items.tolist() for items in rows]
    return with_columns(table, preds)


def with_columns(table: pd.DataFrame, preds: Mapping[str, Tensor]) -> pd.DataFrame:
    """Return the table with the prediction columns; of several numbers a row holds a list."""
    values = {name: column.cpu().numpy() for name, column in preds.items()}
    return table.assign(**{k: v.tolist() if v.ndim > 1 else v for k, v in values.items()})


def audit(data: Plays) -> list[Finding]:
    """Return the notes of the reader, and who and what the split leaves out."""
    n_users, n_items = data.data.plays.shape
    n_read_users, n_read_items = data.read_shape
    held, test = data.test_held, data.split.test
    unseen = data.listeners[test.indices] == 0
    total = np.sort(np.asarray(data.split.train.sum(axis=0)).ravel())[::-1]
    top = total[: max(len(total) // 100, 1)].sum() / total.sum()
    findings = [
        *data.data.notes,
        Finding(
            "users_filtered",
            n_read_users - n_users,
            f"{n_read_users - n_users} of {n_read_users} users were left out "
            f"(dataset.min_user_items={data.min_user_items})",
        ),
        Finding(
            "items_filtered",
            n_read_items - n_items,
            f"{n_read_items - n_items} of {n_read_items} items were left out "
            f"(dataset.min_item_users={data.min_item_users}, of the users who stayed)",
        ),
        Finding(
            "users_without_test_items",
            held.n_without,
            f"{held.n_without} of {n_users} users have no held-out items and are in no metric",
        ),
        Finding(
            "unseen_test_entries",
            float(unseen.mean()),
            f"{unseen.mean():.1%} of the {test.nnz} held-out entries are of items that nobody "
            "plays in training; listening alone cannot rank them",
            "warning" if unseen.mean() > 0.1 else "note",
        ),
        Finding(
            "top_percent_share",
            float(top),
            f"{top:.1%} of the training plays are of the most played 1 % of the items",
        ),
    ]
    return findings


def counts(data: Plays) -> dict[str, int]:
    """Return users, items, and (user, item) entries by split."""
    n_users, n_items = data.data.plays.shape
    return {
        "users": n_users,
        "items": n_items,
        "test_users": len(data.test_held.users),
        "train_entries": data.split.train.nnz,
        "val_entries": data.split.val.nnz,
        "test_entries": data.split.test.nnz,
        "plays": int(data.data.plays.sum()),
    }
