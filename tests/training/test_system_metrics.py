"""Watching the machine is an option, refused where the package that looks at it is missing."""

import sys
from types import ModuleType
from typing import Any

import pytest

from muso_exp.errors import ConfigError
from muso_exp.training import system_metrics
from muso_exp.training.system_metrics import check_system_metrics, monitored


def test_without_psutil_it_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_metrics, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="needs psutil; install it: pip install psutil"):
        check_system_metrics(True)
    check_system_metrics(False)


def test_the_machine_is_watched_while_the_block_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Monitor:
        def __init__(self, run_id: str, sampling_interval: float, tracking_uri: str) -> None:
            said.append(f"{run_id} {sampling_interval} {tracking_uri}")

        def start(self) -> None:
            said.append("start")

        def finish(self) -> None:
            said.append("finish")

    module: Any = ModuleType("mlflow.system_metrics.system_metrics_monitor")
    module.SystemMetricsMonitor = Monitor
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(ValueError, match="of the run"), monitored(True, "r", "sqlite:///x"):
        said.append("run")
        raise ValueError("of the run")
    assert said == ["r 5 sqlite:///x", "start", "run", "finish"]
    with monitored(False, "r", "sqlite:///x"):
        assert len(said) == 4
