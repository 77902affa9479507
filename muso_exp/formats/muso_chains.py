"""Chains of friends beside the MuSo files, from which the labels can be made again."""

from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.errors import DataFormatError
from muso_exp.features.graph import bfs_distances, chain_relations, dilation_distances
from muso_exp.formats.tables import exactly, read_table
from muso_exp.formats.text import find_file, first_repeat


def chain_files(root: Path, split: str) -> tuple[Path, Path] | None:
    """Return the chain and friends files of a split, None unless both are there."""
    chain = find_file(root, [f"{split}_chain.csv"])
    friends = find_file(root, [f"{split}_friends.csv"])
    return None if chain is None or friends is None else (chain, friends)


def chain_labels(files: tuple[Path, Path], users: list[str], label: str) -> np.ndarray:
    """Label pairs of users from the whole chain, dropped users included.

    Args:
        files: `position,user` of the chain and `user,friend` over its users.
        users: those to label, shape (n_users,).
        label: `dilation` (as published) or `bfs` (shortest path in the graph of the chain).

    Returns:
        Degrees of separation, shape (n_users, n_users), int64; -1 without a path.

    Raises:
        DataFormatError: a file breaks its format, or a user is not in the chain.
    """
    near, places = _relations(*files)
    missing = [user for user in users if user not in places]
    if missing:
        raise DataFormatError(
            files[0], "a user of the matrix is not in the chain", value=missing[0]
        )
    if label == "dilation":
        distances = dilation_distances(near)
    else:
        distances = bfs_distances(csr_matrix(near))
    index = np.array([places[user] for user in users])
    return distances[np.ix_(index, index)].astype(np.int64)


def _relations(chain: Path, friends: Path) -> tuple[np.ndarray, dict[str, int]]:
    """Return who is a chain neighbour or friend (n, n), and each user's place in the chain."""
    places = _read_chain(chain)
    n_users = len(places)
    table = read_table(friends, exactly(friends, ["user", "friend"]))
    edges = []
    for line, user, friend in table.itertuples():
        if user not in places or friend not in places or user == friend:
            need = f"two different users of {chain.name} are needed"
            raise DataFormatError(friends, need, line=line, value=f"{user},{friend}")
        edges.append((places[user], places[friend]))
    first, second = np.array(edges).T
    adjacency = csr_matrix((np.ones(len(first)), (first, second)), shape=(n_users, n_users))
    return chain_relations(csr_matrix(adjacency + adjacency.T), np.arange(n_users)), places


def _read_chain(path: Path) -> dict[str, int]:
    table = read_table(path, exactly(path, ["position", "user"]))
    by_position = {}
    for line, position, user in table.itertuples():
        if not position.isdecimal() or int(position) in by_position:
            need = "a position of its own and a user are needed"
            raise DataFormatError(path, need, line=line, value=f"{position},{user}")
        by_position[int(position)] = user
    users = [by_position[position] for position in sorted(by_position)]
    repeat = first_repeat(users)
    if repeat is not None:
        raise DataFormatError(path, "a user stands twice", value=repeat, fix="keep one")
    return {user: place for place, user in enumerate(users)}
