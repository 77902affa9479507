"""Which pairs of users become rows of a split."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from muso_exp.data.friend_distance.listeners import SPLITS
from muso_exp.errors import DataFormatError
from muso_exp.options import Count, Options
from muso_exp.tasks.friend_distance.user_pairs import DrawnPairs, SplitListeners


class PairOptions(Options, frozen=True, kw_only=True):
    """Which pairs of users become rows.

    Attributes:
        train_pairs: `unordered` or `ordered` (each pair in both orders).
        test_pairs: the same, for test and validation.
        max_train_pairs: at most so many, drawn by the seed; None for all.
        max_test_pairs: the same, for test and validation each.
        sampling: `uniform`, or `by_distance`: equally many of each DOS, of a rare one all; users
            are divided before, so that no pair has users of two splits.
        max_dos: largest DOS that is a class; None for the largest of the train pairs.
    """

    train_pairs: Literal["unordered", "ordered"]
    test_pairs: Literal["unordered", "ordered"]
    max_train_pairs: Count | None = None
    max_test_pairs: Count | None = None
    sampling: Literal["uniform", "by_distance"] = "uniform"
    max_dos: Count | None = None


def draw_pairs(
    users: np.ndarray,
    distances: np.ndarray,
    ordered: bool,
    max_dos: int | None,
    max_pairs: int | None,
    rng: np.random.Generator,
    sampling: str = "uniform",
) -> DrawnPairs:
    """Return the pairs of `users` with 0 < DOS <= max_dos, at most max_pairs.

    Args:
        users: indices into `distances`, ascending, shape (n_users,).
        distances: degrees of separation, shape (n_all, n_all), -1 where unknown.
        ordered: both orders of a pair, or the smaller index first only.
        max_dos: largest label to keep; None for any.
        max_pairs: how many to keep; None for all.
        rng: draws the pairs to keep.
        sampling: see `PairOptions`.
    """
    near = np.ones((len(users), len(users)), dtype=bool)
    np.fill_diagonal(near, False)
    first, second = np.nonzero(near if ordered else np.triu(near))
    pairs = np.stack([users[first], users[second]], axis=1)  # (n_candidates, 2)
    dos = distances[pairs[:, 0], pairs[:, 1]].astype(np.int64)
    beyond = dos > max_dos if max_dos is not None else np.zeros(len(dos), dtype=bool)
    keep = np.flatnonzero((dos > 0) & ~beyond)
    available = np.bincount(dos[keep])
    if max_pairs is not None and len(keep) > max_pairs:
        if sampling == "by_distance":
            groups = [keep[dos[keep] == own] for own in range(len(available))]
            wanted = equal_shares(available, max_pairs)
        else:
            groups, wanted = [keep], np.array([max_pairs])
        chosen = [rng.choice(g, n, replace=False) for g, n in zip(groups, wanted, strict=True)]
        keep = np.sort(np.concatenate(chosen))
    n_without_path, n_beyond = int((dos <= 0).sum()), int(beyond.sum())
    return DrawnPairs(pairs[keep], dos[keep], len(dos), n_without_path, n_beyond, available)


def equal_shares(available: np.ndarray, total: int) -> np.ndarray:
    """Return how many to take of each group so that all are equal, but for those that have fewer.

    Args:
        available: members of each group, shape (n_groups,).
        total: to take of all groups, at most their sum.
    """
    shares = np.zeros_like(available)
    for place, group in enumerate(np.argsort(available, kind="stable")):  # the smallest first
        left = total - shares.sum()
        shares[group] = min(available[group], left // (len(available) - place))
    return shares


def draw_splits(
    listeners: SplitListeners, options: PairOptions, seed: int, sources: Mapping[str, Path]
) -> dict[str, DrawnPairs]:
    """Return the pairs of train, val and test; the largest DOS in train bounds the others.

    Args:
        listeners: all users with their splits.
        options: which pairs become rows.
        seed: draws the pairs to keep.
        sources: file of each split, for messages.

    Raises:
        DataFormatError: a split that has users has no pair with a usable DOS.
    """
    drawn: dict[str, DrawnPairs] = {}
    max_dos = options.max_dos
    for number, split in enumerate(SPLITS):
        train = split == "train"
        drawn[split] = draw_pairs(
            listeners.splits[split],
            listeners.distances,
            ordered=(options.train_pairs if train else options.test_pairs) == "ordered",
            max_dos=max_dos,
            max_pairs=options.max_train_pairs if train else options.max_test_pairs,
            rng=np.random.default_rng([seed, number]),
            sampling=options.sampling,
        )
        _refuse_no_pairs(sources[split], len(listeners.splits[split]), drawn, split)
        max_dos = int(drawn["train"].dos.max())
    return drawn


def _refuse_no_pairs(
    source: Path, n_users: int, drawn: Mapping[str, DrawnPairs], split: str
) -> None:
    if len(drawn[split].pairs) or (split == "val" and not n_users):
        return
    limit = "" if split == "train" else f" and at most {drawn['train'].dos.max()}, as in train"
    raise DataFormatError(
        source,
        f"no pair of the {n_users} {split} users has a DOS above 0{limit}",
        fix="more users are needed, or a larger dataset.pairs.max_dos",
    )
