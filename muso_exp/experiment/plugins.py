"""A user's own packages: their classes may be a `_target_`, and their `conf/` is searched.

They come from the command line (`plugins=[my_package]`), from an experiment of the user's own
(`plugins:`), from the environment (MUSO_PLUGINS), or from the entry point `muso_exp.plugins`; never
from a run folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from muso_exp.errors import ConfigError
from muso_exp.experiment.quick_omegaconf import read_yaml

ENTRY_POINT = "muso_exp.plugins"
VARIABLE = "MUSO_PLUGINS"  # names with commas between; the processes of a sweep inherit it
OWN = ("muso_exp", "pytorch_lightning", "lightning_fabric")


def packages() -> tuple[str, ...]:
    """Return the packages whose classes may be a `_target_`, plugins in use included."""
    return (*OWN, *plugins())


def is_inside(name: str) -> bool:
    """Return whether a module or class, by its full name, is of one of `packages`."""
    return f"{name}.".startswith(tuple(f"{package}." for package in packages()))


def plugins() -> list[str]:
    """Return the names of the plugins that are in use."""
    return [name for name in os.environ.get(VARIABLE, "").split(",") if name]


def conf_folders() -> list[Path]:
    """Return the configuration of each plugin in use."""
    return [_conf(name) for name in plugins()]


def use(names: Iterable[str]) -> None:
    """Import plugins, and put them to use in this process and those that it starts.

    Raises:
        ConfigError: a package that is not there, fails, or has no conf folder.
    """
    wanted = list(dict.fromkeys([*plugins(), *_installed(), *names]))
    for name in wanted:
        try:
            import_module(name)
        except (Exception, SystemExit) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            if isinstance(error, SystemExit):
                reason = "it ended the program"
            raise ConfigError(f"plugins: {name} cannot be imported: {reason}") from error
        if not _conf(name).is_dir():
            raise ConfigError(
                f"plugins: {name} has no folder conf; put its YAML files there, in groups as "
                "model/, dataset/, experiment/"
            )
    if wanted:
        os.environ[VARIABLE] = ",".join(wanted)


def named(args: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """Return the plugins that a command line names, itself or by its experiments.

    Args:
        args: the command line.
        folders: of configuration, in which experiments are looked for.
    """
    found: list[str] = []
    waiting: list[str] = []
    for arg in args:
        key, _, value = arg.lstrip("+").partition("=")
        if key == "plugins":
            found += [name.strip(" '\"") for name in value.strip("[]").split(",")]
        if key == "experiment":
            waiting += value.split(",")
    seen: set[str] = set()
    while waiting:
        seen.add(name := waiting.pop(0))
        for tree in (load_keys(folder / "experiment" / f"{name}.yaml") for folder in folders):
            given = tree.get("plugins") or []
            found += [given] if isinstance(given, str) else map(str, given)
            bases = [base for base in tree.get("defaults") or [] if isinstance(base, str)]
            waiting += [base for base in bases if base not in seen]
    return [name for name in found if name]


def load_keys(path: Path) -> dict[str, Any]:
    """Return a YAML file as it stands; one that is not there, or has no keys, is empty."""
    tree = read_yaml(path) if path.is_file() else {}
    return {str(key): value for key, value in tree.items()} if isinstance(tree, dict) else {}


def _installed() -> list[str]:
    return [point.value for point in entry_points(group=ENTRY_POINT)]


def _conf(name: str) -> Path:
    package = import_module(name)
    return Path(next(iter(getattr(package, "__path__", ["."])))) / "conf"
