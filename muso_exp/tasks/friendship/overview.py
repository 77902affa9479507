"""Users with friendships and listening, before any model."""

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from muso_exp.features.networks import Network, edges
from muso_exp.records import Finding
from muso_exp.tasks.friendship.friend_search import People
from muso_exp.tasks.overview import (
    Overview,
    counted_section,
    ordered_counts,
    plays_tails,
    sample_section,
    tail_section,
)


def friends_overview(
    people: People, notes: list[Finding], counts: dict[str, int], seed: int
) -> Overview:
    """Return what a network of friends holds.

    Args:
        people: users, their friendships and what they listen to.
        notes: what was found while reading.
        counts: of the task.
        seed: of the sample.
    """
    network = people.network
    listeners = np.diff(network.plays.tocsc().indptr)
    most = ordered_counts(listeners, people.items)
    pairs = edges(network)
    names = np.array(people.users, dtype=object)
    rows = pd.DataFrame({"user": names[pairs[:, 0]], "friend": names[pairs[:, 1]]})
    shared = network.plays.sign()
    common = np.asarray(shared[pairs[:, 0]].multiply(shared[pairs[:, 1]]).sum(axis=1)).ravel()
    sections = [
        tail_section({"users": network.degrees}, "friends", "Friends of a user", "friends"),
        tail_section(plays_tails(network.plays, "items"), "plays"),
        counted_section(most, "Items with most users", "users", "most"),
        sample_section(rows.assign(**{"items of both": common.astype(int)}), seed, "friendships"),
    ]
    return Overview(counts, sections, [*notes, *_network_notes(network)])


def _network_notes(network: Network) -> list[Finding]:
    n, label = connected_components(network.friends, directed=False)
    largest = int(np.bincount(label).max())
    alone = int((network.degrees == 0).sum())
    silent = int((np.diff(network.plays.indptr) == 0).sum())
    return [
        Finding("components", n, f"{n:,} parts without a friendship between them; the largest has "
                f"{largest:,} of {network.n_users:,} users"),
        Finding("without_friends", alone, f"{alone:,} users without a friend"),
        Finding("without_listening", silent, f"{silent:,} users without listening"),
    ]  # fmt: skip
