"""Options of data sets that moved into a node: found on the command line, and in old recipes.

What stands in a node of options (`dataset.world.users`) was an option of the data set itself
(`dataset.world_users`); the annotations of the constructor say which, so no table is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from muso_exp.errors import ConfigError
from muso_exp.options import Options

if TYPE_CHECKING:
    from omegaconf import DictConfig

# An option -> its name in the node, where that is another one.
NAMES = {"group": "by", "split": "by", "split_list": "list", "test_list": "list"}
WORLD = "world_"
UNMOVED = {"root", "cache", "batch_size", "seed", "num_workers"}  # of every data set


def new_place(target: str, option: str, value: Any) -> str | None:
    """Return where an option of a data set stands now; None where it is.

    Args:
        target: the data set's class.
        option: `world_users` stands at `world.users`; `split` at `split.by`, if the value is no
            node itself.
        value: of the option.

    Raises:
        ConfigError: no class of a data set.
    """
    import pytorch_lightning as pl

    from muso_exp.experiment.build import node_classes, parameters

    known = parameters({"_target_": target}, pl.LightningDataModule)
    nodes = {name: found for name in known if (found := node_classes(known[name].annotation))}
    if option in nodes:
        by = NAMES.get(option)
        bare = value is not None and not isinstance(value, Mapping)
        return f"{option}.{by}" if by and bare else None
    if option in known:
        return None
    if option.startswith(WORLD):
        nodes, name = {"world": nodes.get("world", [])}, option.removeprefix(WORLD)
    else:
        nodes.pop("world", None)
        name = NAMES.get(option, option)
    return next((f"{node}.{name}" for node in nodes if _has(nodes[node], name)), None)


def _has(classes: Iterable[type[Options]], name: str) -> bool:
    return any(name in one.__struct_fields__ for one in classes)


def modern(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a data set of an old run, nested ones too, in their places of today.

    What names no `_target_` is returned as it is.

    Raises:
        ConfigError: a `_target_` that is no class of a data set.
    """
    if "_target_" not in recipe:
        return dict(recipe)
    tree: dict[str, Any] = {}
    for option, value in recipe.items():
        value = modern(value) if isinstance(value, Mapping) and "_target_" in value else value
        moved = option != "_target_" and new_place(recipe["_target_"], option, value)
        *groups, name = (moved or option).split(".")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = value
    return tree


def in_place(args: Sequence[str]) -> list[str]:
    """Return a command line with `dataset.split=artist` as `dataset.split.by=artist`.

    Raises:
        ConfigError: another option that stands in a node now, with its place.
    """
    if not any(_option(arg) for arg in args):
        return list(args)
    dataset = _dataset(args)
    return [_moved(arg, dataset) if _option(arg) else arg for arg in args]


def _option(arg: str) -> str | None:
    """Return the name of the option of a data set that an override sets, None if it sets none."""
    key, equals, _ = arg.lstrip("+").partition("=")
    first, _, option = key.partition(".")
    name = option.rpartition(".")[2]
    return name if equals and first == "dataset" and option and name not in UNMOVED else None


def _moved(arg: str, dataset: Any) -> str:
    from omegaconf import OmegaConf

    key, _, value = arg.partition("=")
    *nodes, option = key.lstrip("+").split(".")
    for node in nodes[1:]:
        dataset = dataset.get(node) if OmegaConf.is_dict(dataset) else None
    if not OmegaConf.is_dict(dataset) or "_target_" not in dataset:
        return arg
    place = new_place(dataset["_target_"], option, {} if value.startswith("{") else value)
    if place is None:
        return arg
    if not place.startswith(f"{option}."):
        raise ConfigError(f"{key.lstrip('+')}: now {'.'.join(nodes)}.{place}")
    return f"{key}.{place.removeprefix(f'{option}.')}={value}"


def _dataset(args: Sequence[str]) -> DictConfig | None:
    """Return the data set that a command line names, without its other overrides.

    None if it names none, or several: Hydra says then what is wrong.
    """
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from muso_exp.experiment.listing import conf_folder

    chosen = [arg for arg in args if arg.lstrip("+").startswith(("dataset=", "experiment="))]
    chosen = [f"+{arg}" if arg.startswith("experiment=") else arg for arg in chosen]
    try:
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            found = compose("config", chosen).get("dataset")
    except (HydraException, OmegaConfBaseException):
        return None
    return found if OmegaConf.is_dict(found) else None
