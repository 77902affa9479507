"""What Hydra does around a sweep: a parent run in MLflow, and the table over its jobs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import RunMode
from msgspec.structs import replace
from omegaconf import DictConfig, OmegaConf

from muso_exp.errors import ConfigError, MusoError, Through
from muso_exp.experiment import ledger
from muso_exp.experiment.continued import AUTO, sweep_key, taken_up, unfinished
from muso_exp.experiment.job_server import end_server, start_server
from muso_exp.experiment.listing import conf_folders
from muso_exp.experiment.objective import (
    check_named,
    end_with_the_grid,
    run_once,
)
from muso_exp.experiment.overrides import check_choice
from muso_exp.experiment.quick_omegaconf import read_yaml
from muso_exp.experiment.remembered import known
from muso_exp.experiment.search_plan import make_plan, searches
from muso_exp.experiment.sources import code_hash
from muso_exp.experiment.sweep_state import SweepState, read_state, write_state
from muso_exp.experiment.swept import swept_keys, values_of, what_differs
from muso_exp.redaction import redact, redacted
from muso_exp.text import visible
from muso_exp.training.folders import await_claim, claim, is_worker, lock_tags

VERBOSE = "MUSO_VERBOSE"  # environment: whole cards and tables are printed, of a sweep's jobs too
FOLDER = "MUSO_SWEEP"  # environment: the folder of a sweep, for jobs of any experiment
OWN_FOLDER = "${hydra:runtime.output_dir}"  # paths.run, as conf/config.yaml has it
_LONG = 8  # characters of a number that a name shows as it is
NUMBERS = re.compile(r"\$\{hydra\.job\.(num|id)\}")
NAMES = re.compile(r"\$\{(hydra\.job\.override_dirname|name|seed|scale|variant)\}")
_open: dict[str, Any] = {"parent": None}


class WorkingFolderConf(SearchPathPlugin):
    """Look for configuration of the user's too, so that users of a wheel can add experiments."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the working folder's conf, and those of plugins, after the package's own."""
        known = {str(item.path).removeprefix("file://") for item in search_path.get_path()}
        for folder in conf_folders():
            if folder.is_dir() and str(folder) not in known:
                search_path.append("users", f"file://{folder}")


class SweepTable(Callback):
    """Claim the folder before Hydra writes into it; keep the parent run and the table of a sweep.

    Hydra warns of an Exception in a callback and goes on, hence `Through`.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Claim the folder of a single run."""
        with _through_hydra():
            _check_names(config)
            if is_worker():
                await_claim(config.hydra.run.dir)
            else:
                claim(config.hydra.run.dir, config.get("ckpt"))

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Claim the sweep's folder and start the parent run; jobs find it in the environment."""
        from pytorch_lightning.loggers import Logger

        from muso_exp.experiment.build import build
        from muso_exp.training.tracking import PARENT_RUN

        with _through_hydra():
            _check_names(config)
            _check_choices(config)
            if searches(config.hydra):
                make_plan(config)
            else:
                check_named(config.get("objective"), config.hydra)
            for doubled in run_once(config.hydra):
                sys.stderr.write(f"muso_exp: {doubled}: a value is given twice; each runs once\n")
            if size := end_with_the_grid(config.hydra):
                sys.stderr.write(f"muso_exp: the search has {size} settings; each is tried once\n")
            _check_subdir(config)
            _check_run_folder(config)
            start_server(config)  # before anything is opened or locked
            state = _claim_sweep(config)
            folder = Path(config.hydra.sweep.dir)
            os.environ.pop(PARENT_RUN, None)
            known().done.clear()
            tags = {"folder": folder.name, **lock_tags(folder)}
            own = {"continues": state.tracked} if state.tracked else {}
            _open["parent"] = build(config.logger, Logger, run_name=folder.name, tags=tags, **own)
            tracked = _open["parent"].run_id if _open["parent"] else None
            write_state(folder, replace(state, tracked=tracked))
        if _open["parent"]:
            os.environ[PARENT_RUN] = _open["parent"].run_id

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write the table into the sweep's folder; its path is the last line printed."""
        folder = Path(config.hydra.sweep.dir)
        end_server()
        with _through_hydra():
            jobs = ledger.read(folder)
            failed = ledger.failures(jobs)
            # a search has what it is for once the chosen setting is tested
            searched = searches(config.hydra) and jobs[-1].state == "done"
            try:
                if any(job.folder for job in jobs if job not in failed):  # parts of data have none
                    from muso_exp.experiment.sweep_table import write_table

                    write_table(folder, config, brief=not os.environ.get(VERBOSE))
            except MusoError as error:
                sys.stderr.write(redact(f"muso_exp: no table in {folder}: {error}\n"))
                sys.exit(error.exit_code)
            if _open["parent"]:
                _log_sweep(_open["parent"], config, folder, jobs)
            if not failed or searched:
                write_state(folder, replace(read_state(folder), finished=True))
            end_parent("FAILED" if failed and not searched else "FINISHED")
        sys.stdout.write(f"{folder}\n")
        if failed:
            words = visible(redact(f"{folder / ledger.JOBS}: {ledger.in_words(jobs)}"))
            sys.stderr.write(f"muso_exp: {words}\n")
            sys.exit(0 if searched else 1)


