"""Apache Spark, where a user has it: a session for one piece of work."""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from muso_exp.errors import ConfigError, DataFormatError, MusoError

LOCAL = "local[2]"  # two cores of this machine
_MEMORY = "2g"  # of the one process of a local session
_MASTER = re.compile(r"local(-cluster)?(\[.+\])?|yarn|\w+://.+")
_UNREAD = re.compile(r"while reading file (?:file://)?(\S+)\.\s")
_DAMAGED = {".gz": "damaged gzip file", ".bz2": "damaged bzip2 file"}


@contextmanager
def spark_session(master: str) -> Iterator[Any]:
    """Open a session of Spark, and end it with the block.

    A session that is open already is used, and left open.

    Args:
        master: `local[2]`, or a cluster's address: `spark://HOST:7077`, `yarn`, `k8s://...`. On a
            cluster the files that are read and the cache must lie where all its machines see them.

    Yields:
        The `pyspark.sql.SparkSession`.

    Raises:
        ConfigError: pyspark or Java is not there, the cluster does not answer, or what runs on it
            fails.
        DataFormatError: a file cannot be read there.
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigError(
            "Spark is not installed: pip install 'muso_exp[spark]'; it needs Java 17 or newer"
        ) from error
    builder = SparkSession.builder.master(master).appName("muso_exp")
    settings: dict[str, Any] = {"spark.ui.enabled": "false", "spark.log.level": "ERROR"}
    settings["spark.ui.showConsoleProgress"] = "false"
    settings["spark.sql.session.timeZone"] = "UTC"
    settings["spark.sql.ansi.enabled"] = "false"  # products of 64 bits wrap, as numba's
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        settings |= dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1")
        settings |= {"spark.driver.memory": _MEMORY, "spark.sql.shuffle.partitions": "16"}
    opened = SparkSession.getActiveSession() is None
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it tells of each connection it closes
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
    try:
        with _quiet():
            session = builder.config(map=settings).getOrCreate()
    except (PySparkException, Py4JError, RuntimeError, OSError) as error:
        raise ConfigError(
            f"Spark at {master} does not start: {_reason(error)}; it needs Java 17 or newer "
            "(JAVA_HOME), and a cluster that answers at this address"
        ) from error
    try:
        yield session
    except (PySparkException, Py4JError) as error:
        raise _failure(master, error) from error
    finally:
        if opened:
            session.stop()


def escaped(path: Path) -> str:
    """Return a file or folder of this machine for Spark, to which `[` and `*` are wildcards."""
    return "file:" + re.sub(r"([\\\[\]{}*?])", r"\\\1", str(path.absolute()))


@contextmanager
def _quiet() -> Iterator[None]:
    """Have the Java process that is started here say its notes into a file that is gone at once."""
    sys.stderr.flush()
    own = os.dup(2)
    try:
        with tempfile.TemporaryFile() as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(own, 2)
        os.close(own)


def refuse_no_master(option: str, master: object) -> None:
    """Raise ConfigError for what is no address of Spark, whether or not one answers there."""
    if not isinstance(master, str) or not _MASTER.fullmatch(master):
        raise ConfigError(
            f"{option}={master}: no address of Spark; give local[2], spark://HOST:7077 or yarn"
        )


def _failure(master: str, error: BaseException) -> MusoError:
    """Return the error to raise for one of Spark: of the file, where it says which it was at."""
    unread = _UNREAD.search(str(error))
    if unread is None:
        return ConfigError(f"Spark at {master}: {_reason(error)}")
    path = Path(unquote(unread.group(1)))
    problem = f"{_DAMAGED.get(path.suffix, 'cannot be read')}: {_reason(error)}"
    return DataFormatError(path, problem, fix="copy it anew")


def _reason(error: BaseException) -> str:
    """Return the line of an error that says most: of one of Java that of its innermost cause."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    causes = [line for line in lines[1:] if line.startswith((": ", "Caused by: "))]
    if not causes or not lines[0].startswith("An error occurred while calling"):
        return lines[0]
    return re.sub(r"^(Caused by)?: ([a-z]\w*\.)*", "", causes[-1])
