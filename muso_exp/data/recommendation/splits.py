"""Which plays are for training, validation and test."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.features.interactions import draw_entries, item_listeners, keep_entries
from muso_exp.features.keyed_draw import draw_by_key, item_keys
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.stored_pairs import BROUGHT, TEST, TRAIN, VAL, PartPlan
from muso_exp.options import Count, Options, Share
from muso_exp.tasks.recommendation.split_plays import Split


class PlaysSplit(Options, frozen=True, kw_only=True):
    """Which plays are held out.

    Attributes:
        by: `holdout` (a share of each user's items), `temporal` (items first heard after the cut),
            `cold_items` (a share of the items, unseen in training), `cold_artists` (the same by
            whole artists), `users` (a share of the users, unseen in training: they are folded in
            by most of their items) or `published` (the listed items, or else the files' hidden
            half).
        test_share: share held out: of each user's items, of the items, of the time, or of the
            users; unread by `published`.
        val_share: share of each user's remaining items, of `users` the share of the users, to
            choose a model by; 0 for none.
        list: file with the id of a test item on each line, for `published`; None for none.
        eval_users: validate and test on so many users, drawn by the seed; None for all.
        draw: how a share of each user's items is drawn: by a `generator`, user by user, or by a
            `hash` of seed, user and item, so that what is held out of one play does not depend on
            other items and users (`muso_exp.features.keyed_draw`).
    """

    by: Literal["holdout", "temporal", "cold_items", "cold_artists", "users", "published"]
    test_share: Share
    val_share: Share
    list: str | None
    eval_users: Count | None = None
    draw: Literal["generator", "hash"] = "generator"


Candidates = Literal["warm", "all"]
Draw = Callable[[csr_matrix, float, int], np.ndarray]  # as `draw_entries`
ASKED_SHARE = 0.2  # of the items of a held-out user; the others are what the user is known by
WARM = (
    "holdout",
    "temporal",
    "users",
)  # splits whose candidates are warm unless something else is asked


def split_plays(
    data: Interactions,
    options: PlaysSplit,
    seed: int,
    listed: np.ndarray | None = None,
    candidates: Candidates | None = None,
    parts: np.ndarray | None = None,
) -> Split:
    """Split the plays.

    Args:
        data: what was read.
        options: which plays are held out.
        seed: of the draws.
        listed: which items a published list holds out, shape (n_items,), bool; None without list.
        candidates: `warm`, the items with a user in training; `all`, those that the split leaves,
            the held-out ones of a split by items; None: warm of `holdout` and `temporal`, else all.
        parts: what each stored play is for, assigned before by `plan_parts`, shape (n_plays,),
            int8; None: they are drawn here.

    Raises:
        ConfigError: data without what the split needs, or nothing left to train on or to test.
    """
    kind, test_share = options.by, options.test_share
    draw = _draw(data, options.draw)
    if parts is not None:
        split = _assigned(data, kind, parts, _whole_items(data, options, seed, listed))
    elif kind == "users":
        split = _hold_users(data.plays, test_share, options.val_share, seed, draw)
    else:
        whole = _whole_items(data, options, seed, listed)
        if whole is not None:
            rest, test, cold = _hold_items(data.plays, whole)
        else:
            rest, test, cold = SPLITS[kind](data, test_share, seed, draw)
        held = draw(rest, options.val_share, seed + 1)
        split = Split(keep_entries(rest, ~held), keep_entries(rest, held), test, cold)
    for name, part in (("train on", split.train), ("test", split.test)):
        if part.nnz == 0:
            raise ConfigError(f"dataset.split={kind}: no plays to {name}; lower the minimum counts")
    warm = kind in WARM if candidates is None else candidates == "warm"
    return _rank_warm(split, kind) if warm else split


def plan_parts(
    data: Interactions, options: PlaysSplit, seed: int, listed: np.ndarray | None, timed: bool
) -> PartPlan | None:
    """Return how an engine assigns plays to the parts that `split_plays` gives them.

    Args:
        data: the users and items that are left; their plays are not read.
        options: which plays are held out.
        seed: of the draws.
        listed: which items a published list holds out, shape (n_items,), bool; None without list.
        timed: whether the engine knows the plays before the cut.

    Returns:
        None where they are drawn by a generator, or the data do not have what the split needs.

    Raises:
        ConfigError: no users left to train on.
    """
    kind = options.by
    drawn = kind in ("holdout", "users") or options.val_share > 0
    if (drawn and options.draw == "generator") or (kind == "temporal" and not timed):
        return None
    val = options.val_share, seed + 1
    whole = _whole_items(data, options, seed, listed)
    if whole is not None:
        return PartPlan((0.0, seed), val, items=whole)
    if kind == "users":
        part = _parts_of_users(len(data.users), options.test_share, options.val_share, seed)
        return PartPlan((ASKED_SHARE, seed), val, users=part.astype(np.int8))
    if kind == "temporal":
        return PartPlan((0.0, seed), val, temporal=True)
    return PartPlan((options.test_share, seed), val) if kind == "holdout" else None


def _assigned(data: Interactions, kind: str, parts: np.ndarray, cold: np.ndarray | None) -> Split:
    """Return the plays by their parts; `cold` are the items held out whole, (n_items,), bool."""
    plays = data.plays
    if kind == "temporal":  # what was heard before the cut counts so often as it was by then
        earlier, of_earlier = data.earlier, parts[parts != TEST]
        train, val = (keep_entries(earlier, of_earlier == part) for part in (TRAIN, VAL))
    else:
        train, val = (keep_entries(plays, parts == part) for part in (TRAIN, VAL))
    test = keep_entries(plays, parts == TEST)
    brought = keep_entries(plays, parts == BROUGHT) if kind == "users" else None
    candidates = None if cold is None else np.flatnonzero(cold)
    return Split(train, val, test, candidates, brought=brought)


def _draw(data: Interactions, how: str) -> Draw:
    """Return what draws a share of each user's items, see `PlaysSplit.draw`."""
    if how == "generator":
        return draw_entries
    return partial(draw_by_key, users=data.users, items=item_keys(data.items["id"]))


def _rank_warm(split: Split, kind: str) -> Split:
    """Return the split with the items of train as candidates.

    What no user plays in training ranks last, or first, for every user alike, and each such item
    is in somebody's test: a model that ranks the least popular first would pass for a good one.

    Raises:
        ConfigError: no held-out play of such an item.
    """
    heard = item_listeners(split.train) > 0
    warm = np.flatnonzero(heard).astype(split.train.indices.dtype)
    if not heard[split.test.indices].any():
        raise ConfigError(
            f"dataset.candidates=warm: dataset.split.by={kind} holds out only items that no user "
            "plays in training; set dataset.candidates=all"
        )
    every = len(warm) == split.train.shape[1]
    return replace(split, candidates=None if every else warm, warm=True)


def _hold_users(
    plays: csr_matrix, test_share: float, val_share: float, seed: int, draw: Draw
) -> Split:
    """Hold out users, each known by 80 % of the items, and asked for the others.

    Source: Liang et al., WWW 2018 (strong generalization). Deviation: the numbers of users are
    shares; theirs are 50,000 of the Million Song Dataset, 10,000 of others, for each part.

    Raises:
        ConfigError: no users left to train on.
    """
    part = _parts_of_users(plays.shape[0], test_share, val_share, seed)
    of_user = np.repeat(part, np.diff(plays.indptr))  # of each entry
    asked = draw(plays, ASKED_SHARE, seed)
    return Split(
        train=keep_entries(plays, of_user == TRAIN),
        val=keep_entries(plays, asked & (of_user == VAL)),
        test=keep_entries(plays, asked & (of_user == TEST)),
        brought=keep_entries(plays, ~asked & (of_user != TRAIN)),
    )


def _parts_of_users(n_users: int, test_share: float, val_share: float, seed: int) -> np.ndarray:
    """Draw the users that are held out; return the part of each, shape (n_users,)."""
    order = np.random.default_rng([seed, 6]).permutation(n_users)
    n_test, n_val = round(test_share * n_users), round(val_share * n_users)
    if n_test + n_val >= n_users:
        raise ConfigError(
            f"dataset.split.by=users: {n_test} users to test and {n_val} to validate leave none of "
            f"{n_users} to train on; lower dataset.split.test_share or val_share"
        )
    part = np.full(n_users, TRAIN)
    part[order[:n_test]], part[order[n_test : n_test + n_val]] = TEST, VAL
    return part


Parts = tuple[csr_matrix, csr_matrix, np.ndarray | None]


def _holdout(data: Interactions, share: float, seed: int, draw: Draw) -> Parts:
    held = draw(data.plays, share, seed)
    return keep_entries(data.plays, ~held), keep_entries(data.plays, held), None


def _temporal(data: Interactions, share: float, seed: int, draw: Draw) -> Parts:
    if data.earlier is None:
        raise ConfigError("dataset.split=temporal: this source has no time stamps; lfm1b has")
    new = ~_in(data.plays, data.earlier)
    return data.earlier, keep_entries(data.plays, new), None


def _whole_items(
    data: Interactions, options: PlaysSplit, seed: int, listed: np.ndarray | None
) -> np.ndarray | None:
    """Return which items are held out whole, shape (n_items,), bool; None of other splits."""
    if options.by == "published":
        return listed
    if options.by == "cold_items":
        return _cold(np.arange(len(data.items)), options.test_share, seed)
    if options.by == "cold_artists":
        names = data.items["artist"].to_numpy(dtype=str)
        return _cold(np.unique(names, return_inverse=True)[1], options.test_share, seed)
    return None


def _cold(group: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Draw whole groups of items until they are `share` of the items, shape (n_items,), bool."""
    order = np.random.default_rng(seed).permutation(int(group.max()) + 1)
    reached = np.cumsum(np.bincount(group)[order]) <= share * len(group)
    return np.isin(group, order[reached])


def _hold_items(plays: csr_matrix, cold: np.ndarray) -> Parts:
    """Hold out the items where `cold` (n_items,) is true."""
    held = cold[plays.indices]
    return keep_entries(plays, ~held), keep_entries(plays, held), np.flatnonzero(cold)


def _published(data: Interactions, share: float, seed: int, draw: Draw) -> Parts:
    if data.hidden is None:
        raise ConfigError(
            "dataset.split=published: no hidden half in the files; set dataset.split.list"
        )
    return data.plays, keep_entries(data.hidden, ~_in(data.hidden, data.plays)), None


def _in(entries: csr_matrix, other: csr_matrix) -> np.ndarray:
    """Return which stored entries of one matrix are stored in the other too, shape (n,)."""
    known = csr_matrix(other, copy=True, dtype=np.int64)
    known.data = np.ones_like(known.data)
    marked = csr_matrix(entries, copy=True, dtype=np.int64)
    marked.data = np.arange(1, marked.nnz + 1)
    both = marked.multiply(known).tocsr()
    found = np.zeros(entries.nnz, dtype=bool)
    found[both.data - 1] = True
    return found


SPLITS: dict[str, Callable[[Interactions, float, int, Draw], Parts]] = {
    "holdout": _holdout,
    "temporal": _temporal,
    "published": _published,
}
