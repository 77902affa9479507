"""Chains of Last.fm friends with six months of listening, in the format of the MuSo document."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.collectors.collection import Collection
from muso_exp.collectors.lastfm import LastFm, Plays
from muso_exp.csv_cells import write_rows
from muso_exp.errors import SourceError
from muso_exp.features.graph import chain_relations, dilation_distances, walk_chain


@dataclass(frozen=True)
class FriendChain:
    """Users in chain order, the friends of each, and the plays of each by category."""

    users: list[str]
    friends: list[set[str]]
    listening: list[dict[str, Plays]]


def collect_chain(
    source: LastFm,
    root: str,
    length: int,
    seed: int,
    taken: Iterable[str] = (),
    progress: Callable[[], object] = lambda: None,
) -> FriendChain:
    """Walk a chain of friends and fetch what they listened to.

    Args:
        source: answers.
        root: name of the first user.
        length: users in the chain.
        seed: of the walk.
        taken: users that must not be in the chain (those of the other split).
        progress: called after each user whose listening was fetched.

    Raises:
        SourceError: Last.fm does not answer, or no such chain starts at the root.

    Source: MuSo (DOS document), "Data". Deviation: see `muso_exp.features.graph.friend_chain`.
    """
    known: dict[str, list[str]] = {}
    others = set(taken)

    def friends(user: str) -> list[str]:
        if user not in known:
            known[user] = sorted(set(source.friends(user)) - others)
        return known[user]

    try:
        chain = walk_chain(friends, root, length, np.random.default_rng(seed))
    except ValueError as error:
        raise SourceError(str(error)) from error
    listening = []
    for user in chain:
        listening.append(source.listening(user))
        progress()
    return FriendChain(chain, [set(friends(user)) for user in chain], listening)


def write_chain(folder: Path, split: str, chain: FriendChain) -> int:
    """Write `<split>_listening.json`, `_dos.csv`, `_chain.csv`, `_friends.csv`.

    Users are called `<split>_000`, ...: the names of people leave this function nowhere. Users
    with an empty category stay in the chain but have no listening, as in the document.

    Returns:
        The number of users with listening.

    Raises:
        SourceError: fewer than two users have listening in every category.
    """
    users = chain.users
    names = [f"{split}_{place:03d}" for place in range(len(users))]
    stay = [place for place, plays in enumerate(chain.listening) if all(plays.values())]
    if len(stay) < 2:
        raise SourceError(
            f"{split}: {len(stay)} of {len(users)} users have listening in every category; "
            "2 are needed, take a longer chain"
        )
    related = np.array([[other in of for other in users] for of in chain.friends])  # (n, n)
    related |= related.T
    np.fill_diagonal(related, False)
    relations = chain_relations(csr_matrix(related), np.arange(len(users)))
    degrees = dilation_distances(relations)[np.ix_(stay, stay)]
    rows = ([names[place], *row] for place, row in zip(stay, degrees.tolist(), strict=True))
    write_rows(folder / f"{split}_dos.csv", ["user", *(names[place] for place in stay)], rows)
    write_rows(folder / f"{split}_chain.csv", ["position", "user"], enumerate(names))
    pairs = ((names[a], names[b]) for a, b in np.argwhere(np.triu(related)))
    write_rows(folder / f"{split}_friends.csv", ["user", "friend"], pairs)
    plays = {names[place]: chain.listening[place] for place in stay}
    text = json.dumps(plays, ensure_ascii=False)
    (folder / f"{split}_listening.json").write_text(text, encoding="utf-8")
    return len(stay)


def write_chains(collection: Collection, chains: Mapping[str, FriendChain]) -> dict[str, int]:
    """Write the chain of each split into the folder of a collection; see `write_chain`."""
    with tempfile.TemporaryDirectory(dir=collection.private) as scratch:
        folder = Path(scratch)
        stay = {split: write_chain(folder, split, chain) for split, chain in chains.items()}
        for path in sorted(folder.iterdir()):
            path.replace(collection.folder / path.name)
    return stay


def forget(collection: Collection, name: str) -> None:
    """Remove a user from a collection, and the chains: they are walked anew without the user."""
    collection.forget(name)
    for split in ("train", "test"):
        for path in collection.folder.glob(f"{split}_*"):
            path.unlink()
