"""`python -m muso_exp doctor`: what this installation has, what it lacks, and how to get that."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from muso_exp.memory import usable_cores
from muso_exp.places import cache_folder, outputs_folder

GIB = 2**30
LITTLE = 10 * GIB  # free disk; a checkpoint of the published DOS net has 2.3 GiB
PACKAGES = ("torch", "pytorch-lightning", "hydra-core", "mlflow", "implicit", "librosa")
EXTRAS = {  # package -> what it is for, and how it is installed
    "nicegui": ("the web application (`app`)", "pip install 'muso_exp[app]'"),
    "av": ("m4a, aac, wma and others", "pip install 'muso_exp[audio]'"),
    "hydra-submitit-launcher": ("sweeps on a SLURM cluster", "pip install 'muso_exp[cluster]'"),
    "sansa": ("model=sansa", "libsuitesparse-dev, then pip install 'muso_exp[sansa]'"),
    "pyspark": ("logs and factors by Spark", "Java 17, then pip install 'muso_exp[spark]'"),
}


class Line(NamedTuple):
    """One thing that was looked at: its state is ok, absent (it is optional) or fault."""

    state: str
    what: str
    found: str
    remedy: str = ""


def doctor() -> None:
    """Look at versions, threads, disk, GPU, MLflow store and cache; exit 1 at a fault."""
    from rich.table import Table

    from muso_exp.terminal import console, styled

    styles = {"ok": "green", "absent": "yellow", "fault": "bold red"}
    shown = Table("", "what", "found", "what helps", box=None, title_justify="left")
    lines = list(_looked_at())
    for line in lines:
        shown.add_row(styled((line.state, styles[line.state])), *map(styled, line[1:]))
    console().print(shown)
    if any(line.state == "fault" for line in lines):
        sys.exit(1)


def _looked_at() -> Iterator[Line]:
    outputs, cache = outputs_folder(), cache_folder()
    yield _python()
    yield from (_package(name) for name in PACKAGES)
    yield _threads()
    yield _memory()
    yield _gpu()
    yield _disk("outputs ($MUSO_OUTPUTS)", outputs)
    yield _disk("cache ($MUSO_CACHE)", cache)
    yield _store(os.environ.get("MLFLOW_TRACKING_URI", f"sqlite:///{outputs / 'mlflow.db'}"))
    yield from (_extra(name, *facts) for name, facts in EXTRAS.items())
    yield _musicnn(cache)
    yield _program("java", "Apache Spark (extra spark)", "install OpenJDK 17 or newer")
    yield _program("ffmpeg", "converting m4a, wma and others", "install ffmpeg")


def _python() -> Line:
    return Line("ok", "Python", f"{sys.version.split()[0]} in {sys.prefix}")


def _package(name: str) -> Line:
    try:
        return Line("ok", name, version(name))
    except PackageNotFoundError:
        return Line("fault", name, "not installed", "make run, or pip install muso_exp")


def _threads() -> Line:
    import torch

    limit = os.environ.get("OMP_NUM_THREADS", "not set")
    return Line(
        "ok", "threads", f"{usable_cores()} cores; torch {torch.get_num_threads()}; OMP {limit}"
    )


def _memory() -> Line:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Line("ok", "memory", f"{total / GIB:.1f} GiB")


def _gpu() -> Line:
    import torch

    if not torch.cuda.is_available():
        return Line(
            "absent", "GPU", "none that torch can use", "trainer=gpu needs one; all else runs"
        )
    names = {torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())}
    return Line("ok", "GPU", f"{torch.cuda.device_count()} x {', '.join(sorted(names))}")


def _disk(what: str, folder: Path) -> Line:
    """Return whether a folder, or the nearest that is there, can be written, and its free space."""
    there = next(path for path in [folder, *folder.absolute().parents] if path.exists())
    if not there.is_dir():
        return Line("fault", what, f"{there}: not a folder", "name another")
    if not os.access(there, os.W_OK):
        return Line(
            "fault", what, f"{there}: cannot be written", "name another, or change its mode"
        )
    free = shutil.disk_usage(there).free
    found = f"{folder.absolute()}: {free / GIB:.1f} GiB free"
    if free < LITTLE:
        return Line(
            "absent", what, found, f"less than {LITTLE // GIB} GiB: scale=paper may not fit"
        )
    return Line("ok", what, found)


def _store(uri: str) -> Line:
    from muso_exp.errors import MusoError
    from muso_exp.redaction import redact
    from muso_exp.training.tracking_store import refuse_unusable

    try:
        return Line("ok", "MLflow store", redact(f"{uri}: {refuse_unusable(uri)}"))
    except MusoError as error:
        said, _, remedy = redact(str(error)).partition("; ")
        return Line("fault", "MLflow store", said, remedy)


def _extra(name: str, purpose: str, command: str) -> Line:
    line = _package(name)
    return (
        line if line.state == "ok" else Line("absent", name, f"not installed: {purpose}", command)
    )


def _musicnn(cache: Path) -> Line:
    from muso_exp.cache import find_cached
    from muso_exp.models.musicnn import FETCHED

    folder = find_cached(cache, FETCHED)
    if folder is None:
        return Line("absent", "MusiCNN weights", "not fetched", "python -m muso_exp fetch musicnn")
    return Line("ok", "MusiCNN weights", str(folder))


def _program(name: str, purpose: str, remedy: str) -> Line:
    place = shutil.which(name)
    return Line("ok", name, place) if place else Line("absent", name, f"none: {purpose}", remedy)
