"""Calls of the program with a package of a user's own, and what they must leave."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from muso_exp.features.ranking_formulas import FORMULAS

PACKAGE = Path(__file__).parent / "outside" / "tiny_taste"
PLUGIN = "plugins=[tiny_taste]"
SMOKE = ("scale=smoke", "resamples=20", "logger=none", "callbacks.progress=null")
DIARY = (PLUGIN, "+experiment=diary", *SMOKE)
WMF = ("+experiment=wmf", *SMOKE)


def copied(folder: Path) -> Path:
    """Copy the package to a folder outside the repository; its formula is compiled once there."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "tiny_taste", ignore=ignored)
    return folder


def at_home(tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the working folder; packages of the user's own are forgotten at the end."""
    formulas = dict(FORMULAS)
    monkeypatch.setenv("MUSO_PLUGINS", "")
    monkeypatch.syspath_prepend(outside)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    forget()
    FORMULAS.clear()
    FORMULAS.update(formulas)


def forget() -> None:
    """Be as a process that has imported no package of the user's own."""
    os.environ["MUSO_PLUGINS"] = ""
    for name in [name for name in sys.modules if name.partition(".")[0].endswith("_taste")]:
        del sys.modules[name]
    for name in [name for name, one in FORMULAS.items() if "_taste" in one.function.__module__]:
        del FORMULAS[name]


def finished(result: tuple[int, str, str]) -> dict:
    """What a run that ended well recorded."""
    status, out, err = result
    assert status == 0, err
    folder = Path(out.splitlines()[-1])
    return json.loads((folder / "metrics.json").read_text()) | {"folder": folder}


def refused(result: tuple[int, str, str], reason: str, home: Path) -> None:
    """Assert that a call ended in one line that holds the reason, and left nothing."""
    status, out, err = result
    lines = [line for line in err.splitlines() if ": scale smoke" not in line]
    assert status != 0 and out == ""
    assert len(lines) == 1 and re.search(reason, lines[0]), err
    assert not list((home / "outputs").glob("*/*"))


def package(home: Path, name: str, conf: bool = True, **modules: str) -> None:
    """Write a package of the user's own."""
    folder = home / name
    (folder / "conf" / "experiment" if conf else folder).mkdir(parents=True)
    for module, text in {"__init__": "", **modules}.items():
        (folder / f"{module}.py").write_text(text)
