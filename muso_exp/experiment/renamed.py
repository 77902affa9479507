"""Options that moved and models that were renamed: on the command line, and in old recipes.

What stands in a node of options (`dataset.world.users`, `model.spectrum.n_mels`) was an option of
the data set or of the model itself (`dataset.world_users`, `model.n_mels`); the annotations of the
constructor say which, so no table is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from muso_exp.errors import ConfigError
from muso_exp.options import Options

if TYPE_CHECKING:
    from omegaconf import DictConfig

# A model, as `model=` and `options` name it -> its name today.
MODELS = {
    "separation": "distance_net",
    "separation_ordinal": "distance_ordinal",
    "separation_siamese": "distance_siamese",
}
# An option -> its name in the node, where that is another one.
NAMES = {
    **{"group": "by", "split": "by", "split_list": "list", "test_list": "list"},
    **{"checks": "expected", "check_root": "root"},
}
# A model -> its options that the data set has now, each by its place in either.
OF_DATA = {
    "muso_exp.models.hybrid.Hybrid": {
        "fit.cold_share": "validation.items",
        "fit.val_share": "validation.plays",
    },
}
WORLD = "world_"
# models: those of an experiment that compares several; options: an experiment's for its model.
SLOTS = ("dataset", "model", "models", "options")
# Options that never stood elsewhere: the data set or the model need not be known.
UNMOVED = {
    *("root", "cache", "batch_size", "seed", "num_workers"),
    *("optimizer", "lr", "momentum", "weight_decay", "dropout"),
}


def new_place(target: str, option: str, value: Any) -> str | None:
    """Return where an option of a data set or a model stands now; None where it is.

    Args:
        target: the class.
        option: `world_users` stands at `world.users`; `split` at `split.by`, if the value is no
            node itself.
        value: of the option.

    Raises:
        ConfigError: a class that no configuration may name.
    """
    from muso_exp.experiment.build import node_classes, parameters

    known = parameters({"_target_": target}, object)
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
    """Return a data set or a model of an old run by its name of today, its options in their places.

    Nested ones too. What names no `_target_` is returned as it is.

    Raises:
        ConfigError: a `_target_` that no configuration may name.
    """
    from muso_exp.experiment.build import moved

    if "_target_" not in recipe:
        return dict(recipe)
    recipe = {**recipe, "_target_": moved(str(recipe["_target_"])) or recipe["_target_"]}
    tree: dict[str, Any] = {}
    for option, value in recipe.items():
        value = modern(value) if isinstance(value, Mapping) and "_target_" in value else value
        place_now = option != "_target_" and new_place(recipe["_target_"], option, value)
        *groups, name = (place_now or option).split(".")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = value
    return tree


def modern_parts(recipe: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the data set and the model of an old run as `modern` does, options of both in place.

    Raises:
        ConfigError: see `modern`.
    """
    parts = {part: modern(deepcopy(recipe.get(part) or {})) for part in ("dataset", "model")}
    for old, new in OF_DATA.get(str(parts["model"].get("_target_")), {}).items():
        (*groups, option), (node, name) = old.split("."), new.split(".")
        held = parts["model"]
        for group in groups:
            held = held.get(group) or {}
        if option in held:
            parts["dataset"].setdefault(node, {})[name] = held.pop(option)
    return parts


def refuse_old_options(options: Mapping[str, Any], name: str, target: str) -> None:
    """Refuse what stands in an experiment's `options` by its name or place of an earlier version.

    Args:
        options: model -> its options.
        name: of the model that is trained.
        target: its class.

    Raises:
        ConfigError: with the name of today.
    """
    for old in filter(MODELS.__contains__, options):
        raise ConfigError(f"options.{old}: now options.{MODELS[str(old)]}")
    for option, value in (options.get(name) or {}).items():
        if place := new_place(target, option, value):
            raise ConfigError(f"options.{name}.{option}: now options.{name}.{place}")


