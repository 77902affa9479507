"""The sqlite store: whole or absent; what is wrong with one is said in a line, with what helps."""

import logging
import resource
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from muso_exp.errors import ConfigError, MusoError
from muso_exp.training import tracking_store as store
from muso_exp.training.tracking_store import in_words, opened

RUN = "insert into runs (run_uuid, experiment_id, lifecycle_stage) values ('a', 0, 'active')"
HALF = "create table _alembic_tmp_experiments (x integer)"


def use(database: Path) -> None:
    uri = f"sqlite:///{database}"
    with in_words(uri), opened(uri):
        pass


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("fresh") / "mlflow.db"
    use(database)
    return database


@pytest.fixture
def database(fresh: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(fresh, tmp_path / "mlflow.db"))


def test_a_store_is_made_whole_and_nothing_is_left_beside_it(fresh: Path) -> None:
    assert sorted(path.name for path in fresh.parent.iterdir()) == ["mlflow.db", "mlflow.db.lock"]
    tables, version, used = store._look(fresh)
    assert "experiments" in tables and not used
    assert version == store._schemas(None)[0]


def test_a_sound_store_is_left_as_it_is(database: Path) -> None:
    change(database, RUN)
    before = database.read_bytes()
    use(database)
    assert database.read_bytes() == before


def damage(database: Path) -> None:
    content = bytearray(database.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40960] = b"\xa5" * 40960
    database.write_bytes(content)


def of_schema(version: str) -> Callable[[Path], None]:
    return lambda at: change(at, RUN, f"update alembic_version set version_num = '{version}'")


def of_another_program(database: Path) -> None:
    database.unlink()
    change(database, "create table songs (title text)")


def a_folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damage, r"mlflow\.db: .*malformed.*; it is damaged: put a copy back, or move it away"),
        (of_schema("451aebb31d03"), r"older MLflow .*; upgrade it: cp .* -m mlflow db upgrade sq"),
        (of_schema("f00"), r"made by a newer MLflow \(schema f00\); install that one, or set"),
        (lambda at: change(at, RUN, HALF), "an upgrade of it was cut short; put the copy"),
        (lambda at: change(at, RUN, "delete from alembic_version"), "was cut short; put the copy"),
        (of_another_program, "a database of another program; name another"),
        (a_folder, "a folder, not a store; set paths.outputs, or logger=none"),
    ],
)
def test_a_store_that_cannot_be_used_is_left_as_it_is_with_what_helps(
    spoil: Callable[[Path], None], said: str, database: Path
) -> None:
    spoil(database)
    before = database.read_bytes() if database.is_file() else b""
    with pytest.raises(MusoError, match=said) as refused:
        use(database)
    assert "\n" not in str(refused.value) and "logger=none runs without" in str(refused.value)
    assert database.is_dir() or database.read_bytes() == before


def test_a_store_that_was_half_made_is_moved_aside_and_made_anew(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    change(database, HALF, "update alembic_version set version_num = '451aebb31d03'")
    with caplog.at_level(logging.WARNING, "muso_exp"):
        use(database)
    assert "was half made and empty; moved to mlflow.db.half-made-" in caplog.messages[-1]
    assert len(list(database.parent.glob("mlflow.db.half-made-*"))) == 1
    assert store._look(database)[1] == store._schemas(None)[0]


def test_a_locked_store_is_given_up(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    with closing(sqlite3.connect(database)) as other:
        other.execute("begin exclusive")
        with pytest.raises(MusoError, match="is locked; another program holds it; close that"):
            use(database)


def test_a_store_that_another_run_is_opening_is_given_up(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    with (
        FileLock(f"{database}.lock"),
        pytest.raises(MusoError, match=r"another run holds .*\.lock"),
    ):
        use(database)


def test_a_full_disk_leaves_no_half_of_a_store(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(MusoError, match="the disk is full or failing; free some space"):
            use(tmp_path / "mlflow.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db.lock"]
    use(tmp_path / "mlflow.db")
    assert (tmp_path / "mlflow.db").is_file()


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("(sqlite3.OperationalError) database or disk is full", "free some space"),
        ("attempt to write a readonly database", "make it and its folder writable"),
        ("unable to open database file", "make it and its folder readable and writable"),
    ],
)
def test_what_sqlite_says_in_a_run_comes_with_its_remedy(said: str, remedy: str) -> None:
    uri = "sqlite:////nowhere/mlflow.db"
    with (
        pytest.raises(MusoError, match=rf"^/nowhere/mlflow\.db: [^(].*; {remedy}"),
        in_words(uri),
    ):
        raise sqlite3.OperationalError(said)


@pytest.mark.parametrize(
    ("uri", "package"),
    [
        ("postgresql://me:secret@host/db", "psycopg[binary]"),
        ("mysql+pymysql://me:secret@host/db", "pymysql"),
    ],
)
def test_a_database_without_its_driver_says_how_to_install_it(uri: str, package: str) -> None:
    from mlflow import MlflowClient

    with pytest.raises(ConfigError) as refused, in_words(uri):
        MlflowClient(uri).search_experiments()
    said = str(refused.value)
    assert said.startswith("tracking server host/db: needs the driver")
    assert f"-m pip install '{package}'" in said and "secret" not in said
