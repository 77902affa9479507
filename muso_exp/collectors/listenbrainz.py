"""ListenBrainz: who follows whom, and what they listened to; it asks for no key.

Source: the documented API of ListenBrainz (GET /1/user/NAME/listens, followers, following).
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from muso_exp.collectors.collection import Collection
from muso_exp.collectors.files import write_text
from muso_exp.collectors.polite import PoliteTransport, given_up
from muso_exp.csv_cells import unguarded, write_rows
from muso_exp.errors import SourceError

SERVICE, ADDRESS = "listenbrainz", "https://api.listenbrainz.org"
INTERVAL = 0.5  # s between two requests; its headers ask for longer pauses
PER_PAGE = 1000  # listens of a request; the most that it gives
DAY = 86_400  # s
MBIDS = ("recording_mbid", "release_mbid", "artist_mbids")
KINDS = ("following", "followers")
EDGES, LISTENS = "edges.csv", "listens.jsonl"  # names that the data set `friends` knows


class ListenBrainz:
    """What a collector asks ListenBrainz for.

    Args:
        transport: asks at a pace; see `muso_exp.collectors.polite`.
        address: of the API.

    Raises:
        SourceError: from every question that is not answered.
    """

    def __init__(self, transport: PoliteTransport, address: str = ADDRESS) -> None:
        agent = {"User-Agent": "muso_exp/0.1.0 (research on music taste)"}
        self.client = httpx.Client(base_url=address, transport=transport, headers=agent)

    def follows(self, user: str, kind: str) -> list[str] | None:
        """Return the names of the `followers` or the `following` of a user; None: no such user."""
        found = self._get(user, kind)
        names = [] if found is None else found.get(kind)
        if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
            raise _other_form(kind, user)
        return None if found is None else names

    def listens(self, user: str, before: int) -> list[dict[str, Any]] | None:
        """Return the last listens of a user before a time (in seconds since 1970), the last first.

        Of each: listened_at, and the names and MusicBrainz ids of what was heard; nothing of the
        user or their devices. None: no such user.
        """
        found = self._get(user, "listens", max_ts=before, count=PER_PAGE)
        if found is None:
            return None
        payload = found.get("payload")
        listens = payload.get("listens") if isinstance(payload, dict) else None
        if not isinstance(listens, list):
            raise _other_form("listens", user)
        kept = [kept for listen in listens if (kept := _heard(listen)) is not None]
        return sorted(kept, key=lambda listen: -int(listen["listened_at"]))

    def _get(self, user: str, kind: str, **params: int) -> dict[str, Any] | None:
        with given_up(f"ListenBrainz, {kind} of {user}"):
            answer = self.client.get(f"/1/user/{quote(user, safe='')}/{kind}", params=params)
        return None if answer.status_code == 404 else answer.json()


def _other_form(kind: str, user: str) -> SourceError:
    return SourceError(f"ListenBrainz, {kind} of {user}: an answer of another form than documented")


def _heard(listen: Any) -> dict[str, Any] | None:
    """Return what is kept of a listen; None where it names no time, artist or track."""
    try:
        at, track = listen["listened_at"], listen["track_metadata"]
        kept = {name: track[name] for name in ("artist_name", "track_name")}
        more = track.get("additional_info") or {}
        ids = {**more, **(track.get("mbid_mapping") or {})}
        album = track.get("release_name")
    except (KeyError, TypeError, AttributeError):
        return None
    named = all(isinstance(name, str) and name.strip() for name in kept.values())
    if not named or isinstance(at, bool) or not isinstance(at, int):
        return None
    if isinstance(album, str) and album:
        kept["release_name"] = album
    found = {name: ids[name] for name in MBIDS if ids.get(name)}
    return {"listened_at": at, "track_metadata": kept | {"additional_info": found}}


@dataclass(frozen=True)
class Crawl:
    """How far a collection reaches.

    Attributes:
        n_users: at most so many users.
        since: of listens, in seconds since 1970.
        until: not included.
    """

    n_users: int
    since: int
    until: int


def collect(
    source: ListenBrainz,
    collection: Collection,
    roots: list[str],
    crawl: Crawl,
    progress: Callable[[], object] = lambda: None,
) -> list[str]:
    """Fetch users breadth first, from the roots along who follows whom, and their listens.

    Args:
        source: answers.
        collection: keeps them, so that nothing is asked for twice.
        roots: pseudonyms of the first users.
        crawl: how far.
        progress: called after each user.

    Returns:
        The pseudonyms of the users, in the order in which they were met.

    Raises:
        SourceError: ListenBrainz does not answer, or knows none of the roots.
    """
    waiting, met, users = deque(roots), set(roots), list[str]()
    while waiting and len(users) < crawl.n_users:
        user = waiting.popleft()
        near = [_follows(source, collection, user, kind) for kind in KINDS]
        if None in near:
            continue  # the user is gone
        users.append(user)
        for other in [name for names in near for name in names or []]:
            if other not in met:
                met.add(other)
                waiting.append(other)
        for _ in _listens(source, collection, user, crawl):
            pass
        progress()
    if not users:
        names = ", ".join(collection.name(root) for root in roots)
        raise SourceError(f"ListenBrainz knows no user {names}; see the address of their page")
    return users


def _follows(
    source: ListenBrainz, collection: Collection, user: str, kind: str
) -> list[str] | None:
    def ask() -> list[str] | None:
        names = source.follows(collection.name(user), kind)
        return None if names is None else collection.met(names)

    return collection.page(user, kind, ask)


def _listens(
    source: ListenBrainz, collection: Collection, user: str, crawl: Crawl
) -> Iterator[dict[str, Any]]:
    """Yield the listens of a user, the last first, each once.

    A page ends within a second that may hold more listens: the next one begins with that second.
    """
    before, seen = crawl.until, set[str]()
    while True:
        ask = partial(source.listens, collection.name(user), before)
        page = collection.page(user, f"listens-{before}", ask)
        for listen in page or []:
            key = json.dumps(listen, sort_keys=True)
            if crawl.since <= listen["listened_at"] < crawl.until and key not in seen:
                seen.add(key)
                yield listen
        times = [listen["listened_at"] for listen in page or [] if listen["listened_at"] < before]
        if not times or min(times) < crawl.since:
            return
        before = min(times) + 1 if min(times) + 1 < before else min(times)


def write(
    source: ListenBrainz, collection: Collection, users: list[str], crawl: Crawl, real_names: bool
) -> tuple[int, int]:
    """Write `edges.csv` (id_1, id_2, mutual; each pair once) and `listens.jsonl`.

    Args:
        source: not asked, where all pages are there.
        collection: with the pages of `users`.
        users: pseudonyms.
        crawl: which listens.
        real_names: whether users are called by their names.

    Returns:
        How many pairs and how many listens were written.
    """
    shown = {user: collection.name(user) if real_names else user for user in users}
    follows = set()
    for user in users:
        near = [_follows(source, collection, user, kind) or [] for kind in KINDS]
        following, followers = ([shown[other] for other in own if other in shown] for own in near)
        follows |= {(shown[user], other) for other in following}
        follows |= {(other, shown[user]) for other in followers}
    pairs = sorted({(min(pair), max(pair)) for pair in follows if len(set(pair)) == 2})
    rows = [(a, b, int({(a, b), (b, a)} <= follows)) for a, b in pairs]
    _write_edges(collection.folder, rows)
    lines = [
        json.dumps({"user_name": shown[user], **listen}, ensure_ascii=False, sort_keys=True)
        for user in users
        for listen in _listens(source, collection, user, crawl)
    ]
    write_text(collection.folder / LISTENS, "".join(f"{line}\n" for line in lines))
    return len(pairs), len(lines)


def _write_edges(folder: Path, rows: Iterable[Iterable[object]]) -> None:
    partial = folder / f".{EDGES}.partial"
    write_rows(partial, ["id_1", "id_2", "mutual"], rows)
    partial.replace(folder / EDGES)


def forget(collection: Collection, name: str) -> None:
    """Remove a user from a collection and from the files that were written of it."""
    gone = {collection.forget(name), name.casefold()}
    edges, listens = collection.folder / EDGES, collection.folder / LISTENS
    if edges.exists():
        with edges.open(encoding="utf-8", newline="") as file:
            rows = [[unguarded(cell) for cell in row] for row in csv.reader(file)][1:]
        _write_edges(collection.folder, (row for row in rows if not gone & _folded(row[:2])))
    if listens.exists():
        lines = listens.read_text(encoding="utf-8").split("\n")[:-1]
        kept = (line for line in lines if not gone & _folded([json.loads(line)["user_name"]]))
        write_text(listens, "".join(f"{line}\n" for line in kept))


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}