def in_place(args: Sequence[str]) -> list[str]:
    """Return a command line with `dataset.split=artist` as `dataset.split.by=artist`.

    Raises:
        ConfigError: another option that stands in a node now, with its place; a model of another
            name, with its name of today.
    """
    for arg in args:
        _refuse_old_model(arg)
    slots = dict.fromkeys(slot for arg in args if (slot := _slot(arg)))
    chosen = {slot: _chosen(slot, args) for slot in slots}
    return [_moved(arg, chosen[slot]) if (slot := _slot(arg)) else arg for arg in args]


def _refuse_old_model(arg: str) -> None:
    """Raise ConfigError if an override names a model by its name of an earlier version."""
    key, _, value = arg.lstrip("+~").partition("=")
    if key.partition("@")[0] == "model":
        names = value.split(",")
        if {*names} & {*MODELS}:
            today = ",".join(MODELS.get(name, name) for name in names)
            raise ConfigError(f"{key}={value}: now {key}={today}")
    slot, _, option = key.partition(".")
    name, dot, rest = option.partition(".")
    if slot == "options" and name in MODELS:
        raise ConfigError(f"{key}: now options.{MODELS[name]}{dot}{rest}")


def _slot(arg: str) -> str | None:
    """Return whose option an override sets, one of `SLOTS`; None if none that could have moved."""
    key, equals, _ = arg.lstrip("+").partition("=")
    first, _, option = key.partition(".")
    name = option.rpartition(".")[2]
    return first if equals and first in SLOTS and name and name not in UNMOVED else None


def _moved(arg: str, found: Any) -> str:
    """Return an override with its option in its place.

    Args:
        arg: the override.
        found: what the configuration holds in its slot.
    """
    from omegaconf import OmegaConf

    key, _, value = arg.partition("=")
    *nodes, option = key.lstrip("+").split(".")
    if OmegaConf.is_dict(found) and (moved := OF_DATA.get(str(found.get("_target_")))):
        if place := moved.get(".".join([*nodes[1:], option])):
            raise ConfigError(f"{key.lstrip('+')}: now dataset.{place}")
    for node in nodes[1:]:
        found = found.get(node) if OmegaConf.is_dict(found) else None
    if not OmegaConf.is_dict(found) or "_target_" not in found:
        return arg
    place = new_place(found["_target_"], option, {} if value.startswith("{") else value)
    if place is None:
        return arg
    if not place.startswith(f"{option}."):
        raise ConfigError(f"{key.lstrip('+')}: now {'.'.join(nodes)}.{place}")
    return f"{key}.{place.removeprefix(f'{option}.')}={value}"


def _chosen(slot: str, args: Sequence[str]) -> DictConfig | None:
    """Return what a command line chooses in a slot, without its other overrides.

    Of `options`, the models that have some on the command line, by name. None if nothing is chosen,
    or several: Hydra says then what is wrong.
    """
    from omegaconf import OmegaConf

    if slot == "options":
        names = {arg.split(".")[1] for arg in args if _slot(arg) == "options"}
        return OmegaConf.create({name: _composed("model", [f"model={name}"]) for name in names})
    pairs = [(arg, *arg.lstrip("+").partition("=")[::2]) for arg in args]
    chosen = [arg for arg, key, _ in pairs if key in (slot, "experiment")]
    chosen += [arg for arg, key, value in pairs if key == "variant" and "," not in value]
    return _composed(slot, [f"+{arg}" if arg.startswith("experiment=") else arg for arg in chosen])


def _composed(slot: str, args: list[str]) -> DictConfig | None:
    """Return a slot of the composed configuration; None where it is empty or Hydra refuses."""
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from muso_exp.experiment.listing import conf_folder

    try:
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            found = compose("config", args).get(slot)
    except (HydraException, OmegaConfBaseException):
        return None
    return found if OmegaConf.is_dict(found) else None