def _claim_sweep(config: DictConfig) -> SweepState:
    """Claim a folder for the sweep: that of an unfinished one of the same command, or a new one."""
    key = sweep_key(config)
    swept = list(make_plan(config).space) if searches(config.hydra) else swept_keys(config.hydra)
    state = SweepState(swept, key, code_hash())
    before = unfinished(config, key) if config.rerun == AUTO else None
    folder, state = before or (Path(config.hydra.sweep.dir), state)
    claim(folder, going_on=before is not None)
    os.environ[FOLDER] = str(folder)
    if before:
        sys.stderr.write(visible(f"muso_exp: {taken_up(folder)}") + "\n")
    return state


def end_parent(status: str) -> None:
    """Mark the tracked parent of the sweep FINISHED, FAILED or KILLED, unless it has ended."""
    parent, _open["parent"] = _open["parent"], None
    if parent:
        parent.end(status)


def mark_dead_runs() -> None:
    """Mark KILLED in the tracker the runs whose processes are gone, where the sweep is tracked."""
    if _open["parent"]:
        _open["parent"].end_the_dead()


def _log_sweep(parent: Any, config: DictConfig, folder: Path, jobs: list[ledger.Job]) -> None:
    """Give the tracked parent what was swept, the best job, counts and the table."""
    from muso_exp.evaluation.finished import find_runs
    from muso_exp.evaluation.tracked import NOTE, tags
    from muso_exp.experiment import sweep_summary

    runs = find_runs([folder]) if any(folder.glob("*/metrics.json")) else []
    found = tags(runs[0].record) if runs else {}
    common = {key: value for key, value in found.items() if key not in ("verdict", "claims")}
    values = sweep_summary.swept_values(config)
    note = redact(sweep_summary.note(runs, jobs, folder))
    parent.log_sweep(values, sweep_summary.metrics(runs, jobs), {**common, NOTE: note})
    parent.log_table(folder)
    names, more = sweep_summary.leading_metrics(runs, config)
    parent.show_sweep(names, more, list(values))
    links = f"{parent.link_to_jobs()}\n  as a table: {parent.link_to_jobs('TABLE')}"
    sys.stderr.write(f"MLflow (make ui): {redact(links)}\n")


@contextmanager
def _through_hydra() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise Through from error


def _check_names(config: DictConfig) -> None:
    """Raise ConfigError where Hydra would write its files elsewhere than into the run's folder."""
    if config.hydra.output_subdir not in (None, ".hydra"):
        raise ConfigError(
            f"hydra.output_subdir={config.hydra.output_subdir}: only .hydra, or null for none"
        )


