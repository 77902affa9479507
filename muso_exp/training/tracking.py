"""MLflow: runs, their numbers and files; no run stays RUNNING after its end."""

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from pytorch_lightning.loggers import MLFlowLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from muso_exp.errors import ConfigError, MusoError, PrunedError, let_go, meant
from muso_exp.training import tracked_view as view
from muso_exp.training.dead_runs import end_the_dead, reopened
from muso_exp.training.registry import register
from muso_exp.training.system_metrics import check_system_metrics, monitored
from muso_exp.training.tracking_quiet import IMPATIENCE, environment_kept, impatient, silence
from muso_exp.training.tracking_store import in_words, opened

log = logging.getLogger(__name__)

PARENT_RUN = "MUSO_PARENT_RUN"  # environment: the MLflow run of a sweep, for its jobs
ARTIFACTS = ("metrics.json", "predictions.parquet", "samples.parquet", "report.md", "report.html")
FLUSH_SECONDS = 5.0
_MAX_BATCH = 1000  # metrics that MLflow takes at once
LOCAL_UI = "http://127.0.0.1:5000"  # where `make ui` shows a store that is a file
_MAX_DIGEST = 36  # characters that MLflow keeps of a data set's digest
TABLES_TAG = "mlflow.loggedArtifacts"  # names the artifacts that the UI shows as tables
_MAX_PARAM = 6000  # characters that MLflow keeps of a parameter's value


