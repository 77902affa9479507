"""Tracked runs whose process is gone: marked as such, or taken up again."""

from __future__ import annotations

import logging
import socket
from typing import Any

from muso_exp.training.folders import if_free

log = logging.getLogger(__name__)


def end_the_dead(client: Any, own_lock: str | None = None) -> None:
    """Mark KILLED the runs of this host that say RUNNING and whose process is gone.

    A run (a sweep too) holds a file lock from before it is tracked until after it has ended, and
    the operating system frees the lock of a process that was killed. Runs of other hosts, and of
    versions that held no lock, are left as they are: whether they are alive cannot be known here.

    Args:
        client: MLflow's client of the store.
        own_lock: the lock of a run that this process is about to track; an earlier run that has
            the same one, being resumed in its own folder, is dead.
    """
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    host = socket.gethostname().replace("'", "")
    query = f"attributes.status = 'RUNNING' and tags.host = '{host}'"
    for run in client.search_runs(experiments, query):
        lock = run.data.tags.get("lock", "")
        with if_free(lock) as free:
            # it may have ended between the query and now, but not while its lock is held here
            if (free or lock == own_lock) and client.get_run(
                run.info.run_id
            ).info.status == "RUNNING":
                client.set_terminated(run.info.run_id, "KILLED")
                log.info("the run in %s was cut off; marked KILLED", run.data.tags.get("folder"))


def reopened(client: Any, run_id: str) -> str | None:
    """Return the id of a run that goes on, marked RUNNING; None if the store has no such run.

    Args:
        client: MLflow's client of the store.
        run_id: of a run of an earlier start.
    """
    from mlflow.exceptions import MlflowException

    try:
        client.update_run(run_id, status="RUNNING")
    except MlflowException:  # another store, or the user has deleted it
        return None
    return run_id
