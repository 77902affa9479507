"""Last.fm: the friends of a user and six months of their listening, through pylast."""

from __future__ import annotations

import os
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pylast

from muso_exp.collectors.collection import Collection
from muso_exp.collectors.files import write_text
from muso_exp.collectors.polite import AGAIN, Fault, PoliteTransport, given_up, http_fault
from muso_exp.errors import SourceError
from muso_exp.redaction import redact

API_KEY = "LASTFM_API_KEY"
SERVICE = "lastfm"
INTERVAL = 0.25  # s between two requests; its terms: not several a second, over minutes
TOP, TAGGED_ARTISTS = 100, 10  # MuSo, "Data": top 100 of each category, tags of the top 10 artists
MAX_FRIENDS = 500  # asked for of each user
LATER = ("8", "11", "16", "29")  # codes: failed, offline, temporarily unavailable, too many
HIDDEN = (pylast.STATUS_INVALID_PARAMS, pylast.STATUS_LOGIN_REQUIRED)  # no such user, or private
CATEGORIES = ("top_artists", "top_albums", "top_tracks")

Plays = dict[str, int]


def lastfm_fault(status: int, body: bytes) -> Fault | None:
    """Return what is wrong with an answer of Last.fm; one that says why it refuses is good.

    Entities are refused before they are expanded.
    """
    try:
        text = body.decode("utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ValueError("a document type")
        root = ElementTree.fromstring(_CONTROL.sub("", text))
        error = root.find("error")
        good = root.tag == "lfm" and (root.get("status") == "ok" or error is not None)
    except (ValueError, ElementTree.ParseError):
        return http_fault(status) or Fault("its answer is no XML of Last.fm")
    if not good:
        return http_fault(status) or Fault("its answer is no XML of Last.fm")
    if error is None:
        return http_fault(status)
    code = error.get("code", "")
    return Fault(f"{error.text or 'no reason'} (code {code})") if code in LATER else None


_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f]")  # XML holds none; pylast leaves them out


class _Answers:
    """The pages of a question of several, kept by pylast until the question is answered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __contains__(self, key: str) -> bool:
        return (self.folder / key).exists()

    def get_xml(self, key: str) -> str:
        """Return a page."""
        return (self.folder / key).read_text(encoding="utf-8")

    def set_xml(self, key: str, text: str) -> None:
        """Keep a page."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        write_text(self.folder / key, text)

    def clear(self) -> None:
        """Remove the pages."""
        shutil.rmtree(self.folder, ignore_errors=True)


class LastFm:
    """What a collector asks Last.fm for; answers are kept in a collection.

    Args:
        network: of pylast; its repr holds the API key and must never be shown.
        collection: asked first.

    Raises:
        SourceError: from every question that Last.fm does not answer.
    """

    def __init__(self, network: pylast.LastFMNetwork, collection: Collection) -> None:
        self.network, self.collection = network, collection
        self.answers = _Answers(collection.private / "answers")
        network.cache_backend = self.answers  # type: ignore[assignment]  # what it asks of one

    @classmethod
    def connect(cls, transport: PoliteTransport, collection: Collection) -> LastFm:
        """Connect with the key of the environment.

        Raises:
            SourceError: there is no key.
        """
        network = pylast.LastFMNetwork(api_key=api_key())
        network.proxy = {"https://": transport}  # type: ignore[dict-item]  # any transport does
        return cls(network, collection)

    def friends(self, user: str) -> list[str]:
        """Return the names of a user's friends; none for a user who hides them."""
        owner = self.collection.pseudonym(user)

        def ask() -> list[str]:
            asked = self.network.get_user(user)
            found = _hidden_or(lambda: asked.get_friends(limit=MAX_FRIENDS, cacheable=True))
            return self.collection.met([friend.get_name() for friend in found])

        known = self._page(owner, "friends", f"friends of {user}", ask)
        return [self.collection.name(friend) for friend in known]

    def listening(self, user: str) -> dict[str, Plays]:
        """Return a user's plays of six months by category, at most 100 items each."""
        owner, asked = self.collection.pseudonym(user), self.network.get_user(user)
        found = {}
        for kind in CATEGORIES:

            def ask(kind: str = kind) -> Plays:
                question = getattr(asked, f"get_{kind}")
                items = _hidden_or(lambda: question(period=pylast.PERIOD_6MONTHS, limit=TOP))
                return _plays(items)

            found[kind] = self._page(owner, kind, f"listening of {user}", ask)
        return {**found, "top_tags": self._tags(found["top_artists"])}

    def _tags(self, artists: Plays) -> Plays:
        """Return tag weight x plays, summed over the top artists; the first tags met are kept."""
        tags: Plays = {}
        for artist, plays in list(artists.items())[:TAGGED_ARTISTS]:

            def ask(artist: str = artist) -> Plays:
                return _plays(_hidden_or(self.network.get_artist(artist).get_top_tags))

            owner = self.collection.pseudonym(f"artist {artist}")
            for tag, weight in self._page(owner, "tags", f"tags of {artist}", ask).items():
                tags[tag] = tags.get(tag, 0) + weight * plays
        return dict(list(tags.items())[:TOP])

    def _page(self, owner: str, kind: str, what: str, ask: Callable[[], Any]) -> Any:
        with _told(what):
            page = self.collection.page(owner, kind, ask)
        self.answers.clear()
        return page


def api_key() -> str:
    """Return the key of the environment.

    Raises:
        SourceError: there is none.
    """
    key = os.environ.get(API_KEY)
    if not key:
        raise SourceError(
            f"set {API_KEY} to your key of the Last.fm API (last.fm/api/account/create)"
        )
    return key


def _hidden_or(ask: Callable[[], Any]) -> Any:
    """Return the answer; nothing of a user who hides it, or whom there is not."""
    try:
        return ask()
    except pylast.WSError as error:
        if int(error.get_id()) not in HIDDEN:
            raise
        return []


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn an error of pylast into one line without its repr, which would show the API key."""
    what = f"Last.fm, {what}"
    try:
        with given_up(what):
            yield
    except pylast.PyLastError as error:
        raise SourceError(redact(f"{what}: {error}; {AGAIN}")) from None
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        problem = f"an answer of another form than documented ({type(error).__name__})"
        raise SourceError(f"{what}: {problem}; {AGAIN}") from None


def _plays(items: Iterable[Any]) -> Plays:
    """Return plays by name; names met twice (an album title of two artists) are summed."""
    plays: Plays = {}
    for item, weight in items:
        if item.get_name() and int(weight) > 0:
            plays[item.get_name()] = plays.get(item.get_name(), 0) + int(weight)
    return plays