class MlflowLogger(MLFlowLogger):
    """Lightning's MLflow logger, except that only `tracked` ends the run.

    Lightning marks a run FINISHED after `fit`, before anything was tested; a run killed after
    that would stand as finished.

    Attributes:
        leading: metrics that come first in a batch, see `leading_first`.
    """

    def __init__(
        self,
        tracking_uri: str,
        artifact_location: str,
        continues: str | None = None,
        system_metrics: bool = False,
        **kwargs: Any,
    ) -> None:
        check_system_metrics(system_metrics)
        self.system_metrics = system_metrics
        silence()
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
            environment_kept("MLFLOW_TRACKING_URI", *IMPATIENCE),
            impatient(),
            in_words(tracking_uri),
            opened(tracking_uri),
        ):
            super().__init__(
                tracking_uri=tracking_uri, artifact_location=location, tags=tags, **kwargs
            )
            end_the_dead(self._mlflow_client, tags.get("lock"))
            if continues:
                self._run_id = reopened(self._mlflow_client, continues)
            try:
                experiment = self.experiment_id  # makes the experiment and the run
                kind = "custom_model_development"  # the UI then opens on runs, not on GenAI
                self.experiment.set_experiment_tag(experiment, "mlflow.experimentKind", kind)
            except BaseException as ending:
                let_go(ending)
                if self._run_id is not None:
                    self._mlflow_client.set_terminated(self._run_id, "FAILED")
                raise
        self._pending: list[Any] = []
        self._flushed = time.monotonic()
        self.leading: Sequence[str] = ()

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Keep the metrics: a commit for every epoch takes longer than that of a small network."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._pending += [
            # of the test there is one value, which the UI shows as a bar where its step is 0
            Metric(name, value, now, 0 if name.startswith("test/") else step or 0)
            for name, value in metrics.items()
            if name != "epoch"  # Lightning's; it would be the first axis of every comparison
        ]
        self._flush_if_due()

    def _flush_if_due(self) -> None:
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self, tags: Mapping[str, str] | None = None) -> None:
        """Send the metrics that were kept, and tags with them."""
        from mlflow.entities import RunTag

        pending, self._pending = view.leading_first(self._pending, self.leading), []
        given = [RunTag(key, value) for key, value in (tags or {}).items()]
        with in_words(self._tracking_uri):
            for start in range(0, max(len(pending), bool(given)), _MAX_BATCH):
                batch, own = pending[start : start + _MAX_BATCH], given if start == 0 else []
                self.experiment.log_batch(self.run_id, metrics=batch, tags=own)
        self._flushed = time.monotonic()

    def finalize(self, status: str = "success") -> None:
        """Leave the run as it is: `tracked` sends what is kept, and ends the run."""
        self._flush_if_due()

    def log_config(self, flat: Mapping[str, Any], yaml_text: str) -> None:
        """Log the configuration once: flat parameters, and the whole of it as an artifact."""
        from mlflow.entities import Param

        params = [Param(key, str(value)[:_MAX_PARAM]) for key, value in flat.items()]
        with in_words(self._tracking_uri):
            for start in range(0, len(params), 100):
                self.experiment.log_batch(self.run_id, params=params[start : start + 100])
            self.experiment.log_text(self.run_id, yaml_text, "config.yaml")

    def log_outcome(
        self,
        folder: Path,
        tags: Mapping[str, str],
        tables: Mapping[str, Mapping[str, Sequence[Any]]],
    ) -> None:
        """Log what a run concluded.

        Intervals, null models and audit are tables, which the UI shows as such: as metrics they
        would stand before and between those of the model in every chart. MLflow's own `log_table`
        reads the run and sets a tag for each of them, and adds to a table that is there.

        Args:
            folder: of the run; its files become artifacts.
            tags: the note among them.
            tables: name of a JSON file -> columns.
        """
        whole = {name: columns for name, columns in tables.items() if any(columns.values())}
        shown = [{"path": name, "type": "table"} for name in whole]
        self.flush({**tags, TABLES_TAG: json.dumps(shown)} if shown else tags)
        with in_words(self._tracking_uri):
            for name, columns in whole.items():
                self.experiment.log_dict(self.run_id, view.as_table(columns), name)
            for name in ARTIFACTS:
                self.experiment.log_artifact(self.run_id, str(folder / name))
            self.experiment.log_artifacts(self.run_id, str(folder / "figures"), "figures")

    def log_dataset(self, name: str, fingerprint: str, kind: str) -> None:
        """Fill the Dataset column of the UI.

        Args:
            name: of the data set.
            fingerprint: of its content.
            kind: simulated or files.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        data = Dataset(name, fingerprint[:_MAX_DIGEST], kind, json.dumps({"kind": kind}))
        context = [InputTag("mlflow.data.context", "train, test")]
        with in_words(self._tracking_uri):
            self.experiment.log_inputs(self.run_id, [DatasetInput(data, context)])

    def link(self) -> str:
        """Return the address of the run in the UI that `make ui` starts, or of the server."""
        place = f"/#/experiments/{self.experiment_id}/runs/{self.run_id}"
        return f"{self._served()}{place}?{urlencode(view.MODELS)}"

    def link_to_model(self, name: str, version: str) -> str:
        """Return the address of a version of a registered model."""
        place = f"/#/models/{quote(name, safe='')}/versions/{version}"
        return f"{self._served()}{place}?{urlencode(view.MODELS)}"

    def link_to_jobs(self, mode: str = "CHART") -> str:
        """Return the address of the jobs of this sweep: as charts, or as a TABLE."""
        return self._served() + view.view_link(str(self.experiment_id), str(self.run_id), mode)

    def _served(self) -> str:
        served = self._tracking_uri if self._tracking_uri.startswith("http") else LOCAL_UI
        return str(served).rstrip("/")

    def show_sweep(
        self, metrics: Sequence[str], more_is_better: bool, params: Sequence[str]
    ) -> None:
        """Let `link_to_jobs` open on what matters; see `tracked_view.sweep_view`."""
        state = view.sweep_view(str(self.run_id), metrics, more_is_better, params)
        with in_words(self._tracking_uri):
            self.experiment.set_experiment_tag(
                self.experiment_id, view.TAG + str(self.run_id), state
            )

    def log_sweep(
        self, params: Mapping[str, str], metrics: Mapping[str, float], tags: Mapping[str, str]
    ) -> None:
        """Log what a sweep varied and found, in one batch.

        Args:
            params: key -> its values.
            metrics: of the best job, and counts.
            tags: the note among them.
        """
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        with in_words(self._tracking_uri):
            self.experiment.log_batch(
                self.run_id,
                metrics=[Metric(name, value, now, 0) for name, value in metrics.items()],
                params=[Param(name, value[:_MAX_PARAM]) for name, value in params.items()],
                tags=[RunTag(name, value) for name, value in tags.items()],
            )

    def log_table(self, folder: Path) -> None:
        """Log the table of a sweep, as it stands in the sweep's folder, to the parent run."""
        with in_words(self._tracking_uri):
            for path in (
                *folder.glob("table.*"),
                *folder.glob("verdicts.*"),
                *folder.glob("*.png"),
            ):
                self.experiment.log_artifact(self.run_id, str(path))

    def register(
        self, name: str, checkpoint: Path, example: tuple[str, bytes] | None, description: str
    ) -> str:
        """Put the model of this run into the registry; return its version.

        Args:
            name: of the registered model.
            checkpoint: of the run.
            example: name and content of a file that it can be asked with; None: none is known.
            description: of this version, in Markdown.
        """
        of_model = (name, checkpoint, example, description)
        with in_words(self._tracking_uri):
            return register(self.experiment, str(self.run_id), *of_model)

    def end_the_dead(self) -> None:
        """Mark KILLED the runs of this store whose processes are gone."""
        with in_words(self._tracking_uri):
            end_the_dead(self._mlflow_client)

    def end(self, status: str) -> None:
        """Mark the run FINISHED, FAILED or KILLED."""
        try:
            self.flush()
        finally:
            with in_words(self._tracking_uri):
                self.experiment.set_terminated(self.run_id, status)


@contextmanager
def tracked(logger: MlflowLogger | None) -> Iterator[None]:
    """End the logger's run by how the block ends: FINISHED, FAILED (error) or KILLED (signal).

    A trial of a search that was pruned is FINISHED, with a tag that says so.
    """
    try:
        with watched(logger):
            yield
    except BaseException as ending:
        let_go(ending)
        ending = meant(ending)
        if isinstance(ending, PrunedError) and logger is not None:
            logger.experiment.set_tag(logger.run_id, "pruned", str(ending))
            logger.end("FINISHED")
            raise
        _end(logger, "FAILED" if isinstance(ending, Exception) else "KILLED")
        raise
    if logger is not None:
        logger.end("FINISHED")


def watched(logger: MlflowLogger | None) -> Any:
    """Return a block during which the run's machine is watched, where `system_metrics` says so."""
    if logger is None:
        return nullcontext()
    return monitored(logger.system_metrics, str(logger.run_id), str(logger._tracking_uri))


def _end(logger: MlflowLogger | None, status: str) -> None:
    """End the run of a block that failed; that its tracker fails too must not hide the reason."""
    if logger is not None:
        try:
            logger.end(status)
        except (MusoError, OSError) as error:
            log.warning("%s; the next start marks this run KILLED", error)
