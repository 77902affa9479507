"""What the pages are of: the folder of runs, and the folders whose files may be read."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from muso_exp.errors import ConfigError

log = logging.getLogger(__name__)

_KEPT = 3  # models in memory


@dataclass(frozen=True)
class Listed:
    """A finished run as the list has it.

    Attributes:
        name: its folder below the folder of runs, `wmf/2026-11-29_06-17-51-81c3c0`.
        folder: the same as a path.
        record: its metrics.json.
        time: when it ended, seconds since 1970.
    """

    name: str
    folder: Path
    record: dict[str, Any]
    time: float

    @property
    def label(self) -> str:
        """Return experiment, variant and folder, in one line."""
        experiment, variant = self.record["experiment"], self.record["variant"]
        shown = f"{experiment} {variant}" if variant else experiment
        return f"{shown}, {self.name.removeprefix(f'{experiment}/')}"


@dataclass
class Site:
    """The folders that the pages read.

    Attributes:
        outputs: folder of runs.
        allowed: folders whose files may be read, besides those of runs.
        hosts: what the address may be called.
    """

    outputs: Path
    allowed: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = ()
    _known: dict[Path, tuple[float, Listed | None]] = field(default_factory=dict)
    _trained: dict[tuple[Path, float], tuple[Any, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _loading: threading.Lock = field(default_factory=threading.Lock)

    def runs(self) -> list[Listed]:
        """Return the finished runs, the last one first; a damaged one is left out and logged."""
        from muso_exp.evaluation.finished import record_files

        with self._lock:
            found = {}
            for path in record_files(self.outputs):
                try:
                    changed = path.stat().st_mtime
                except OSError:
                    continue  # deleted meanwhile
                before = self._known.get(path)
                same = before is not None and before[0] == changed
                found[path] = before if same and before else (changed, self._read(path, changed))
            self._known = found
        listed = [run for _, run in found.values() if run is not None]
        return sorted(listed, key=lambda run: run.time, reverse=True)

    def _read(self, path: Path, changed: float) -> Listed | None:
        from muso_exp.evaluation.finished import read_record

        try:
            record = read_record(path.parent)
        except ConfigError as error:
            log.warning("left out: %s", error)
            return None
        name = path.parent.relative_to(self.outputs).as_posix()
        return Listed(name, path.parent, record, changed)

    def run(self, name: str) -> Listed:
        """Return a run by its name.

        Raises:
            ConfigError: it is no finished run, or no longer there.
        """
        for run in self.runs():
            if run.name == name:
                return run
        raise ConfigError(f"{name}: no such finished run in {self.outputs}; was it deleted?")

    def runs_of(self, name: str) -> list[Path]:
        """Return the folders of a run, or of all finished runs of a sweep, by its name.

        Raises:
            ConfigError: there is no such run, or it is no longer there.
        """
        runs = [run.folder for run in self.runs() if run.name.startswith(f"{name}/")]
        return runs or [self.run(name).folder]

    def trained(self, name: str) -> tuple[Any, Any]:
        """Return data set and model of a run; those of the last few are kept.

        Raises:
            MusoError: no such run, or its checkpoint cannot be loaded.
        """
        from muso_exp.trained import find_trained, load_trained

        checkpoint = find_trained(str(self.run(name).folder))
        key = (checkpoint, checkpoint.stat().st_mtime)
        with self._loading:
            if key not in self._trained:
                while len(self._trained) >= _KEPT:
                    del self._trained[next(iter(self._trained))]
                self._trained[key] = load_trained(checkpoint)
            return self._trained[key]

    def of_data(self, *kinds: str) -> dict[str, str]:
        """Return name -> label of the runs on data sets whose names begin with one of `kinds`."""
        runs = self.runs()
        return {r.name: r.label for r in runs if r.record["data"]["name"].startswith(kinds)}

    def of_folds(self, *kinds: str) -> dict[str, str]:
        """Return name -> label of the sweeps over folds on data sets of one of `kinds`."""
        from muso_exp.evaluation.finished import FOLD

        sweeps: dict[str, list[Listed]] = {}
        for run in self.runs():
            is_fold = FOLD.fullmatch(run.record["variant"] or "") and run.folder.name.isdecimal()
            if is_fold and run.record["data"]["name"].startswith(kinds):
                sweeps.setdefault(run.name.rpartition("/")[0], []).append(run)
        return {
            name: f"{runs[0].record['experiment']}, {len(runs)} folds, {name.rpartition('/')[2]}"
            for name, runs in sweeps.items()
        }

    def file(self, text: str) -> Path:
        """Return a file or folder that a user names, if it may be read.

        Args:
            text: path as typed; one that is not absolute is sought below each allowed folder.

        Raises:
            ConfigError: no folder is allowed, it lies in none of them, or it is not there.
        """
        if not self.allowed:
            raise ConfigError(
                "no files may be read: start with --allow FOLDER, for the folder they lie in"
            )
        if "\0" in text or not text.strip():
            raise ConfigError("type the path of a file")
        for root in self.allowed:
            path = (root / Path(text.strip()).expanduser()).resolve()
            if path.is_relative_to(root) and path.exists():
                return path
        named = ", ".join(map(str, self.allowed))
        raise ConfigError(f"{text}: not found below the folders that may be read ({named})")


def allowed_folders(folders: list[Path]) -> tuple[Path, ...]:
    """Return folders given as `--allow`, without links in their paths.

    Raises:
        ConfigError: one that is no folder.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"--allow {folder}: no folder; give the folder your files lie in")
    return tuple(folder.resolve() for folder in folders)
