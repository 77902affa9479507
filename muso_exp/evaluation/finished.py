"""Finished runs: found, checked and read, and what they hold beside each null model."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
from msgspec import Struct
from pyarrow import parquet

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.evaluation.verdicts import VERSUS_NULL
from muso_exp.opening import check_unpacked, is_file, read_whole

log = logging.getLogger(__name__)

FOLD = re.compile(r"fold_\d+")  # a row of a table over folds, as genre_cnn has them
BEST_NULL = "best null"  # of a run of before each null model was kept
Number = float | None  # None stands for NaN
Interval = tuple[Number, Number]


class _Data(Struct):
    name: str
    simulated: bool
    published: bool


class _Claim(Struct):
    source: str
    metric: str
    reported: Number
    of: str
    condition: str
    measured: Number
    interval: Interval | None
    verdict: str
    reason: str
    best_null: str
    null_value: Number
    reported_vs_null: str | None


class _Versus(Struct):
    metric: str
    measured: Number
    interval: Interval
    best_null: str
    null_value: Number
    difference: Number
    difference_interval: Interval | None
    verdict: str
    higher_is_better: bool | None
    because_of: list[str] = []
    could_show: Number = None


class _Finding(Struct):
    text: str
    level: Literal["warning", "note"]


class _Record(Struct):
    """What pages, tables and comparisons read of metrics.json; a run writes more."""

    experiment: str
    variant: str | None
    seed: int
    scale: str
    data: _Data
    metrics: dict[str, Number]
    intervals: dict[str, Interval]
    claims: list[_Claim]
    versus: list[_Versus]
    test_units: dict[str, str]
    n: dict[str, int | float]
    audit: list[_Finding]
    overrides: list[str] = []
    config: str = ""
    settings: dict[str, Any] | None = None
    defaults: list[str] = []
    seconds: dict[str, float] = {}


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
        found = sorted(record_files(place), key=_place_in_order)
        if not found:
            raise ConfigError(f"{place}: no finished run here (a metrics.json); run one first")
        for path in found:
            try:
                runs[path.parent] = load_run(path.parent)
            except ConfigError as error:
                if not skip_damaged:
                    raise
                log.warning("left out: %s", error)
    if not runs:
        raise ConfigError("no finished run here can be read; run one first")
    return list(runs.values())


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


def find_same(folder: Path, is_same: Callable[[dict[str, Any]], bool]) -> Finished | None:
    """Return the newest finished run below `folder` whose record `is_same` takes, or None."""
    paths = [path for path in folder.glob("**/metrics.json") if path.is_file()]
    for path in sorted(paths, key=lambda path: path.stat().st_mtime)[::-1]:
        try:
            if is_same(read_record(path.parent)):
                return load_run(path.parent)
        except ConfigError as error:
            log.warning("not looked at: %s", error)
    return None


def read_whole_run(folder: Path) -> Finished:
    """Return a run all of whose files are there and can be read.

    Raises:
        ConfigError: one is missing, torn or empty.
    """
    run = load_run(folder)
    for name in ("report.md", "report.html"):
        if not is_file(folder / name) or (folder / name).stat().st_size == 0:
            raise ConfigError(f"{folder}: not a whole run folder (no {name})")
    path = folder / "predictions.parquet"
    try:
        with parquet.ParquetFile(path) as file:
            file.read()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ConfigError(f"{folder}: not a whole run folder ({path.name}: {error})") from error
    return run


def record_files(place: Path) -> Iterator[Path]:
    """Yield metrics.json of each finished run below a place; the tracker keeps copies of them."""
    for path in place.glob("**/metrics.json"):
        if "artifacts" not in path.relative_to(place).parts:
            yield path


def _place_in_order(path: Path) -> tuple[str, int, str]:
    """Sort jobs of a sweep by number, everything else by name."""
    name = path.parent.name
    return (str(path.parent.parent), int(name) if name.isdecimal() else -1, name)


def load_run(folder: Path) -> Finished:
    """Return a run with its samples.

    Raises:
        ConfigError: a file that is torn, or not what a run writes.
    """
    record, path = read_record(folder), folder / "samples.parquet"
    try:
        samples = _read_numbers(path)
    except (DataFormatError, OSError, ValueError, pa.ArrowException) as error:
        raise ConfigError(f"{folder}: not a whole run folder ({error})") from error
    run = Finished(folder, record, samples)
    absent = [name for name in record["metrics"] if not _has_samples(run, name)]
    if absent or samples.empty:
        lacks = f"no samples of {absent[0]}" if absent else "no rows"
        raise ConfigError(f"{folder}: not a whole run folder (samples.parquet has {lacks})")
    return run


def _has_samples(run: Finished, metric: str) -> bool:
    """Return whether a metric has samples, and differences to null models where one was scored."""
    undefined = None in (run.record["metrics"][metric], versus_row(run, metric)["null_value"])
    return metric in run.samples and (undefined or bool(difference_samples(run, metric)))


def _read_numbers(path: Path) -> pd.DataFrame:
    """Return a Parquet table of numbers, once it is known not to fill the memory.

    Raises:
        DataFormatError: something else, or more than `opening.open_data` lets unpack.
    """
    if not is_file(path):
        raise DataFormatError(path, "not found")
    with parquet.ParquetFile(path) as file:
        kinds = {field.name: field.type for field in file.schema_arrow}
        odd = [name for name, kind in kinds.items() if not pa.types.is_floating(kind)]
        if odd:
            raise DataFormatError(path, "a column of no numbers", column=odd[0])
        facts = file.metadata
        groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
        rows = max(facts.num_rows, sum(group.num_rows for group in groups))
        packed = sum(group.total_byte_size for group in groups)
        check_unpacked(path, max(packed, rows * 8 * len(kinds)))
        return file.read().to_pandas()


def read_record(folder: Path) -> dict[str, Any]:
    """Return metrics.json of a run.

    Raises:
        ConfigError: it is torn, empty, or not what a run writes.
    """
    try:
        raw = read_whole(folder / "metrics.json", longest=None)
        record = msgspec.json.decode(raw, type=dict[str, Any])
        known = msgspec.convert(record, _Record)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{folder}: metrics.json is not of a run: {error}") from error
    except (DataFormatError, ValueError, RecursionError) as error:
        raise ConfigError(f"{folder}: metrics.json cannot be read ({error})") from error
    compared = {row.metric for row in known.versus}
    for name in known.metrics:
        if name not in known.intervals or name not in compared:
            raise ConfigError(
                f"{folder}: metrics.json is not of a run: no interval or null of {name}"
            )
    return record
