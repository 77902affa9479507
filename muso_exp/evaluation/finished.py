"""Finished runs: found, read, and what they hold beside each null model."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.errors import ConfigError
from muso_exp.evaluation.scores import VERSUS_NULL

log = logging.getLogger(__name__)

_NEEDED = ("experiment", "variant", "seed", "scale", "data", "metrics", "intervals", "versus")
BEST_NULL = "best null"  # of a run of before each null model was kept


@dataclass(frozen=True)
class Finished:
    """A finished run: its folder, its metrics.json and its bootstrap samples."""

    folder: Path
    record: dict[str, Any]
    samples: pd.DataFrame

    @property
    def label(self) -> str:
        """Return the variant's name and the folder's."""
        return " ".join(filter(None, [self.record["variant"], self.folder.name]))


def find_runs(places: Iterable[Path], skip_damaged: bool = False) -> list[Finished]:
    """Return the finished runs in these folders (runs, sweeps, experiments, or all outputs).

    Args:
        places: the folders.
        skip_damaged: leave out a run whose files cannot be read, with a warning that names it.

    Raises:
        ConfigError: no finished run in one of the places, or a damaged one.
    """
    runs: dict[Path, Finished] = {}
    for place in places:
        found = sorted(_finished(place), key=_place_in_order)
        if not found:
            raise ConfigError(f"{place}: no finished run here (a metrics.json); run one first")
        for path in found:
            try:
                runs[path.parent] = _load(path.parent)
            except ConfigError as error:
                if not skip_damaged:
                    raise
                log.warning("left out: %s", error)
    if not runs:
        raise ConfigError("no finished run here can be read; run one first")
    return list(runs.values())


def _finished(place: Path) -> Iterator[Path]:
    """Yield metrics.json of each run below a place; the tracker keeps copies of them."""
    for path in place.glob("**/metrics.json"):
        if "artifacts" not in path.relative_to(place).parts:
            yield path


def versus_row(run: Finished, metric: str) -> dict[str, Any]:
    """Return how a run stands to its null models by a metric, from metrics.json."""
    return next(row for row in run.record["versus"] if row["metric"] == metric)


def difference_samples(run: Finished, metric: str) -> dict[str, np.ndarray]:
    """Return the samples of the difference to each null model, (n_resamples,), by its name.

    An older run has those of its best one alone.
    """
    prefix = f"{VERSUS_NULL}{metric}/"
    columns = [str(name) for name in run.samples if str(name).startswith(prefix)]
    found = {name.removeprefix(prefix): run.samples[name].to_numpy() for name in columns}
    old = VERSUS_NULL + metric
    return found or ({BEST_NULL: run.samples[old].to_numpy()} if old in run.samples else {})


def find_same(folder: Path, config: str) -> Finished | None:
    """Return the newest finished run below `folder` with this configuration hash, or None."""
    for path in sorted(folder.glob("**/metrics.json"), key=lambda p: p.stat().st_mtime)[::-1]:
        try:
            if _read_record(path.parent).get("config") == config:
                return _load(path.parent)
        except ConfigError as error:
            log.warning("not looked at: %s", error)
    return None


def _load(folder: Path) -> Finished:
    record = _read_record(folder)
    try:
        return Finished(folder, record, pd.read_parquet(folder / "samples.parquet"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder}: not a whole run folder ({error})") from error


def _read_record(folder: Path) -> dict[str, Any]:
    """Return metrics.json of a run.

    Raises:
        ConfigError: it is torn, empty, or not what a run writes.
    """
    try:
        record = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder}: metrics.json cannot be read ({error})") from error
    absent = [name for name in _NEEDED if not isinstance(record, dict) or name not in record]
    if absent:
        raise ConfigError(f"{folder}: metrics.json is not of a run: no {absent[0]}")
    return record


def _place_in_order(path: Path) -> tuple[str, int, str]:
    """Sort jobs of a sweep by number, everything else by name."""
    name = path.parent.name
    return (str(path.parent.parent), int(name) if name.isdigit() else -1, name)
