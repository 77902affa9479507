"""MLflow: one store, made once under a lock; no run stays RUNNING after its end."""

import logging
import math
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from pytorch_lightning.loggers import MLFlowLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from muso_exp.errors import ConfigError, MusoError

PARENT_RUN = "MUSO_PARENT_RUN"  # environment: the MLflow run of a sweep, for its jobs
ARTIFACTS = ("metrics.json", "predictions.parquet", "samples.parquet", "report.md", "report.html")
FLUSH_SECONDS = 5.0
IMPATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_MAX_BATCH = 1000  # metrics that MLflow takes at once
_MAX_PARAM = 6000  # characters that MLflow keeps of a parameter's value


class MlflowLogger(MLFlowLogger):
    """Lightning's MLflow logger, except that only `tracked` ends the run.

    Lightning marks a run FINISHED after `fit`, before anything was tested; a run killed after
    that would stand as finished.
    """

    def __init__(self, tracking_uri: str, artifact_location: str, **kwargs: Any) -> None:
        _silence()
        if tracking_uri.startswith("file:") or "://" not in tracking_uri:
            raise ConfigError(
                f"logger.tracking_uri={tracking_uri}: MLflow no longer keeps runs in folders; "
                "give sqlite:///<file> or the http address of a server"
            )
        tags = dict(kwargs.pop("tags", None) or {})
        if PARENT_RUN in os.environ:
            tags["mlflow.parentRunId"] = os.environ[PARENT_RUN]
        location = str(Path(artifact_location).resolve())
        with (
            _environment_kept("MLFLOW_TRACKING_URI", *IMPATIENCE),
            _answering(tracking_uri),
            _store_lock(tracking_uri),
        ):
            super().__init__(
                tracking_uri=tracking_uri, artifact_location=location, tags=tags, **kwargs
            )
            experiment = self.experiment_id  # makes the store, the experiment and the run
            kind = "custom_model_development"  # the UI then opens on runs, not on GenAI
            self.experiment.set_experiment_tag(experiment, "mlflow.experimentKind", kind)
        self._pending: list[Any] = []
        self._flushed = time.monotonic()

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Keep the metrics; they go to the store in batches, a few seconds apart.

        A commit for every epoch takes longer than the epoch of a small network.
        """
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._pending += [Metric(name, value, now, step or 0) for name, value in metrics.items()]
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Send the metrics that were kept."""
        pending, self._pending = self._pending, []
        for start in range(0, len(pending), _MAX_BATCH):
            batch = pending[start : start + _MAX_BATCH]
            self.experiment.log_batch(self.run_id, metrics=batch)
        self._flushed = time.monotonic()

    def finalize(self, status: str = "success") -> None:
        """Send what was kept and leave the run as it is: `tracked` ends it."""
        self.flush()

    def log_config(self, flat: Mapping[str, Any], yaml_text: str) -> None:
        """Log the configuration once: flat parameters, and the whole of it as an artifact."""
        from mlflow.entities import Param

        params = [Param(key, str(value)[:_MAX_PARAM]) for key, value in flat.items()]
        for start in range(0, len(params), 100):
            self.experiment.log_batch(self.run_id, params=params[start : start + 100])
        self.experiment.log_text(self.run_id, yaml_text, "config.yaml")

    def log_outcome(self, values: Iterable[tuple[str, float]], folder: Path) -> None:
        """Log what a run concluded: its numbers in one batch, its files as artifacts."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        finite = [(name, value) for name, value in values if math.isfinite(value)]
        batch = [Metric(name, value, now, 0) for name, value in finite]
        self._pending += batch
        self.flush()
        for name in ARTIFACTS:
            self.experiment.log_artifact(self.run_id, str(folder / name))
        self.experiment.log_artifacts(self.run_id, str(folder / "figures"), "figures")

    def log_table(self, folder: Path) -> None:
        """Log the table of a sweep, as it stands in the sweep's folder, to the parent run."""
        for path in (*folder.glob("table.*"), *folder.glob("*.png")):
            self.experiment.log_artifact(self.run_id, str(path))

    def end(self, status: str) -> None:
        """Mark the run FINISHED, FAILED or KILLED."""
        self.flush()
        self.experiment.set_terminated(self.run_id, status)


@contextmanager
def tracked(logger: MlflowLogger | None) -> Iterator[None]:
    """End the logger's run by how the block ends: FINISHED, FAILED (error) or KILLED (signal)."""
    try:
        yield
    except Exception:
        _end(logger, "FAILED")
        raise
    except BaseException:
        _end(logger, "KILLED")
        raise
    _end(logger, "FINISHED")


def _end(logger: MlflowLogger | None, status: str) -> None:
    if logger is not None:
        logger.end(status)


@contextmanager
def _environment_kept(*names: str) -> Iterator[None]:
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
def _answering(tracking_uri: str) -> Iterator[None]:
    """Give up soon on a server that does not answer at the start; later it may take its time."""
    from mlflow.exceptions import MlflowException

    for name, value in IMPATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        yield
    except MlflowException as error:
        said = str(error).splitlines()[0]
        if "failed with exception" in said:  # it goes on with the address, password and all
            said = "does not answer"
        place = tracking_uri.rpartition("@")[2]
        raise MusoError(f"tracking server {place}: {said}; logger=none runs without") from error


@contextmanager
def _store_lock(tracking_uri: str) -> Iterator[None]:
    """Hold the lock of a sqlite store: first use by several processes at once breaks it."""
    if not tracking_uri.startswith("sqlite:///"):
        yield
        return
    database = Path(tracking_uri.removeprefix("sqlite:///"))
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock"):
        _check_database(database)
        yield


def _check_database(database: Path) -> None:
    """Raise MusoError for a file that cannot be written: MLflow would try again for minutes."""
    try:
        with closing(sqlite3.connect(database, timeout=60)) as connection:
            connection.execute("begin immediate")
    except sqlite3.Error as error:
        raise MusoError(f"{database}: {error}; logger=none runs without") from error


def _silence() -> None:
    import mlflow.tracking  # noqa: F401 - sets its own levels when imported

    for name in ("alembic", "mlflow", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("pytorch_lightning.loggers.mlflow", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)
