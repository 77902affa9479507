import json
import math
import os
import socket
import time
from pathlib import Path
from unittest.mock import Mock

import mlflow
import pytest
from program import forks
from tracked_runs import make_logger, status

from muso_exp.errors import ConfigError, MusoError
from muso_exp.training.tracking import (
    ARTIFACTS,
    PARENT_RUN,
    TABLES_TAG,
    MlflowLogger,
    tracked,
)
from muso_exp.training.tracking_quiet import silence


def test_metrics_of_many_epochs_arrive_whole_and_in_order(store: str) -> None:
    logger = make_logger(store)
    for epoch in range(1500):
        logger.log_metrics({"train/loss": 1 / (epoch + 1)}, step=epoch)
    with tracked(logger):
        pass
    history = logger.experiment.get_metric_history(logger.run_id, "train/loss")
    assert [point.step for point in history] == list(range(1500))
    assert history[-1].value == 1 / 1500


def test_a_long_parameter_is_cut_and_the_yaml_kept_whole(store: str) -> None:
    logger = make_logger(store)
    logger.log_config({"model.sizes": "9" * 7000}, "model: 9\n")
    run = logger.experiment.get_run(logger.run_id)
    assert len(run.data.params["model.sizes"]) == 6000
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/config.yaml") == "model: 9\n"


