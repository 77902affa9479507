"""What the command line may append: a key that nothing reads is refused, with the nearest names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from muso_exp.errors import ConfigError
from muso_exp.experiment.listing import conf_folder, conf_folders
from muso_exp.experiment.plugins import load_keys
from muso_exp.text import meant

# Parts whose own keys are checked where they are used: by a constructor, or by Hydra.
CHECKED = ("dataset", "model", "trainer", "logger", "callbacks", "hydra")

# Arguments of Lightning's Trainer that the program sets, and what a user sets instead.
SET_BY_THE_PROGRAM = {
    "logger": "set logger=none or logger=mlflow",
    "callbacks": "append one, '+callbacks.NAME={_target_: ...}', or drop one, callbacks.best=null",
    "plugins": "checkpoints are written by the program's own plugin",
    "use_distributed_sampler": "each process trains on its share of the batches, tests all rows",
    "default_root_dir": "set paths.outputs",
    "enable_checkpointing": "the tested model is read from a checkpoint, and no run is without one",
    "fast_dev_run": "set trainer=quick: one epoch of two batches, everything else as in a real run",
    "limit_test_batches": "the whole test set is tested; set a smaller scale or data set",
    "limit_predict_batches": "a run does not predict; python -m muso_exp predict does",
    "barebones": "set logger=none trainer.enable_progress_bar=false",
    "overfit_batches": "it would change the test set too; set trainer.limit_train_batches",
}

# Groups of which a run needs one, and what to do instead of setting null.
GROUPS = {
    "dataset": "name one of conf/dataset",
    "model": "name one of conf/model",
    "trainer": "name one of conf/trainer, such as default",
    "logger": "no tracking is logger=none",
}


def refuse_unknown(args: Sequence[str]) -> None:
    """Refuse an override of what the program sets itself, and an appended key that nothing reads.

    Keys of config.yaml and of the experiment (with those that it builds on) are known, in ./conf
    and in the folders of --config-dir and hydra.searchpath too.

    Args:
        args: the command line.

    Raises:
        ConfigError: such an override.
    """
    pairs = [arg.partition("=")[::2] for arg in args if not arg.startswith(("-", "~"))]
    for key, value in pairs:
        if value and not key.strip("+"):
            raise ConfigError(f"{key}={value}: no option stands before the equals sign")
        if key in GROUPS and value in ("", "null"):
            raise ConfigError(f"{key}={value}: {GROUPS[key]}")
    groups = {path.name for path in conf_folder().iterdir() if path.is_dir()}
    for key, value in pairs:
        if key.lstrip("+").partition("@")[0] in groups:
            _refuse_nameless(key, value)
    given = [key.lstrip("+") for key, _ in pairs]
    if any(key.partition(".")[0] == "inert" for key in given):
        raise ConfigError("inert: the program knows what cannot change a result; leave it out")
    refuse_trainer_arguments(
        key.removeprefix("trainer.") for key in given if key.startswith("trainer.")
    )
    appended = [(key.lstrip("+"), value) for key, value in pairs if key.startswith("+")]
    folders = _conf_folders(args)
    trees = list(_trees(folders, [value for key, value in appended if key == "experiment"]))
    if not {"model", "model._target_"} & set(given):
        for key in [key for key, _ in appended if key.startswith("model.")]:
            _refuse_beside_rows(trees, key)
    appended = [(key, value) for key, value in appended if not _is_checked(key)]
    if not appended:
        return
    known = _known(trees)
    for name, file in _models(trees).items():  # what a row leaves at its default
        if any(key.startswith(f"models.{name}.") for key, _ in appended):
            known.setdefault("models", set()).update([name, *_arguments(folders, file)])
    for key, value in appended:
        if not any((folder / key.partition("@")[0]).is_dir() for folder in folders):
            _refuse_unless(known, key, value)


def refuse_trainer_arguments(names: Iterable[Any]) -> None:
    """Refuse arguments of Lightning's Trainer that the program sets.

    Args:
        names: of arguments.

    Raises:
        ConfigError: one of `SET_BY_THE_PROGRAM`.
    """
    for name in filter(SET_BY_THE_PROGRAM.__contains__, names):
        raise ConfigError(f"trainer.{name} is set by the program: {SET_BY_THE_PROGRAM[name]}")


def _refuse_nameless(key: str, value: str) -> None:
    """Refuse what is neither a name of a group's files, nor several, nor options: Hydra fails."""
    try:
        chosen = OverridesParser.create().parse_override(f"{key}={value}").value()
    except HydraException:  # is refused where the command line is put into Hydra's grammar
        return
    listed = chosen if isinstance(chosen, list) else [chosen]
    if any(one is None or isinstance(one, (int, float)) for one in listed) or (
        isinstance(chosen, list) and not all(isinstance(one, str) for one in chosen)
    ):
        part = key.lstrip("+").partition("@")[0]
        raise ConfigError(
            f"{key}={value}: a name of conf/{part} is needed; {part}.KEY=null drops a part"
        )


