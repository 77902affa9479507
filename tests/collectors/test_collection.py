"""A collection: begun whole, gone on with by the same settings, by one command at a time."""

from pathlib import Path

import pytest

from muso_exp.cache import write_whole
from muso_exp.collectors.collection import Collection, is_collection, locked
from muso_exp.errors import ConfigError, DataFormatError

SETTINGS = {"source": "test", "days": 3}


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    Collection.begin(tmp_path / "new", SETTINGS)
    return Collection(tmp_path / "new")


def test_a_folder_with_other_things_is_no_collection(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigError, match="is there already, and no collection; name a new folder"):
        Collection.begin(tmp_path, SETTINGS)
    with pytest.raises(ConfigError, match="no collection is there"):
        Collection(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_what_was_stopped_while_it_began_begins_anew(tmp_path: Path) -> None:
    def stop(folder: Path) -> None:
        (folder / "secret").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / ".private", stop)
    (tmp_path / ".private.partial").mkdir()
    Collection.begin(tmp_path, SETTINGS)
    assert is_collection(tmp_path)


def test_other_settings_are_refused(collection: Collection) -> None:
    collection.require(SETTINGS)
    with pytest.raises(ConfigError, match="was begun with days=3, not 4; give the same, or a new"):
        collection.require({"days": 4})


def test_a_name_has_one_pseudonym_in_any_case(collection: Collection) -> None:
    (user,) = collection.met(["Listener-1", "listener-1"])
    assert user == collection.pseudonym("LISTENER-1") != collection.pseudonym("listener-2")
    assert Collection(collection.folder).name(user) == "listener-1"


def test_a_page_is_asked_for_once(collection: Collection) -> None:
    asked: list[int] = []
    for _ in range(2):
        assert collection.page("u1", "kind", lambda: asked.append(1) or {"b": 1, "a": 2}) == {
            "b": 1,
            "a": 2,
        }
    assert asked == [1]


def test_a_damaged_page_is_named(collection: Collection) -> None:
    collection.page("u1", "kind", list)
    (collection.pages / "u1" / "kind.json").write_text("[1")
    with pytest.raises(DataFormatError, match=r"kind.json: damaged; remove this file; it is asked"):
        collection.page("u1", "kind", list)


def test_one_command_at_a_time(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "new"),
        pytest.raises(ConfigError, match="another command collects into it"),
        locked(tmp_path / "new"),
    ):
        pass
    with (
        pytest.raises(ConfigError, match=r"--out /proc/new: .*cannot be written"),
        locked(Path("/proc/new")),
    ):
        pass
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigError, match="cannot be written: File exists"),
        locked(tmp_path / "file" / "new"),
    ):
        pass
