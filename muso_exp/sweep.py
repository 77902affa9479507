"""What Hydra does around a sweep: a parent run in MLflow, and the table over its jobs."""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import RunMode
from omegaconf import DictConfig

from muso_exp.errors import MusoError
from muso_exp.text import visible

FAILED = "failed.txt"  # in the folder of a sweep


class WorkingFolderConf(SearchPathPlugin):
    """Look for configuration in ./conf too, so that users of a wheel can add experiments."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the working folder's conf after the package's own."""
        own = Path.cwd() / "conf"
        known = {str(item.path).removeprefix("file://") for item in search_path.get_path()}
        if own.is_dir() and str(own) not in known:
            search_path.append("working-folder", f"file://{own}")


class SweepTable(Callback):
    """Open a parent MLflow run before a sweep; print, write and log the table after it."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Start the parent run; jobs find it through the environment, in other processes too."""
        from muso_exp.build import build
        from muso_exp.tracking import PARENT_RUN

        folder = Path(config.hydra.sweep.dir)
        os.environ.pop(PARENT_RUN, None)
        self.parent = build(config.logger, run_name=folder.name, tags={"folder": folder.name})
        if self.parent:
            os.environ[PARENT_RUN] = self.parent.run_id
            atexit.register(self.parent.end, "KILLED")

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write the table into the sweep's folder; its path is the last line printed."""
        folder = Path(config.hydra.sweep.dir)
        try:
            _write_table(folder, config)
        except MusoError as error:  # Hydra would warn of it and end well
            sys.stderr.write(f"muso_exp: no table in {folder}: {error}\n")
            sys.exit(error.exit_code)
        except Exception:
            traceback.print_exc()
            sys.exit(1)
        failed = folder / FAILED
        if self.parent:
            self.parent.log_table(folder)
            atexit.unregister(self.parent.end)
            self.parent.end("FAILED" if failed.is_file() else "FINISHED")
        sys.stdout.write(f"{folder}\n")
        if failed.is_file():
            n_failed = len(failed.read_text(encoding="utf-8").splitlines())
            sys.stderr.write(f"muso_exp: not in the table: {n_failed} runs that failed, {failed}\n")
            sys.exit(1)


def _write_table(folder: Path, config: DictConfig) -> None:
    from muso_exp.build import plain
    from muso_exp.comparison import comparison_table, find_runs
    from muso_exp.tables import write_comparison

    names = [str(name) for name in plain(config.table_metrics)]
    table = comparison_table(find_runs([folder]), names, mean=config.table_mean)
    write_comparison(folder, config.name, config.paper.document, table)


def in_sweep() -> bool:
    """Return whether this run is one of a sweep or table."""
    return HydraConfig.initialized() and HydraConfig.get().mode is RunMode.MULTIRUN


def note_failure(run: Path, overrides: str, reason: str) -> None:
    """Write into the sweep's folder which of its runs failed and why; the table is then of others.

    Args:
        run: folder of the job.
        overrides: what sets it apart.
        reason: one line.
    """
    run.parent.mkdir(parents=True, exist_ok=True)
    with (run.parent / FAILED).open("a", encoding="utf-8") as file:
        file.write(visible(f"{run.name}: {overrides}: {reason}") + "\n")
