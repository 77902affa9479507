"""Which friendships are held out, and which pairs of users who are no friends stand by them."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from muso_exp.errors import ConfigError
from muso_exp.features.networks import FRIENDS, MATCHED, RANDOM, Network, edges, pair_keys
from muso_exp.options import Count, Options, SomeShare
from muso_exp.tasks.friendship.split_network import LabelledPairs

WINDOW = 10  # users nearest in degree, above and below, among whom a stand-in is drawn
ROUNDS = 12  # of draws; the window doubles after each, so that the last one holds every user


class FriendSplit(Options, frozen=True, kw_only=True):
    """Which friendships are held out.

    Attributes:
        test_share: of all friendships, to be predicted.
        fit_share: of all friendships, removed in the same way to fit what is learned.
        fit_folds: how often other friendships of that share are removed for it.
        negatives: pairs of each kind for one friendship: drawn at random, and matched.
        matched: how matched pairs are drawn: `degree`, two users who have about as many friends
            as the two of a held-out friendship; `ends`, two users drawn from the ends of all
            held-out friendships.
    """

    test_share: SomeShare
    fit_share: SomeShare
    fit_folds: Count
    negatives: Count
    matched: Literal["degree", "ends"]


def split_network(
    network: Network, options: FriendSplit, seed: int
) -> tuple[LabelledPairs, LabelledPairs]:
    """Return the pairs of the test, and those to fit on in folds numbered from 0.

    The folds are drawn as if the friendships of the test were not there: a pair that stands
    against friends in a fold may be one of them.

    Raises:
        ConfigError: too few friendships are left on a side.
    """
    rng = np.random.default_rng([seed, 0])
    every = rng.permutation(edges(network))
    n_test, n_fit = (round(share * len(every)) for share in (options.test_share, options.fit_share))
    n_left = len(every) - n_test - options.fit_folds * n_fit
    if n_test < 2 or n_left < 2 or n_fit < 2:
        raise ConfigError(
            f"dataset.split: of {len(every)} friendships {n_test} are held out for the test and "
            f"{options.fit_folds} times {n_fit} to fit; two are needed in each part and two must "
            "be left, take other shares"
        )
    held, rest = every[:n_test], every[n_test:]
    known = network.without(held)
    test = label(network, known.degrees, held, options, [seed, 1])
    folds = [rest[fold * n_fit : (fold + 1) * n_fit] for fold in range(options.fit_folds)]
    labelled = []
    for fold, part in enumerate(folds):
        left = known.without(part)
        labelled.append(label(known, left.degrees, part, options, [seed, 2 + fold]))
    return test, LabelledPairs.joined(labelled)


def label(
    network: Network, degrees: np.ndarray, held: np.ndarray, options: FriendSplit, key: list[int]
) -> LabelledPairs:
    """Return held-out friendships (n_held, 2) with the pairs that stand against them.

    Args:
        network: with the held-out friendships: no pair of friends in it stands against them.
        degrees: friends of each user that are left, shape (n_users,).
        held: the friendships.
        options: which pairs, how many.
        key: of the draws.
    """
    rng = np.random.default_rng(key)
    wanted = options.negatives * len(held)
    random = _draw(network, lambda n: rng.integers(network.n_users, size=(n, 2)), wanted)
    if options.matched == "ends":
        matched = _draw(network, lambda n: rng.choice(held.ravel(), (n, 2)), wanted)
    else:
        matched = _like_degrees(network, degrees, held, options.negatives, rng)
    parts = {FRIENDS: held, RANDOM: random, MATCHED: matched}
    kind = np.concatenate([np.full(len(pairs), code) for code, pairs in parts.items()])
    return LabelledPairs(np.concatenate(list(parts.values())), kind, np.zeros(len(kind), np.int64))


def no_friends(network: Network, pairs: np.ndarray) -> np.ndarray:
    """Return which pairs (n_pairs, 2) are of two different users who are no friends, (n_pairs,)."""
    known = pair_keys(edges(network), network.n_users)
    different = pairs[:, 0] != pairs[:, 1]
    return different & ~np.isin(pair_keys(pairs, network.n_users), known)


def _draw(network: Network, draw: Callable[[int], np.ndarray], wanted: int) -> np.ndarray:
    """Return `wanted` pairs of users who are no friends; fewer where there are hardly any."""
    found = np.empty((0, 2), dtype=np.int64)
    for _ in range(ROUNDS):
        if len(found) < wanted:
            pairs = draw(2 * (wanted - len(found)))
            found = np.concatenate([found, pairs[no_friends(network, pairs)]])
    return found[:wanted]


def _like_degrees(
    network: Network, degrees: np.ndarray, held: np.ndarray, times: int, rng: np.random.Generator
) -> np.ndarray:
    """Return for each friendship `times` pairs of users with about as many friends as its two."""
    order = np.lexsort([rng.random(len(degrees)), degrees])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    ends = place[np.repeat(held, times, axis=0)]  # as ranks by degree
    pairs, missing = np.zeros_like(ends), np.arange(len(ends))
    for number in range(ROUNDS):
        window = WINDOW * 2**number
        moved = ends[missing] + rng.integers(-window, window + 1, (len(missing), 2))
        pairs[missing] = order[np.clip(moved, 0, len(order) - 1)]
        missing = missing[~no_friends(network, pairs[missing])]
    return np.delete(pairs, missing, axis=0)
