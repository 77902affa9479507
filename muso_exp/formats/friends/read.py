"""From the files of a folder to users with friendships and listening."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.features.networks import Network, edges
from muso_exp.formats.friends.edge_lists import BadRows, read_edges
from muso_exp.formats.friends.listening_lists import READERS, ListeningRows
from muso_exp.formats.friends.social_data import SocialData, no_tags
from muso_exp.formats.hetrec import WANTED, read_hetrec
from muso_exp.formats.text import find_files, refuse_name
from muso_exp.opening import is_file
from muso_exp.records import Finding

HETREC_FILE = "user_friends.dat"
FIX = (
    "put the HetRec files there, or a list of friendships (*edges*.csv) with listening (*.json, "
    "*.jsonl, *.csv); or set dataset.root=null"
)


def read_social(
    root: Path,
    bad_rows: BadRows,
    tags_encoding: str,
    edges_file: str | None = None,
    listening_file: str | None = None,
) -> SocialData:
    """Read a folder: the HetRec files where they are there, else friendships and listening.

    Args:
        root: folder of the files, or one of them.
        bad_rows: see `read_edges`; HetRec's own files must be whole.
        tags_encoding: of HetRec's tags.dat.
        edges_file: name of the list of friendships; None for the only one called `*edges*.csv`.
        listening_file: name of the listening; None for the only other file that can be it.

    Raises:
        DatasetNotFoundError: the folder or a file is missing, or several could be meant.
        DataFormatError: a file breaks its format.
    """
    if root.is_file() and edges_file is None and listening_file is None:
        edges_file = root.name if _is_edge_list(root) else None
        is_hetrec = root.name.startswith(tuple(name for names in WANTED.values() for name in names))
        listening_file = None if edges_file or is_hetrec else root.name
        root = root.parent
    if not root.is_dir():
        raise DatasetNotFoundError(root, ["the folder itself"], FIX)
    if edges_file is None and any((root / (HETREC_FILE + end)).exists() for end in ("", ".gz")):
        return _read_hetrec_files(find_files(root, WANTED, FIX), tags_encoding)
    edge_path = _choose(root, edges_file, "edges", _is_edge_list)
    listening_path = _choose(root, listening_file, "listening", partial(_is_listening, edge_path))
    return _joined(edge_path, listening_path, bad_rows)


def _read_hetrec_files(files: Mapping[str, Path], tags_encoding: str) -> SocialData:
    tables = read_hetrec(files, tags_encoding)
    shape = (len(tables.artists), len(tables.tags))
    _, artist, tag = tables.taggings.T
    item_tags = csr_matrix((np.ones(len(tag), dtype=np.float32), (artist, tag)), shape=shape)
    item_tags.sum_duplicates()
    network = Network(csr_matrix(tables.friends, dtype=np.float32), tables.plays)
    heard = np.flatnonzero(tables.plays.getnnz(axis=0))
    return SocialData(
        users=[str(user) for user in tables.users],
        pairs=edges(network),
        plays=csr_matrix(tables.plays[:, heard], dtype=np.float32),
        items=[tables.artists[item] for item in heard],
        item_tags=csr_matrix(item_tags[heard]),
        tags=tables.tags,
    )


def _suffix(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix


def _is_edge_list(path: Path) -> bool:
    return "edges" in path.name.lower() and _suffix(path) == ".csv"


def _is_listening(edge_path: Path, path: Path) -> bool:
    other = path != edge_path and not _is_edge_list(path)
    return other and _suffix(path) in READERS and "target" not in path.name.lower()


def _choose(root: Path, given: str | None, what: str, fits: Callable[[Path], bool]) -> Path:
    if given is not None:
        path = root / given
        if not is_file(path):
            raise DatasetNotFoundError(root, [given], FIX)
        refuse_name(path)
        return path
    found = sorted(path for path in root.glob("[!.]*") if fits(path))
    if len(found) == 1:
        refuse_name(found[0])
        return found[0]
    shown = ", ".join(path.name for path in found)
    missing = f"one file of {what}" + (f" (there are {len(found)}: {shown})" if found else "")
    fix = f"name it with dataset.{what}_file" if found else FIX
    raise DatasetNotFoundError(root, [missing], fix)


def _joined(edge_path: Path, listening_path: Path, bad_rows: BadRows) -> SocialData:
    listed = read_edges(edge_path, bad_rows)
    heard = READERS[_suffix(listening_path)](listening_path)
    listeners, friends = set(heard.users), set(listed.ends.ravel())
    if not listeners & friends:
        raise DataFormatError(
            edge_path,
            f"none of its {len(friends)} users is in {listening_path.name}",
            value=listed.ends[0, 0],
            fix="the files do not belong together; user names must be written the same in both",
        )
    users = sorted(listeners | friends | set(heard.listed), key=_name_order)
    number = {name: place for place, name in enumerate(users)}
    pairs = np.sort([[number[a], number[b]] for a, b in listed.ends], axis=1)
    pairs = pairs[np.lexsort([pairs[:, 1], pairs[:, 0]])]
    plays, items = _matrix(heard, number)
    notes = [*listed.notes, *_missing(listeners, friends, listening_path, edge_path, len(users))]
    return SocialData(users, pairs, plays, items, no_tags(len(items)), [], notes)


def _matrix(heard: ListeningRows, number: Mapping[str, int]) -> tuple[csr_matrix, list[str]]:
    """Return plays (n_users, n_items), float32, and the names of the items."""
    item, names = pd.factorize(heard.items, sort=True)
    user = np.array([number[name] for name in heard.users], dtype=np.int64)
    shape = (len(number), len(names))
    plays = csr_matrix((heard.plays.astype(np.float32), (user, item)), shape=shape)
    plays.sum_duplicates()
    return plays, [str(name) for name in names]


def _missing(
    listeners: set[str], friends: set[str], listening: Path, edge_path: Path, n_users: int
) -> list[Finding]:
    notes = []
    silent, alone = len(friends - listeners), len(listeners - friends)
    if silent:
        text = f"{silent} of {n_users} users have friends in {edge_path.name} and no listening in "
        text += f"{listening.name}: their taste is like no other's."
        notes.append(Finding("users_without_listening", silent, text, "warning"))
    if alone:
        text = f"{alone} of {n_users} users listen in {listening.name} and have no friend in "
        text += f"{edge_path.name}."
        notes.append(Finding("users_without_friends", alone, text))
    return notes


def _name_order(name: str) -> tuple[int, int, str]:
    """Return what sorts numbers by their value, before other names."""
    is_number = name.isascii() and name.isdigit() and len(name) < 19
    return (0, int(name), name) if is_number else (1, 0, name)
