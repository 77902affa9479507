"""The audit of friendships: what the split left, and who cannot be judged by what."""

from typing import Literal

import numpy as np

from muso_exp.records import Finding
from muso_exp.tasks.friendship.split_network import SplitNetwork


def audit(network: SplitNetwork) -> list[Finding]:
    """Return users without listening or friends, what the test rests on, and the files' notes."""
    own = (check(network) for check in (_silent, _stranded, _hubs, _leak))
    return [*network.file_notes, *own]


def _silent(network: SplitNetwork) -> Finding:
    rows = network.test.friends
    silent = np.diff(network.whole.plays.indptr) == 0
    n_rows = int(silent[rows].any(axis=1).sum())
    text = (
        f"{int(silent.sum())} of {network.whole.n_users} users have no listening; {n_rows} of "
        f"{len(rows)} held-out friendships have such a user: by taste they cannot be found."
    )
    return Finding("test_friendships_without_listening", n_rows, text, _level(n_rows, len(rows)))


def _stranded(network: SplitNetwork) -> Finding:
    rows = network.test.friends
    alone = network.known.degrees == 0
    n_rows = int(alone[rows].any(axis=1).sum())
    text = (
        f"{n_rows} of {len(rows)} held-out friendships have a user without any other friend: by "
        "the graph they cannot be found."
    )
    return Finding("test_friendships_without_friends", n_rows, text, _level(n_rows, len(rows)))


def _hubs(network: SplitNetwork) -> Finding:
    counts = np.bincount(network.test.friends.ravel(), minlength=network.whole.n_users)
    n_users, most = int((counts > 0).sum()), int(counts.max())
    text = (
        f"The {len(network.test.friends)} held-out friendships rest on {n_users} users, one of "
        f"them in {most}: intervals resample users, not pairs."
    )
    return Finding("held_out_friendships_of_one_user", most, text)


def _leak(network: SplitNetwork) -> Finding:
    held = network.test.friends
    left = int(np.asarray(network.known.friends[held[:, 0], held[:, 1]]).astype(bool).sum())
    text = f"{left} held-out friendships are in the graph that the scores rest on."
    return Finding("held_out_friendships_in_the_graph", left, text, "warning" if left else "note")


def _level(n_rows: int, n_all: int) -> Literal["note", "warning"]:
    return "warning" if n_rows > 0.1 * n_all else "note"
