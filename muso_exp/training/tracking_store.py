"""The sqlite store of MLflow: made beside its place and renamed; what is wrong with it, in a line.

A stop while MLflow lays down its schema (seconds) then leaves no half of a store at its place.
"""

from __future__ import annotations

import glob
import logging
import os
import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from muso_exp.errors import ConfigError, MusoError

log = logging.getLogger(__name__)

WITHOUT = "logger=none runs without"
PATIENCE = 60.0  # seconds that another process may hold the store
CHECKED = 64 * 2**20  # bytes up to which the whole file is checked at each start (0.1 s)
FIRST_TABLES = {"experiments", "runs", "metrics", "params", "tags", "alembic_version"}
DRIVERS = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient"}
REMEDIES = {  # what sqlite says, and what helps
    "locked": "another program holds it; close that one, or wait",
    "full": "free some space, or set paths.outputs",
    "disk i/o": "the disk is full or failing; free some space, or set paths.outputs",
    "readonly": "make it and its folder writable, or set paths.outputs",
    "unable to open": "make it and its folder readable and writable, or set paths.outputs",
    "not a database": "move it away; a new one is then made",
    "malformed": "it is damaged: put a copy back, or move it away; a new one is then made",
}


@contextmanager
def opened(tracking_uri: str) -> Iterator[None]:
    """Hold the lock of a sqlite store, and see to it that it is there and sound.

    First use by several processes at once would break it. Other stores are left to MLflow.

    Raises:
        MusoError: it is locked, damaged, of another schema, or cannot be written.
    """
    database = _sqlite_file(tracking_uri)
    if database is None:
        yield
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{database}.lock", timeout=PATIENCE)
    try:
        lock.acquire()
    except Timeout as error:
        raise MusoError(f"{database}: another run holds {lock.lock_file}; {WITHOUT}") from error
    try:
        if not _is_sound(database):
            _make(database)
        yield
    finally:
        lock.release()


def refuse_unusable(tracking_uri: str) -> str:
    """Return what a store is, made or yet to be made; only a sqlite one is looked at.

    Raises:
        MusoError: it is damaged, of another schema, held by another program or of another one.
    """
    database = _sqlite_file(tracking_uri)
    if database is None:
        return "a server; not asked"
    return "sound" if _is_sound(database) else "none yet; the first run makes it"


@contextmanager
def in_words(tracking_uri: str) -> Iterator[None]:
    """Turn what MLflow and its database raise into a MusoError of one line, without a password."""
    from mlflow.exceptions import MlflowException

    place = tracking_uri.rpartition("@")[2]
    database = _sqlite_file(tracking_uri)
    try:
        yield
    except ModuleNotFoundError as error:
        package = DRIVERS.get(str(error.name), error.name)
        pip = f"{shlex.quote(sys.executable)} -m pip install '{package}'"
        raise ConfigError(
            f"tracking server {place}: needs the driver {error.name}; install it: {pip}; {WITHOUT}"
        ) from error
    except (sqlite3.Error, SQLAlchemyError, MlflowException) as error:
        said = str(error).strip().splitlines()[0]
        if database is not None:
            raise _refusal(database, said) from error
        if "failed with exception" in said:  # it goes on with the address, password and all
            said = "does not answer"
        raise MusoError(f"tracking server {place}: {said}; {WITHOUT}") from error


def _refusal(database: Path, said: str) -> MusoError:
    """Return the error for what sqlite says of a store, with its remedy."""
    said = said.rpartition("Error) ")[2]  # SQLAlchemy puts the class before it
    remedy = next((REMEDIES[sign] for sign in REMEDIES if sign in said.lower()), None)
    return MusoError("; ".join(filter(None, [f"{database}: {said}", remedy, WITHOUT])))


def _sqlite_file(tracking_uri: str) -> Path | None:
    try:
        url = make_url(tracking_uri)
    except ArgumentError:
        return None
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
        return None
    return Path(name).resolve()


