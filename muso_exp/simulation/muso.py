"""The simulated world in the format of the MuSo document."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from muso_exp.csv_cells import write_rows
from muso_exp.features.graph import chain_relations, dilation_distances, friend_chain
from muso_exp.simulation import names
from muso_exp.simulation.top_lists import TopLists, top_lists, top_tags
from muso_exp.simulation.world import World

TOP = 100  # MuSo, "Data": top 100 of each category
PUBLISHED_CHAIN = 101  # MuSo, "Data": users in a chain, of whom 30 (train) and 24 (test) stay
PUBLISHED_KEPT = (30, 24)

Listening = dict[str, dict[str, dict[str, int]]]


@dataclass(frozen=True)
class Chain:
    """A walk over friends.

    Attributes:
        users: in the order of the walk, shape (length,).
        stay: places of the users with listening in every category, ascending, shape (n_kept,).
        relations: True for chain neighbours and friends, shape (length, length).
    """

    users: np.ndarray
    stay: np.ndarray
    relations: np.ndarray

    def distances(self) -> np.ndarray:
        """Return the document's label of those who stay, shape (n_kept, n_kept), int16."""
        return dilation_distances(self.relations)[np.ix_(self.stay, self.stay)]


def write_muso(
    world: World,
    folder: Path,
    seed: int,
    n_train: int,
    n_test: int,
    chain_lengths: tuple[int, int] | None = None,
) -> None:
    """Walk two chains of friends and write their listening and degrees of separation.

    The test chain is walked among users outside the train chain. Of each chain only some users
    stay, as if the others had an empty category. Writes `{train,test}_listening.json`,
    `_dos.csv`, `_chain.csv` (position,user) and `_friends.csv` (user,friend, each friendship once);
    the last two hold all users of the chain.

    Args:
        world: where the users live.
        folder: an existing folder.
        seed: of the walks and of who stays.
        n_train: train users that stay.
        n_test: test users that stay.
        chain_lengths: users in the train and the test chain; None for the published proportions,
            101 users for 30 and for 24 that stay.

    Raises:
        ValueError: a chain is shorter than the number of users that shall stay, or the world is
            too small for a chain.

    Source: MuSo (DOS document), "Data". Deviation: the share of users with an empty category is
    given, not simulated; the published files lack the chain and friends files.
    """
    lists = _category_lists(world)
    for split, chain in walk_chains(world, seed, n_train, n_test, chain_lengths).items():
        _write_split(world, lists, folder, split, chain)


def walk_chains(
    world: World,
    seed: int,
    n_train: int,
    n_test: int,
    chain_lengths: tuple[int, int] | None = None,
) -> dict[str, Chain]:
    """Walk a train chain, and a test chain among the other users; see `write_muso`."""
    kept = {"train": n_train, "test": n_test}
    lengths = dict(zip(kept, chain_lengths or _published_lengths(n_train, n_test), strict=True))
    rng = np.random.default_rng([seed, 0])
    free = np.diff(world.plays.indptr) > 0
    chains = {}
    for split, n_kept in kept.items():
        if not 2 <= n_kept <= lengths[split]:
            raise ValueError(
                f"{n_kept} {split} users cannot stay of a chain of {lengths[split]}; "
                "at least 2 and at most the whole chain"
            )
        users = _walk(world.friends, free, lengths[split], rng)
        free[users] = False
        stay = np.sort(rng.choice(lengths[split], size=n_kept, replace=False))
        chains[split] = Chain(users, stay, chain_relations(world.friends, users))
    return chains


def _published_lengths(n_train: int, n_test: int) -> tuple[int, int]:
    """Return chain lengths in the published proportion to the users that stay."""
    train, test = (
        round(n * PUBLISHED_CHAIN / kept)
        for n, kept in zip((n_train, n_test), PUBLISHED_KEPT, strict=True)
    )
    return train, test


def _walk(
    friends: csr_matrix, free: np.ndarray, length: int, rng: np.random.Generator
) -> np.ndarray:
    """Walk a chain in the largest component of the free users; returns users, shape (length,)."""
    users = np.flatnonzero(free)
    among = csr_matrix(friends[users][:, users])
    _, component = connected_components(among, directed=False)
    roots = np.flatnonzero(component == np.bincount(component).argmax())
    return users[friend_chain(among, int(rng.choice(roots)), length, rng)]


def _write_split(
    world: World,
    lists: dict[str, Callable[[int], dict[str, int]]],
    folder: Path,
    split: str,
    chain: Chain,
) -> None:
    users = [names.user_name(int(user)) for user in chain.users]
    listening: Listening = {
        users[place]: {key: of(int(chain.users[place])) for key, of in lists.items()}
        for place in chain.stay
    }
    text = json.dumps(listening, ensure_ascii=False)
    (folder / f"{split}_listening.json").write_text(text, encoding="utf-8")
    rows = ([user, *row] for user, row in zip(listening, chain.distances().tolist(), strict=True))
    write_rows(folder / f"{split}_dos.csv", ["user", *listening], rows)
    write_rows(folder / f"{split}_chain.csv", ["position", "user"], enumerate(users))
    befriended = world.friends[chain.users][:, chain.users].toarray() != 0  # (length, length)
    pairs = ((users[a], users[b]) for a, b in np.argwhere(np.triu(befriended)))
    write_rows(folder / f"{split}_friends.csv", ["user", "friend"], pairs)


def _category_lists(world: World) -> dict[str, Callable[[int], dict[str, int]]]:
    """Return, by category, a function from a user to their list of names and plays."""
    catalogue = world.catalogue
    artists = top_lists(world.artist_plays(), TOP)

    def named(lists: TopLists, name: Callable[[int], str]) -> Callable[[int], dict[str, int]]:
        return lambda user: {
            name(int(item)): int(plays) for item, plays in zip(*lists.of(user), strict=True)
        }

    def tags(user: int) -> dict[str, int]:
        weights = top_tags(artists, catalogue.artist_tags, user, TOP)
        return {str(catalogue.tag_names[tag]): weight for tag, weight in weights.items()}

    return {
        "top_artists": named(artists, lambda artist: str(catalogue.artist_names[artist])),
        "top_albums": named(top_lists(world.album_plays(), TOP), names.album_name),
        "top_tracks": named(top_lists(world.plays, TOP), names.track_name),
        "top_tags": tags,
    }
