"""Chains of Last.fm friends with six months of listening, in the format of the MuSo document."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pylast
from scipy.sparse import csr_matrix

from muso_exp.csv_cells import write_rows
from muso_exp.errors import ConfigError, SourceError
from muso_exp.features.graph import chain_relations, dilation_distances, walk_chain

log = logging.getLogger(__name__)

API_KEY = "LASTFM_API_KEY"
TOP, TAGGED_ARTISTS = 100, 10  # MuSo, "Data": top 100 of each category, tags of the top 10 artists
MAX_FRIENDS = 500  # asked for of each user

Plays = dict[str, int]


class KeptAnswers:
    """Answers of Last.fm on disk, for pylast: a file each, whole or absent.

    The shelf that pylast makes itself is torn by a kill, and unpickles what it reads.

    Args:
        folder: of the files; one that is damaged is asked for anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __contains__(self, key: str) -> bool:
        """Return whether the answer to a question is here, undamaged."""
        try:
            self.get_xml(key)
        except FileNotFoundError:
            return False
        except (OSError, ValueError) as error:
            log.warning("%s: damaged (%s); it is asked for anew", self._path(key), error)
            return False
        return True

    def get_xml(self, key: str) -> str:
        """Return an answer.

        Raises:
            OSError: it is not here.
            ValueError: it is not as it was written.
        """
        digest, _, text = self._path(key).read_bytes().partition(b"\n")
        if digest.decode("ascii", "replace") != hashlib.sha256(text).hexdigest():
            raise ValueError("another content")
        return text.decode()

    def set_xml(self, key: str, text: str) -> None:
        """Keep an answer.

        Raises:
            ConfigError: the cache cannot be written.
        """
        path, content = self._path(key), text.encode()
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
            partial.replace(path)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"cache {self.folder}: cannot be written: {reason}") from error
        finally:
            with suppress(OSError):
                partial.unlink()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.xml"


class LastFm:
    """What a collector asks Last.fm for, at its pace and through a cache on disk.

    Args:
        network: of pylast; its repr holds the API key and must never be shown.

    Raises:
        SourceError: from every question that Last.fm does not answer.
    """

    def __init__(self, network: pylast.LastFMNetwork) -> None:
        self.network = network

    @classmethod
    def connect(cls, cache: Path) -> LastFm:
        """Connect with the key of the environment; answers are kept in the folder `cache`.

        Raises:
            SourceError: there is no key.
        """
        key = os.environ.get(API_KEY)
        if not key:
            raise SourceError(
                f"set {API_KEY} to your key of the Last.fm API (last.fm/api/account/create)"
            )
        network = pylast.LastFMNetwork(api_key=key)
        network.enable_rate_limit()
        network.cache_backend = KeptAnswers(cache)  # type: ignore[assignment]
        return cls(network)

    def friends(self, user: str) -> list[str]:
        """Return the names of a user's friends; none for a user who hides them."""
        with _told(f"friends of {user}"):
            try:
                found = self._user(user).get_friends(limit=MAX_FRIENDS, cacheable=True)
            except pylast.WSError as error:
                if _status(error) not in HIDDEN:
                    raise
                return []
        return [friend.get_name() for friend in found]

    def listening(self, user: str) -> dict[str, Plays]:
        """Return a user's plays of six months by category, at most 100 items each."""
        with _told(f"listening of {user}"):
            asked, period = self._user(user), pylast.PERIOD_6MONTHS
            artists = _plays(asked.get_top_artists(period=period, limit=TOP))
            albums = _plays(asked.get_top_albums(period=period, limit=TOP))
            tracks = _plays(asked.get_top_tracks(period=period, limit=TOP))
        return {
            "top_artists": artists,
            "top_albums": albums,
            "top_tracks": tracks,
            "top_tags": self._tags(artists),
        }

    def _tags(self, artists: Plays) -> Plays:
        """Return tag weight x plays, summed over the top artists; the first tags met are kept."""
        tags: Plays = {}
        for artist, plays in list(artists.items())[:TAGGED_ARTISTS]:
            with _told(f"tags of {artist}"):
                found = self.network.get_artist(artist).get_top_tags()
            for tag, weight in _plays(found).items():
                tags[tag] = tags.get(tag, 0) + weight * plays
        return dict(list(tags.items())[:TOP])

    def _user(self, name: str) -> pylast.User:
        return self.network.get_user(name)


HIDDEN = (pylast.STATUS_INVALID_PARAMS, pylast.STATUS_LOGIN_REQUIRED)  # no such user, or private


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn an error of pylast into one line without its repr, which would show the API key."""
    try:
        yield
    except pylast.PyLastError as error:
        raise SourceError(f"Last.fm, {what}: {error}; the same command goes on from here") from None


def _status(error: pylast.WSError) -> int:
    return int(error.get_id())


def _plays(items: Iterable[Any]) -> Plays:
    """Return plays by name; names met twice (an album title of two artists) are summed."""
    plays: Plays = {}
    for item, weight in items:
        if int(weight) > 0:
            plays[item.get_name()] = plays.get(item.get_name(), 0) + int(weight)
    return plays


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