def _check_choices(config: DictConfig) -> None:
    """Raise ConfigError for a scale or a row that is not there: once, not in each job."""
    for key, known_ones in (("scale", config.get("sizes")), ("variant", config.get("variants"))):
        if OmegaConf.is_dict(known_ones):
            for value in values_of(config.hydra, key) or [config[key]]:
                check_choice(key, value, known_ones)


def _check_subdir(config: DictConfig) -> None:
    """Raise ConfigError for a `hydra.sweep.subdir` that may lead out of the sweep's folder.

    Its value is only known when Hydra writes into it, so that it may hold but names.
    """
    sweep: Any = OmegaConf.to_container(config.hydra.sweep, resolve=False)
    raw = str(sweep["subdir"])
    numbered = NUMBERS.sub("0", raw)
    plain = NAMES.sub("x", numbered)
    leads_out = Path(plain).is_absolute() or ".." in Path(plain).parts or not Path(plain).parts
    risky = plain != numbered and any(".." in str(item) for item in config.hydra.overrides.task)
    if leads_out or risky or "$" in plain:
        raise ConfigError(
            f"hydra.sweep.subdir={raw}: only folders inside the sweep's, named by text, "
            "${hydra.job.num}, ${hydra.job.override_dirname}, ${name}, ${seed}, ${scale}, "
            "${variant}"
        )


def _check_run_folder(config: DictConfig) -> None:
    """Raise ConfigError for one folder that all runs of a sweep would share."""
    place: Any = OmegaConf.to_container(config.paths, resolve=False)
    if place["run"] != OWN_FOLDER:
        raise ConfigError(
            f"paths.run={place['run']}: each run of a sweep has a folder of its own; name the "
            "sweep's, hydra.sweep.dir=..."
        )


def table_beside(run: Path) -> str | None:
    """Return the link to the table of the sweep that a run is of, from the run's folder."""
    if not in_sweep():
        return None
    from muso_exp.evaluation.rendering import link_to

    return link_to(Path(HydraConfig.get().sweep.dir) / "table.html", run)


def short_name() -> str:
    """Return what sets this run apart in its sweep, `lr=0.1 seed=1`; "" of a single run."""
    if not in_sweep():
        return ""
    hydra = HydraConfig.get()
    differs = what_differs(hydra.overrides.task, read_state(Path(hydra.sweep.dir)).swept)
    words = [word.rpartition("=") for word in differs.split(" ") if word]
    return " ".join(f"{key.rpartition('.')[2]}={_short(value)}" for key, _, value in words)


def _short(value: str) -> str:
    """Return a value as a name shows it: of a number that was drawn four digits are enough."""
    try:
        return value if len(value) <= _LONG else f"{float(value):.4g}"
    except ValueError:
        return value


def in_sweep() -> bool:
    """Return whether this run is one of a sweep or table."""
    return HydraConfig.initialized() and HydraConfig.get().mode is RunMode.MULTIRUN


def done_before(settings: str) -> tuple[dict[str, Any], Path] | None:
    """Return metrics.json and folder of the run of this sweep that had the same settings."""
    return known().done.get(settings)


def note_done(settings: str, record: dict[str, Any], folder: Path) -> None:
    """Remember a run of this sweep by the hash of its settings (`config_hash`)."""
    known().done[settings] = record, folder


def redact_hydra_files() -> None:
    """Take secrets out of what Hydra wrote of the configuration before the job began."""
    runtime, sweep = HydraConfig.get().runtime, HydraConfig.get().sweep
    files = list((Path(runtime.output_dir) / ".hydra").glob("*.yaml"))
    if in_sweep():
        files += Path(sweep.dir).glob("multirun.yaml")
    for path in files:
        written = read_yaml(path)
        if (kept := redacted(written)) == written:
            continue
        text = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)  # jobs of a sweep may do so at once
