"""MLflow's habits kept in check: what it logs, how long it waits, what it leaves behind."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

IMPATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


@contextmanager
def environment_kept(*names: str) -> Iterator[None]:
    """Undo what is written into the environment: a later run would take it for the user's."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def impatient() -> Iterator[None]:
    """Give up soon on a server that does not answer at the start; later it may take its time."""
    for name, value in IMPATIENCE.items():
        os.environ.setdefault(name, value)
    yield


def silence() -> None:
    """Silence what MLflow, and what it is built on, log and print unasked.

    It prints the address of a server at the end of each run, with the password in it.
    """
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    import mlflow.tracking  # noqa: F401 - sets its own levels when imported

    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it logs tracebacks
    for name in ("pytorch_lightning.loggers.mlflow", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)
