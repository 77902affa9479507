"""Load, memory, disk and network of the machine during a run, as MLflow's own monitor logs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from typing import Any

from muso_exp.errors import ConfigError

SECONDS = 5  # between two looks


def check_system_metrics(wanted: bool) -> None:
    """Raise ConfigError if the machine is to be watched without the package that looks at it."""
    if wanted and find_spec("psutil") is None:
        raise ConfigError(
            "logger.system_metrics=true: needs psutil; install it: pip install psutil (of a GPU "
            "nvidia-ml-py too), or leave it out"
        )


def monitored(wanted: bool, run_id: str, tracking_uri: str) -> Any:
    """Return a block during which the machine is watched, where that is wanted.

    Args:
        wanted: `logger.system_metrics`.
        run_id: of the run that the figures go to, as `system/...`.
        tracking_uri: of its store.
    """
    return _watched(run_id, tracking_uri) if wanted else nullcontext()


@contextmanager
def _watched(run_id: str, tracking_uri: str) -> Iterator[None]:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(run_id, sampling_interval=SECONDS, tracking_uri=tracking_uri)
    monitor.start()
    try:
        yield
    finally:
        monitor.finish()
