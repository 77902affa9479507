"""The collector against a small Last.fm of its own, through pylast's own requests and parsing."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs
from xml.sax.saxutils import quoteattr

import httpx2 as httpx
import pylast
import pytest
import pytorch_lightning as pl
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir

from muso_exp.collectors.lastfm import KeptAnswers, LastFm, collect_chain, write_chain
from muso_exp.commands.collect import collect
from muso_exp.errors import ConfigError, SourceError
from muso_exp.experiment.build import build

KEY = "not-a-real-key"
N_USERS = 40
RING = [f"u{number}" for number in range(N_USERS)]  # each user has the next two as friends
SILENT = "u3"


def element(kind: str, **children: object) -> str:
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in children.items())
    return f"<{kind}>{inner}</{kind}>"


def friends_of(user: str) -> str:
    number = RING.index(user)
    names = [RING[(number + step) % N_USERS] for step in (-2, -1, 1, 2)]
    users = "".join(element("user", name=name) for name in names)
    return f'<friends totalPages="1">{users}</friends>'


def top(kind: str, user: str) -> str:
    number = RING.index(user)
    names = [] if user == SILENT else [f"{kind} {item}" for item in range(number, number + 12)]
    things = []
    for place, name in enumerate(names):
        artist = "" if kind == "artist" else element("artist", name="artist 1")
        body = f"<name>{name}</name><playcount>{100 - place}</playcount>{artist}"
        things.append(f"<{kind}>{body}</{kind}>")
    return f'<top{kind}s totalPages="1">{"".join(things)}</top{kind}s>'


def tags_of(artist: str) -> str:
    both = element("tag", name="rock", count=100) + element("tag", name=artist, count=50)
    return f"<toptags artist={quoteattr(artist)}>{both}</toptags>"


def answer(request: httpx.Request) -> httpx.Response:
    asked = {key: values[0] for key, values in parse_qs(request.content.decode()).items()}
    method = asked["method"].lower()
    if asked["api_key"] != KEY:
        text = '<lfm status="failed"><error code="10">Invalid API key</error></lfm>'
        return httpx.Response(403, text=text)
    if method == "user.getfriends" and asked["user"] == "u7":
        text = '<lfm status="failed"><error code="17">Login required</error></lfm>'
        return httpx.Response(400, text=text)
    answers: dict[str, Callable[[], str]] = {
        "user.getfriends": lambda: friends_of(asked["user"]),
        "user.gettopartists": lambda: top("artist", asked["user"]),
        "user.gettopalbums": lambda: top("album", asked["user"]),
        "user.gettoptracks": lambda: top("track", asked["user"]),
        "artist.gettoptags": lambda: tags_of(asked["artist"]),
    }
    return httpx.Response(200, text=f'<lfm status="ok">{answers[method]()}</lfm>')


def lastfm(key: str = KEY, handler: Callable = answer) -> LastFm:
    network = pylast.LastFMNetwork(api_key=key)
    network.proxy = {"https://": httpx.MockTransport(handler)}
    return LastFm(network)


def test_a_collected_chain_is_read_by_the_dataset_of_the_document(tmp_path: Path) -> None:
    source = lastfm()
    train = collect_chain(source, "u0", 8, seed=0, taken=["u30"])
    test = collect_chain(source, "u30", 6, seed=0, taken=train.users)
    kept = [write_chain(tmp_path, *part) for part in (("train", train), ("test", test))]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        overrides = ["dataset=muso", f"dataset.root={tmp_path}", f"paths.cache={tmp_path}"]
        data = build(compose("config", overrides).dataset, pl.LightningDataModule)
    data.prepare_data()
    data.setup("fit")
    assert data.task.counts()["train_users"] == kept[0]
    assert not set(train.users) & set(test.users)
    assert "u30" not in train.users


def test_neighbours_in_the_chain_are_friends_and_nobody_is_named(tmp_path: Path) -> None:
    chain = collect_chain(lastfm(), "u0", 10, seed=1)
    assert all(b in of for b, of in zip(chain.users[1:], chain.friends, strict=False))
    write_chain(tmp_path, "train", chain)
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert not any(f'"{user}"' in written or f",{user}\n" in written for user in chain.users)


def test_a_user_who_hides_his_friends_is_a_dead_end() -> None:
    assert lastfm().friends("u7") == []


def test_tags_are_weights_times_plays_of_the_ten_top_artists() -> None:
    tags = lastfm().listening("u0")["top_tags"]
    assert tags["rock"] == 100 * sum(range(91, 101))
    assert tags["artist 0"] == 50 * 100
    assert "artist 11" not in tags


def test_a_user_without_listening_stays_in_the_chain_only(tmp_path: Path) -> None:
    chain = collect_chain(lastfm(), SILENT, 5, seed=0)
    assert write_chain(tmp_path, "train", chain) == 4
    listening = json.loads((tmp_path / "train_listening.json").read_text())
    assert "train_000" not in listening and "train_001" in listening
    assert "0,train_000" in (tmp_path / "train_chain.csv").read_text()


def test_an_error_is_one_line_without_the_key() -> None:
    with pytest.raises(SourceError, match="listening of u0: Invalid API key") as caught:
        lastfm(key="secret-key").listening("u0")
    assert "secret-key" not in str(caught.value) and caught.value.__cause__ is None


def test_no_connection_is_reported_in_one_line() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    with pytest.raises(SourceError, match="listening of u0: NetworkError"):
        lastfm(handler=refuse).listening("u0")


def test_a_chain_longer_than_the_circle_of_friends_is_refused() -> None:
    with pytest.raises(SourceError, match="no chain of 41 users starts at user u0"):
        collect_chain(lastfm(), "u0", 41, seed=0)


def test_a_chain_without_listening_is_refused(tmp_path: Path) -> None:
    chain = collect_chain(lastfm(), SILENT, 2, seed=0)
    with pytest.raises(SourceError, match="1 of 2 users have listening in every category"):
        write_chain(tmp_path, "train", chain)


def test_the_command_wants_a_key_and_a_new_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LASTFM_API_KEY", raising=False)
    with pytest.raises(SourceError, match="set LASTFM_API_KEY to your key"):
        collect("u0", "u30", tmp_path / "new")
    with pytest.raises(ConfigError, match="is there already; name a new folder"):
        collect("u0", "u30", tmp_path)


def test_the_command_writes_both_chains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(LastFm, "connect", lambda cache: lastfm())
    collect("u0", "u30", tmp_path / "new", train=5, test=4)
    written = {path.name for path in (tmp_path / "new").iterdir()}
    files = ("listening.json", "dos.csv", "chain.csv", "friends.csv")
    assert written == {f"{split}_{file}" for split in ("train", "test") for file in files}


def torn(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[-9] ^= 1
    path.write_bytes(raw)


def replaced(path: Path) -> None:
    path.write_bytes(b"\xff no answer of this program")


@pytest.mark.parametrize("damage", [torn, emptied, flipped, replaced])
def test_a_damaged_answer_is_asked_for_anew_and_the_others_are_not(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    def counted(request: httpx.Request) -> httpx.Response:
        asked.append(request.content.decode())
        return answer(request)

    def collected() -> dict[str, dict[str, int]]:
        source = lastfm(handler=counted)
        source.network.cache_backend = KeptAnswers(tmp_path / "answers")
        return source.listening("u0")

    first = collected()
    n_asked = len(asked)
    assert collected() == first and len(asked) == n_asked > 3
    hurt = sorted((tmp_path / "answers").iterdir())[2]
    damage(hurt)
    assert collected() == first and len(asked) == n_asked + 1
    assert f"{hurt}: damaged (another content); it is asked for anew" in caplog.text
    assert collected() == first and len(asked) == n_asked + 1


def test_answers_are_kept_by_the_source_that_connects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTFM_API_KEY", KEY)
    source = LastFm.connect(tmp_path / "answers")
    source.network.proxy = {"https://": httpx.MockTransport(answer)}
    assert source.friends("u0")
    assert len(list((tmp_path / "answers").glob("*.xml"))) == 1
    assert KEY not in "".join(path.read_text() for path in (tmp_path / "answers").iterdir())


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("a file")
    with pytest.raises(ConfigError, match=r"cache .*answers: cannot be written: File exists"):
        KeptAnswers(tmp_path / "answers").set_xml("key", "<lfm/>")
