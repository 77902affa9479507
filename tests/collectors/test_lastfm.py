"""The collector of chains against a Last.fm on this machine, through pylast's own parsing."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import pytorch_lightning as pl
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from killed import Killed, Killer, killed_until_done, same_secret
from local_services import HIDES, KEY, RING, SILENT, Service, ask_lastfm, begun, running

from muso_exp.collectors.chains import collect_chain, forget, write_chain, write_chains
from muso_exp.errors import SourceError
from muso_exp.experiment.build import build


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("LASTFM_API_KEY", KEY)
    with running() as found:
        yield found


def collected(service: Service, folder: Path) -> dict[str, int]:
    source = ask_lastfm(service, folder)
    train = collect_chain(source, RING[0], 5, seed=0, taken=[RING[30]])
    test = collect_chain(source, RING[30], 3, seed=0, taken=train.users)
    return write_chains(source.collection, {"train": train, "test": test})


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_collected_chain_is_read_by_the_dataset_of_the_document(
    service: Service, tmp_path: Path
) -> None:
    kept = collected(service, tmp_path / "new")
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        overrides = ["dataset=muso", f"dataset.root={tmp_path / 'new'}", f"paths.cache={tmp_path}"]
        data = build(compose("config", overrides).dataset, pl.LightningDataModule)
    data.prepare_data()
    data.setup("fit")
    assert data.task.counts()["train_users"] == kept["train"]
    files = ("listening.json", "dos.csv", "chain.csv", "friends.csv")
    assert set(outputs(tmp_path / "new")) == {f"{s}_{f}" for s in ("train", "test") for f in files}
    written = b"".join(outputs(tmp_path / "new").values()).decode()
    assert "listener-" not in written and KEY not in written


def test_neighbours_in_the_chain_are_friends_and_no_chain_meets_the_other(
    service: Service, tmp_path: Path
) -> None:
    source = ask_lastfm(service, tmp_path / "new")
    train = collect_chain(source, RING[0], 10, seed=1, taken=[RING[30]])
    assert all(b in of for b, of in zip(train.users[1:], train.friends, strict=False))
    assert RING[30] not in train.users
    test = collect_chain(source, RING[30], 6, seed=0, taken=train.users)
    assert not set(train.users) & set(test.users)


def test_tags_are_weights_times_plays_of_the_ten_top_artists(
    service: Service, tmp_path: Path
) -> None:
    source = ask_lastfm(service, tmp_path / "new")
    for _ in range(2):  # from the service, and from the pages
        tags = source.listening(RING[0])["top_tags"]
        assert tags["rock"] == 100 * sum(range(91, 101))
        assert tags["artist 0"] == 50 * 100
        assert "artist 11" not in tags
    assert service.asked.total() == 3 + 10


def test_a_user_without_listening_stays_in_the_chain_only(service: Service, tmp_path: Path) -> None:
    chain = collect_chain(ask_lastfm(service, tmp_path / "new"), SILENT, 5, seed=0)
    assert write_chain(tmp_path, "train", chain) == 4
    listening = json.loads((tmp_path / "train_listening.json").read_text())
    assert "train_000" not in listening and "train_001" in listening
    assert "0,train_000" in (tmp_path / "train_chain.csv").read_text()


def test_a_chain_that_cannot_be_is_refused(service: Service, tmp_path: Path) -> None:
    source = ask_lastfm(service, tmp_path / "new")
    with pytest.raises(SourceError, match=f"no chain of 41 users starts at user {RING[0]}"):
        collect_chain(source, RING[0], 41, seed=0)
    with pytest.raises(SourceError, match=f"no chain of 2 users starts at user {HIDES}"):
        collect_chain(source, HIDES, 2, seed=0)
    chain = collect_chain(source, SILENT, 2, seed=0)
    with pytest.raises(SourceError, match="1 of 2 users have listening in every category"):
        write_chain(tmp_path, "train", chain)


def test_the_pages_of_friends_are_kept_until_all_are_there(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.per_page = 1
    begun(tmp_path / "new")
    killer = Killer(monkeypatch, n_kills=1)
    killer.left = 16  # the third page of four is there, and not yet kept
    with pytest.raises(Killed):
        ask_lastfm(service, tmp_path / "new").friends(RING[0])
    answers = tmp_path / "new" / ".private" / "answers"
    assert len(list(answers.iterdir())) == 2
    assert ask_lastfm(service, tmp_path / "new").friends(RING[0]) == service.friends[RING[0]]
    assert service.asked.total() == 5 and not answers.exists()


def test_a_walk_killed_thirty_times_ends_the_same_and_repeats_a_request_each_at_most(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_secret(monkeypatch)
    service.per_page = 2
    collected(service, tmp_path / "whole")
    whole = service.asked.total()
    service.asked.clear()
    again = partial(collected, service, tmp_path / "killed")
    assert killed_until_done(again, monkeypatch, n_kills=30) == 30
    assert outputs(tmp_path / "killed") == outputs(tmp_path / "whole")
    assert service.asked.total() <= whole + 30


def test_a_forgotten_user_leaves_no_trace_and_is_not_walked_to_again(
    service: Service, tmp_path: Path
) -> None:
    collected(service, tmp_path / "new")
    train = collect_chain(ask_lastfm(service, tmp_path / "new"), RING[0], 5, 0, [RING[30]])
    lost = train.users[1]
    forget(begun(tmp_path / "new"), lost.upper())
    assert outputs(tmp_path / "new") == {}
    collected(service, tmp_path / "new")
    anew = collect_chain(ask_lastfm(service, tmp_path / "new"), RING[0], 5, 0, [RING[30]])
    assert lost not in anew.users
    texts = [path.read_text() for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert not any(f'"{lost}"' in text for text in texts)


def test_the_key_is_in_no_file(service: Service, tmp_path: Path) -> None:
    collected(service, tmp_path / "new")
    for path in tmp_path.rglob("*"):
        assert KEY not in path.name
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