def _is_checked(key: str) -> bool:
    return re.split(r"[./@]", key)[0] in CHECKED


def _refuse_beside_rows(trees: Sequence[dict[str, Any]], key: str) -> None:
    """Refuse an option appended to `model` where each row of a table has a model of its own."""
    for tree in trees:
        if str(tree.get("model")).startswith("${models."):
            raise ConfigError(
                f"+{key}: each row of this table has its own model; set the options of one, "
                f"models.NAME.{key.removeprefix('model.')} (NAME: {', '.join(_models([tree]))})"
            )


def _models(trees: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the models of a table, name -> file: `- /model@models.NAME: FILE` of its defaults."""
    found: dict[str, str] = {}
    for base in [base for tree in trees for base in tree.get("defaults", [])]:
        for place, file in base.items() if isinstance(base, dict) else ():
            if (name := str(place).partition("@models.")[2]) and isinstance(file, str):
                found[name] = file
    return found


def _arguments(folders: Sequence[Path], file: str) -> set[str]:
    """Return what the constructor takes that a file of conf/model names."""
    from muso_exp.experiment.build import parameters  # imports torch

    trees = [load_keys(folder / "model" / f"{file}.yaml") for folder in folders]
    targets = [tree["_target_"] for tree in trees if isinstance(tree.get("_target_"), str)]
    return {name for target in targets for name in parameters({"_target_": target}, object)}


def _refuse_unless(known: dict[str, set[str]], key: str, value: str) -> None:
    """Raise ConfigError unless the first name of a key is known, and in that part its last one."""
    first, *inner = key.split(".")
    named = first in known and (not inner or value.startswith("{") or inner[-1] in known[first])
    if named:
        return
    if first in known and inner[-1] and known[first].issuperset(inner[:-1]):
        above = key.rpartition(".")[0]
        names = sorted(known[first].difference(inner))
        if near := difflib.get_close_matches(inner[-1], names, n=3):
            places = ", ".join(f"{above}.{name}" for name in near)
            raise ConfigError(f"+{key}: nothing reads this key; did you mean {places}?")
    shown = [part for part in known if part != "hydra"]
    choices = shown + [f"{part}.{name}" for part in shown for name in known[part]]
    raise ConfigError(f"+{key}: nothing reads this key; {meant(key, choices, shown)}")


def _conf_folders(args: Sequence[str]) -> list[Path]:
    """Return the folders in which Hydra looks for configuration."""
    text = " ".join(args)
    given = re.findall(r"(?:--config-dir|-cd)[= ](\S+)", text)
    for places in re.findall(r"hydra\.searchpath=(\S+)", text):
        given += re.findall(r"file://([^,\]'\"]+)", places)
    return [*conf_folders(), *map(Path, given)]


def _known(trees: Sequence[dict[str, Any]]) -> dict[str, set[str]]:
    """Return each top-level key of config.yaml and experiments -> the names anywhere below it."""
    known: dict[str, set[str]] = {part: set() for part in CHECKED}
    known["trainer"] = set(load_keys(conf_folder() / "trainer" / "default.yaml"))
    for tree in (load_keys(conf_folder() / "config.yaml"), *trees):
        for part, inner in tree.items():
            known.setdefault(str(part), set()).update(_names(inner))
    return {part: names for part, names in known.items() if part != "defaults"}


def _trees(folders: Sequence[Path], experiments: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield what the YAML of experiments says, and of those that they build on."""
    waiting = [name for names in experiments for name in names.split(",")]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        for tree in [load_keys(folder / "experiment" / f"{name}.yaml") for folder in folders]:
            yield tree
            bases = {base for base in tree.get("defaults", []) if isinstance(base, str)}
            waiting += sorted(bases - seen - {"_self_", name})
        seen.add(name)


def _names(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield str(key)
            yield from _names(value)
