"""Which users are in which split, and which items the train users play."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.muso import CATEGORIES
from muso_exp.tasks.friend_distance.user_pairs import SplitListeners, UnknownShare

SPLITS = ("train", "val", "test")


def hold_out(users: np.ndarray, share: float, seed: int, what: str) -> dict[str, np.ndarray]:
    """Divide users at random.

    Args:
        users: indices, shape (n_users,).
        share: share to hold out, 0 <= share < 1; 0 holds out no user.
        seed: of the division.
        what: name of the option, for messages.

    Returns:
        `kept` and `held`, ascending.

    Raises:
        ConfigError: a share outside [0, 1), or one that leaves fewer than two users on a side.
    """
    if not 0 <= share < 1:
        raise ConfigError(
            f"dataset.{what}={share}: a share of the users, 0 <= share < 1, is needed"
        )
    n_held = round(share * len(users))
    if share > 0 and min(n_held, len(users) - n_held) < 2:
        raise ConfigError(
            f"dataset.{what}={share}: of {len(users)} users {n_held} would be held out; a pair "
            "needs two on each side, take another share or 0"
        )
    order = np.random.default_rng([seed, len(users)]).permutation(users)
    return {"kept": np.sort(order[n_held:]), "held": np.sort(order[:n_held])}


def keep_train_items(
    listeners: SplitListeners, categories: Sequence[str], sources: Mapping[str, Path]
) -> tuple[SplitListeners, dict[str, UnknownShare]]:
    """Keep the chosen categories and, in them, the items that a train user plays.

    Args:
        listeners: all users.
        categories: those to use, a subset of what there is.
        sources: file of each split, for messages.

    Returns:
        The listeners over the train users' items, columns in their old order, and per category the
        share of the test users' plays that this drops.

    Raises:
        ConfigError: a category that the data set does not have, or none.
        DataFormatError: no train user has an item of a category, or no test user a known item.
    """
    unknown = [name for name in categories if name not in listeners.plays]
    if unknown or not categories:
        have = ", ".join(listeners.plays)
        raise ConfigError(f"dataset.categories={list(categories)}: choose some of {have}")
    ordered = [name for name in CATEGORIES if name in categories]
    plays, items, shares = {}, {}, {}
    for name in ordered:
        counts = listeners.plays[name]
        known = counts[listeners.splits["train"]].getnnz(axis=0) > 0  # (n_items,)
        if not known.any():
            fix = f"leave {name} out of dataset.categories"
            raise DataFormatError(sources["train"], f"no train user has a {name}", fix=fix)
        plays[name] = counts[:, np.flatnonzero(known)]
        items[name] = [
            item for item, keep in zip(listeners.items[name], known, strict=True) if keep
        ]
        shares[name] = _unknown_share(counts[listeners.splits["test"]], ~known)
    if all(plays[name][listeners.splits["test"]].nnz == 0 for name in ordered):
        raise DataFormatError(
            sources["test"],
            f"no test user plays any {' or '.join(ordered)} that a train user plays",
            fix="the files do not belong together, or more categories or train users are needed",
        )
    return replace(listeners, plays=plays, items=items), shares


def _unknown_share(plays: csr_matrix, unknown: np.ndarray) -> UnknownShare:
    lost = plays[:, np.flatnonzero(unknown)]
    return UnknownShare(lost.sum() / max(plays.sum(), 1), lost.nnz / max(plays.nnz, 1))
