"""A social graph with listening: whole, resumed, forgotten, and read by our own readers."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from killed import killed_until_done, same_secret
from local_services import GONE, NOW, RING, SILENT, Service, ask_listenbrainz, begun, quick, running

from muso_exp.collectors import listenbrainz
from muso_exp.collectors.listenbrainz import Crawl
from muso_exp.errors import ConfigError, SourceError

CRAWL = Crawl(n_users=9, since=NOW - 85, until=NOW)


@pytest.fixture
def service() -> Iterator[Service]:
    with running() as found:
        yield found


def crawl(
    service: Service, folder: Path, roots: tuple[str, ...] = (RING[0],), real_names: bool = False
) -> tuple[int, int]:
    source, collection = ask_listenbrainz(service, folder), begun(folder)
    users = listenbrainz.collect(source, collection, collection.start(list(roots)), CRAWL)
    return listenbrainz.write(source, collection, users, CRAWL, real_names)


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def read_listens(folder: Path) -> pd.DataFrame:
    lines = (folder / "listens.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    return pd.DataFrame([json.loads(line) for line in lines])


def test_friends_and_their_listens_are_written_for_the_data_set_of_friends(
    service: Service, tmp_path: Path
) -> None:
    pairs, listens = crawl(service, tmp_path / "new", real_names=True)
    edges = pd.read_csv(tmp_path / "new" / "edges.csv")
    users = {name for row in edges[["id_1", "id_2"]].to_numpy() for name in row}
    assert users == set(RING[:5] + RING[-4:])  # the nine nearest of the ring
    assert len(edges) == pairs == 8 + 7 and set(edges["mutual"]) == {0}
    heard = read_listens(tmp_path / "new")
    assert len(heard) == listens == 8 * 8  # eight of nine listen; the ninth listen is too old
    first = heard[heard["user_name"] == RING[0]]
    assert first["listened_at"].tolist() == [NOW - 10 * n for n in range(1, 9)]
    kept = {"recording_mbid": "0-1", "artist_mbids": ["2-3"]}
    assert first["track_metadata"].iloc[0]["additional_info"] == kept
    assert set(heard) == {"user_name", "listened_at", "track_metadata"}


def test_names_are_pseudonyms_unless_asked_for(service: Service, tmp_path: Path) -> None:
    crawl(service, tmp_path / "new")
    written = b"".join(outputs(tmp_path / "new").values()).decode()
    assert "listener-" not in written and "device of a user" not in written
    secret = (tmp_path / "new" / ".private" / "secret").read_text()
    assert len(secret) == 64 and secret not in written
    assert (tmp_path / "new" / ".private").stat().st_mode & 0o077 == 0
    crawl(service, tmp_path / "other")
    assert outputs(tmp_path / "new") != outputs(tmp_path / "other")  # another secret


def test_listens_of_one_second_and_pages_that_change_lose_nothing(
    service: Service, tmp_path: Path
) -> None:
    service.listens[RING[0]] = [NOW - 5] * 2 + [NOW - 20] * 3 + [NOW - n for n in (30, 40, 50)]
    service.per_page = 3
    source, collection = ask_listenbrainz(service, tmp_path / "new"), begun(tmp_path / "new")
    (user,) = collection.start([RING[0]])
    heard = listenbrainz._listens(source, collection, user, CRAWL)
    times = [next(heard)["listened_at"]]
    service.listens[RING[0]] = [NOW + 5, NOW - 1, *service.listens[RING[0]]]  # new ones on top
    service.per_page = 2  # the service gives less at once
    times += [listen["listened_at"] for listen in heard]
    assert times == [NOW - 5, NOW - 20, NOW - 30, NOW - 40, NOW - 50]


def test_nothing_is_asked_twice(service: Service, tmp_path: Path) -> None:
    crawl(service, tmp_path / "new")
    asked, written = service.asked.total(), outputs(tmp_path / "new")
    crawl(service, tmp_path / "new")
    assert service.asked.total() == asked and outputs(tmp_path / "new") == written


def test_a_crawl_killed_thirty_times_ends_the_same_and_repeats_a_request_each_at_most(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_secret(monkeypatch)
    crawl(service, tmp_path / "whole")
    whole = service.asked.total()
    service.asked.clear()
    again = partial(crawl, service, tmp_path / "killed")
    assert killed_until_done(again, monkeypatch, n_kills=30) == 30
    assert outputs(tmp_path / "killed") == outputs(tmp_path / "whole")
    assert service.asked.total() <= whole + 30 and max(service.asked.values()) <= 31


def test_a_user_who_is_gone_is_left_out_and_a_root_who_is_refused(
    service: Service, tmp_path: Path
) -> None:
    service.friends[RING[0]] = [*service.friends[RING[0]], GONE]
    crawl(service, tmp_path / "new", real_names=True)
    assert GONE not in (tmp_path / "new" / "edges.csv").read_text()
    with pytest.raises(SourceError, match=f"ListenBrainz knows no user {GONE}; see the address"):
        crawl(service, tmp_path / "gone", (GONE,))


def test_a_silent_user_has_friends_and_no_listens(service: Service, tmp_path: Path) -> None:
    crawl(service, tmp_path / "new", real_names=True)
    assert SILENT in (tmp_path / "new" / "edges.csv").read_text()
    assert SILENT not in set(read_listens(tmp_path / "new")["user_name"])


@pytest.mark.parametrize("real_names", [True, False])
def test_a_forgotten_user_is_nowhere_and_does_not_come_back(
    real_names: bool, service: Service, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    crawl(service, folder, real_names=real_names)
    user = begun(folder).pseudonym(RING[1])
    listenbrainz.forget(begun(folder), "LISTENER-1")
    for again in (False, True):
        if again:
            crawl(service, folder, real_names=real_names)
        every = [path for path in folder.rglob("*") if path.is_file()]
        texts = {path.name: path.read_text() for path in every}
        assert not any(f'"{RING[1]}"' in text or f"{RING[1]}," in text for text in texts.values())
        assert {name for name, text in texts.items() if user in text} == {"forgotten.json"}
        assert user not in {path.name for path in folder.rglob("*")}
    with pytest.raises(ConfigError, match="listener-1 was forgotten here; name others"):
        crawl(service, folder, (RING[1],))


def test_a_forgotten_root_leaves_the_others(service: Service, tmp_path: Path) -> None:
    roots = (RING[0], RING[20])
    crawl(service, tmp_path / "new", roots)
    listenbrainz.forget(begun(tmp_path / "new"), RING[0])
    crawl(service, tmp_path / "new", roots)
    with pytest.raises(ConfigError, match="was begun at other users; give the same, or a new fold"):
        crawl(service, tmp_path / "new", (RING[5],))


def test_names_that_are_formulas_or_hold_commas_stay_cells(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = begun(tmp_path / "new")
    users = collection.met(["=1+1", "a,b"])
    pages = {(users[0], "following"): [users[1]]}
    monkeypatch.setattr(type(collection), "page", lambda _, *key: pages.get(key[:2], []))
    listenbrainz.write(ask_listenbrainz(service, tmp_path / "new", quick()), collection, users,
                       CRAWL, real_names=True)  # fmt: skip
    written = (tmp_path / "new" / "edges.csv").read_text()
    assert "'=1+1" in written and '"a,b"' in written
    monkeypatch.undo()
    listenbrainz.forget(begun(tmp_path / "new"), "a,b")
    assert (tmp_path / "new" / "edges.csv").read_text() == "id_1,id_2,mutual\n"