def test_a_job_of_a_sweep_hangs_below_its_parent(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = make_logger(store)
    monkeypatch.setenv(PARENT_RUN, parent.run_id)
    child = make_logger(store)
    tags = child.experiment.get_run(child.run_id).data.tags
    assert tags["mlflow.parentRunId"] == parent.run_id


def test_a_folder_store_is_refused_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no longer keeps runs in folders; give sqlite:///"):
        MlflowLogger(tracking_uri=f"file:{tmp_path}", artifact_location=str(tmp_path))


def test_processes_that_open_a_fresh_store_at_once_all_get_a_run(tmp_path: Path) -> None:
    workers = [forks().Process(target=make_logger, args=(str(tmp_path),)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(make_logger(str(tmp_path)).experiment.search_runs(["1"])) == 3


def test_a_run_leaves_no_address_behind_for_the_next_one(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    make_logger(store)
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_the_address_of_a_server_is_not_printed_by_mlflow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """MLflow prints it, with its password, at the end of each run."""
    from mlflow.store.tracking.rest_store import RestStore
    from mlflow.tracking._tracking_service.client import TrackingServiceClient
    from mlflow.utils.rest_utils import MlflowHostCreds

    remote = RestStore(lambda: MlflowHostCreds("http://me:canary@127.0.0.1:9"))
    run = Mock(data=Mock(tags={}), info=Mock(experiment_id="1", run_name="a", run_id="b"))
    monkeypatch.setattr(remote, "get_run", lambda _: run)
    monkeypatch.setattr(TrackingServiceClient, "store", remote)
    monkeypatch.delenv("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", raising=False)
    client = TrackingServiceClient("http://me:canary@127.0.0.1:9")
    client._log_url("b")
    assert "canary" in capsys.readouterr().out
    silence()
    client._log_url("b")
    assert capsys.readouterr().out == ""


def test_a_server_that_does_not_answer_is_given_up_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT", raising=False)
    started = time.monotonic()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and no server listens
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        said = f"^tracking server {place}: does not answer; logger=none runs without$"
        with pytest.raises(MusoError, match=said):
            MlflowLogger(tracking_uri=f"http://me:secret@{place}", artifact_location=str(tmp_path))
    assert time.monotonic() - started < 30
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ


def test_a_store_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("hello world" * 100)
    with pytest.raises(MusoError, match=r"mlflow\.db: file is not a database; move it away"):
        make_logger(str(tmp_path))


def test_what_a_run_concluded_is_a_note_tables_and_a_data_set(store: str, tmp_path: Path) -> None:
    logger = make_logger(store)
    for name in ARTIFACTS:
        (tmp_path / name).write_text("{}")
    (tmp_path / "figures").mkdir()
    logger.log_dataset("plays", "f" * 64, "simulated")
    card = {"a": [1.5, math.nan], "b": ["x", None]}
    logger.log_outcome(tmp_path, {"mlflow.note.content": "**card**"}, {"card.json": card})
    run = logger.experiment.get_run(logger.run_id)
    assert run.data.tags["mlflow.note.content"] == "**card**" and run.data.metrics == {}
    (data,) = run.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("plays", "f" * 36)
    table = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/card.json")
    assert table == {"columns": ["a", "b"], "data": [[1.5, "x"], [None, None]]}
    assert json.loads(run.data.tags[TABLES_TAG]) == [{"path": "card.json", "type": "table"}]
    assert logger.link_to_model("my tastes", "2").endswith(
        "/#/models/my%20tastes/versions/2?workflowType=machine_learning"
    )
    assert logger.link().endswith(
        f"/#/experiments/{logger.experiment_id}/runs/{logger.run_id}?workflowType=machine_learning"
    )


def test_settings_and_what_was_measured_go_to_the_store_in_a_batch_each(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = make_logger(store)
    for name in ARTIFACTS:
        (tmp_path / name).write_text("{}")
    (tmp_path / "figures").mkdir()
    sent, send = [], logger.experiment.log_batch
    monkeypatch.setattr(
        logger.experiment, "log_batch", lambda *args, **kw: sent.append(kw) or send(*args, **kw)
    )
    logger.log_config({f"model.p{n}": n for n in range(90)}, "a: 1")
    for epoch in range(200):
        logger.log_metrics({"train/loss": 1.0, "val/loss": 2.0, "epoch": epoch}, epoch)
    logger.finalize()
    logger.log_metrics({"test/auc": 0.7}, 200)
    logger.leading = ["test/roc_auc"]
    logger.log_metrics({"test/roc_auc": 0.6}, 200)
    logger.log_outcome(tmp_path, {"verdict": "better than null"}, {"card.json": {"a": []}})
    logger.end("FINISHED")
    counts = [{kind: len(rows) for kind, rows in batch.items()} for batch in sent]
    assert counts == [{"params": 90}, {"metrics": 402, "tags": 1}]
    run = logger.experiment.get_run(logger.run_id)
    assert run.data.tags["verdict"] == "better than null" and len(run.data.params) == 90
    assert list(run.data.metrics) == ["test/roc_auc", "test/auc", "train/loss", "val/loss"]


def test_the_parent_of_a_sweep_shows_what_was_swept_and_the_best(store: str) -> None:
    parent = make_logger(store)
    parent.log_sweep({"model.lr": "0.1,0.01"}, {"test/auc": 0.7, "totals/done": 2.0}, {"a": "b"})
    run = parent.experiment.get_run(parent.run_id)
    assert run.data.params == {"model.lr": "0.1,0.01"} and run.data.tags["a"] == "b"
    assert run.data.metrics == {"test/auc": 0.7, "totals/done": 2.0}
    parent.show_sweep(["test/auc"], True, ["model.lr"])
    assert parent.link_to_jobs().endswith(
        f"/#/experiments/{parent.experiment_id}/runs?workflowType=machine_learning"
        f"&viewStateShareKey={parent.run_id}&compareRunsMode=CHART"
    )
    (view,) = [
        json.loads(value)
        for key, value in parent.experiment.get_experiment(parent.experiment_id).tags.items()
        if key == f"mlflow.sharedViewState.{parent.run_id}"
    ]
    assert view["searchFilter"] == f"tags.mlflow.parentRunId = '{parent.run_id}'"
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`test/auc`", False)
    assert view["selectedColumns"] == ["metrics.`test/auc`", "params.`model.lr`"]
    assert [chart["type"] for chart in view["compareRunCharts"]] == ["BAR", "PARALLEL"]
    sections = [chart["metricSectionId"] for chart in view["compareRunCharts"]]
    assert sections == [section["uuid"] for section in view["compareRunSections"]]


def test_a_sweep_that_goes_on_is_the_same_run(store: str) -> None:
    first = make_logger(store)
    first.end("KILLED")
    again = MlflowLogger(
        tracking_uri=f"sqlite:///{store}/mlflow.db",
        artifact_location=f"{store}/mlartifacts",
        continues=first.run_id,
        experiment_name="e",
        run_name="r",
    )
    assert again.run_id == first.run_id and status(again) == "RUNNING"
    again.end("FINISHED")
    gone = MlflowLogger(
        tracking_uri=f"sqlite:///{store}/mlflow.db",
        artifact_location=f"{store}/mlartifacts",
        continues="0" * 32,
        experiment_name="e",
        run_name="r",
    )
    assert gone.run_id not in ("0" * 32, first.run_id) and status(gone) == "RUNNING"
    gone.end("FINISHED")