def _is_sound(database: Path) -> bool:
    """Return whether the store can be used; False: it is to be made, what was half made is moved.

    Raises:
        MusoError: neither.
    """
    if database.is_dir():
        raise MusoError(f"{database}: a folder, not a store; set paths.outputs, or {WITHOUT}")
    if not database.exists() or not database.stat().st_size:
        return False
    try:
        tables, version, used = _look(database)
    except sqlite3.Error as error:
        raise _refusal(database, str(error)) from error
    if not tables:
        return False
    if not tables & FIRST_TABLES:
        raise MusoError(f"{database}: a database of another program; name another; {WITHOUT}")
    half = any(name.startswith("_alembic_tmp_") for name in tables)
    newest, known = _schemas(version)
    if version == newest and not half:
        return True
    if version and not known:
        raise MusoError(
            f"{database}: made by a newer MLflow (schema {version}); install that one, or set "
            f"paths.outputs; {WITHOUT}"
        )
    if not used:
        aside = database.with_name(f"{database.name}.half-made-{time.strftime('%Y%m%d-%H%M%S')}")
        database.replace(aside)
        log.warning("%s: was half made and empty; moved to %s, made anew", database, aside.name)
        return False
    if half or not version:
        raise MusoError(
            f"{database}: an upgrade of it was cut short; put the copy from before it back, or "
            f"move it away; {WITHOUT}"
        )
    where = shlex.quote(str(database))
    raise MusoError(
        f"{database}: of an older MLflow (schema {version}); upgrade it: cp {where} {where}.before "
        f"&& {shlex.quote(sys.executable)} -m mlflow db upgrade sqlite:///{where}; {WITHOUT}"
    )


def _look(database: Path) -> tuple[set[str], str | None, bool]:
    """Return the tables of a store, its schema, and whether it holds runs or experiments.

    Raises:
        sqlite3.Error: it cannot be written, or is damaged.
    """
    with closing(sqlite3.connect(database, timeout=PATIENCE)) as connection:
        if database.stat().st_size <= CHECKED:
            (answer,) = connection.execute("pragma quick_check(1)").fetchone()
            if answer != "ok":
                raise sqlite3.DatabaseError(f"database disk image is malformed ({answer})")
        connection.execute("begin immediate")  # MLflow would try a locked one for minutes
        rows = connection.execute("select name from sqlite_master where type = 'table'")
        tables = {name for (name,) in rows}
        found = None
        if "alembic_version" in tables:
            found = connection.execute("select version_num from alembic_version").fetchone()
        used = any(
            connection.execute(f"select 1 from {name} limit 1 offset {n_own}").fetchone()
            for name, n_own in (("runs", 0), ("experiments", 1), ("registered_models", 0))
            if name in tables  # an experiment "Default" is MLflow's own
        )
    return tables, found[0] if found else None, used


def _schemas(version: str | None) -> tuple[str | None, bool]:
    """Return the schema of the installed MLflow, and whether it knows `version`."""
    import mlflow
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    scripts = ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations"))
    try:
        known = version is not None and scripts.get_revision(version) is not None
    except CommandError:
        known = False
    return scripts.get_current_head(), known


def _make(database: Path) -> None:
    """Let MLflow make an empty store under another name, and rename a whole copy into place."""
    from mlflow import MlflowClient

    _unlink_drafts(database)  # of a start that was stopped; the lock is held
    # a name of its own: MLflow keeps its connection to each address for as long as a process lives
    draft = database.with_name(f".{database.name}.draft-{os.getpid()}-{time.time_ns()}")
    whole = draft.with_name(f"{draft.name}-whole")
    try:
        MlflowClient(f"sqlite:///{draft}").search_experiments(max_results=1)
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("vacuum into ?", (str(whole),))
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        whole.replace(database)
    finally:
        _unlink_drafts(database)


def _unlink_drafts(database: Path) -> None:
    for path in database.parent.glob(f".{glob.escape(database.name)}.draft-*"):  # and journals
        path.unlink(missing_ok=True)
