"""From a configuration node to an object: one class of the slot's kind, plain arguments."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, get_args

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from muso_exp.errors import ConfigError, MusoError
from muso_exp.experiment.listing import uses
from muso_exp.experiment.part_options import check_part_options
from muso_exp.experiment.plugins import is_inside, packages
from muso_exp.experiment.values import converted, target_nodes
from muso_exp.options import Options

# Modules and classes that users' configuration and old runs name by an older place.
MOVED = {
    **{
        f"muso_exp.{name}": f"muso_exp.training.{name}"
        for name in ("callbacks", "checkpoint", "tracking")
    },
    "muso_exp.models.separation.Separation": "muso_exp.models.distance_net.DistanceNet",
    "muso_exp.models.separation_ordinal.SeparationOrdinal": (
        "muso_exp.models.distance_ordinal.DistanceOrdinal"
    ),
    "muso_exp.models.separation_siamese.SeparationSiamese": (
        "muso_exp.models.distance_siamese.DistanceSiamese"
    ),
}

# What a constructor raises of its arguments; torch raises RuntimeError for sizes beyond the memory.
REFUSALS = (
    *(ValueError, TypeError, ImportError, OverflowError, MemoryError, RuntimeError),
    MisconfigurationException,
)


def build(node: DictConfig | Mapping[str, Any] | None, kind: type, **extra: Any) -> Any:
    """Call the constructor that `node` names; None where the node is empty.

    Every target, nested ones included, is checked before anything is constructed: it is a class,
    defined in one of the known packages, of the kind that its place asks for. What is not under
    one of them is refused before it is imported.

    Args:
        node: `_target_` plus plain arguments; a configuration's, or a plain tree.
        kind: base class of what is built here. That of a nested target is what the constructor
            around it names in its annotation; one that names no such class takes no target.
        extra: arguments that no YAML holds; they win over the node's.

    Raises:
        ConfigError: a target that is refused; an argument that is missing, unknown, of another type
            or refused by the constructor.
    """
    if not node:
        return None
    return _make(check(node, kind), extra)


def build_model(cfg: DictConfig, **extra: Any) -> Any:
    """Construct the model of a configuration, see `build`.

    Raises:
        ConfigError: as `build`; it names an option of the model where the user sets it.
    """
    with model_named(cfg):
        return build(cfg.model, pl.LightningModule, **extra)


@contextmanager
def model_named(cfg: DictConfig) -> Iterator[None]:
    """Have what is refused of the model name an option where the user sets it."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(re.sub(r"\bmodel\.", f"{place_of_model(cfg)}.", str(error))) from error


def place_of_model(cfg: DictConfig) -> str:
    """Return where a key of the model is overridden: `models.wmf` for `${models.${variant}}`."""
    if not OmegaConf.is_interpolation(cfg, "model"):
        return "model"
    tree: Any = OmegaConf.to_container(cfg, resolve=False)
    inner = str(tree["model"]).removeprefix("${").removesuffix("}")
    return re.sub(r"\$\{([^{}]+)\}", lambda name: str(OmegaConf.select(cfg, name[1])), inner)


def check(node: DictConfig | Mapping[str, Any], kind: type) -> Any:
    """Return a node as a plain tree, once its targets and arguments are such as `build` takes.

    Raises:
        ConfigError: they are not; nothing was constructed.
    """
    tree = plain(node)
    _check_packages(tree)
    _check_node(tree, (kind,))
    return tree


def plain(node: Any) -> Any:
    """Return a configuration node as dicts, lists and values, interpolations resolved."""
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def accepted(node: DictConfig, kind: type, offers: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `offers` that the constructor of `node` names and the node leaves open.

    Args:
        node: the model's; its constructor gets from the data set what it names.
        kind: base class of what `node` builds.
        offers: `dims` of the data set.

    Raises:
        ConfigError: the constructor needs what neither the node nor the data set has; a target that
            `build` refuses.
    """
    names = parameters(node, kind)
    needed = [name for name, one in names.items() if one.default is one.empty and _is_named(one)]
    missing = [name for name in needed if name not in node and name not in offers]
    if missing:
        found = uses(node._target_)
        runs = f"it runs in {found}" if found else f"set model.{missing[0]}"
        raise ConfigError(
            f"{node._target_} needs {', '.join(missing)}, and this data set offers "
            f"{', '.join(sorted(offers))}: take another model ({runs})"
        )
    return {name: value for name, value in offers.items() if name in names and name not in node}


def parameters(
    node: DictConfig | Mapping[str, Any], *kinds: type
) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of the constructor that `node_class` returns."""
    return _parameters(node_class(node, *kinds))


def node_class(node: DictConfig | Mapping[str, Any], *kinds: type) -> type:
    """Return the class that a node names, one of `kinds`, if its targets are allowed.

    Raises:
        ConfigError: they are not.
    """
    tree = plain(node)
    _check_packages(tree)
    return _find_class(tree, kinds)


def target_classes(hint: Any) -> list[type]:
    """Return the classes of known packages that an annotation names: what its target may be."""
    return list(_classes(hint))


def node_classes(hint: Any) -> list[type[Options]]:
    """Return the classes of options that an annotation names."""
    return [one for one in _classes(hint) if issubclass(one, Options)]


def moved(target: str) -> str | None:
    """Return where a class of an earlier version stands today; None if it did not move."""
    module, _, name = target.rpartition(".")
    return f"{MOVED[module]}.{name}" if module in MOVED else MOVED.get(target)


def _make(tree: Any, extra: Mapping[str, Any] | None = None) -> Any:
    """Construct what a checked tree describes, innermost first."""
    if isinstance(tree, list):
        return [_make(value) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if "_target_" not in tree:
        return {name: _make(value) for name, value in tree.items()}
    constructor = _locate(tree["_target_"])
    known = _parameters(constructor)
    arguments = {
        name: converted(name, _make(value), known[name].annotation if name in known else Any)
        for name, value in tree.items()
        if name != "_target_"
    }
    try:
        return constructor(**{**arguments, **(extra or {})})
    except (MusoError, OSError):
        raise
    except REFUSALS as error:
        raise ConfigError(f"{tree['_target_']}: {_last_line(error)}") from error


def _check_packages(tree: Any) -> None:
    """Raise ConfigError for a target outside the known packages, anywhere in the tree."""
    for node in target_nodes(tree, deep=True):
        target = node["_target_"]
        if not isinstance(target, str) or not is_inside(target):
            raise ConfigError(_refusal(target))


def _check_node(tree: Mapping[str, Any], kinds: Sequence[type]) -> None:
    """Raise ConfigError unless target and arguments are what is taken here, nested ones too."""
    constructor = _find_class(tree, kinds)
    known = _parameters(constructor)
    _check_arguments(tree["_target_"], tree, known)
    check_part_options(tree, constructor)
    for name, value in tree.items():
        hint = known[name].annotation if name in known else Any
        for nested in target_nodes(value):
            _check_node(nested, target_classes(hint))


def _find_class(tree: Any, kinds: Sequence[type]) -> type:
    """Return the class that a node names.

    Raises:
        ConfigError: it is none of `kinds`, is not there, or another key is one of Hydra's own.
    """
    if not isinstance(tree, dict) or "_target_" not in tree:
        raise ConfigError(f"{tree}: no _target_; name the class that is to be built")
    target = tree["_target_"]
    special = [name for name in tree if str(name).startswith("_") and name != "_target_"]
    if special:
        raise ConfigError(f"_target_={target}: {special[0]} is refused; give arguments by name")
    found = _locate(target)
    inside = isinstance(found, type) and is_inside(found.__module__)
    if not inside or not any(issubclass(found, kind) for kind in kinds):
        raise ConfigError(_refusal(target, kinds))
    return found


def _locate(target: str) -> Any:
    """Return `name` of `package.module.name`; no attribute is followed further."""
    module, _, name = target.rpartition(".")
    if place := moved(target):
        raise ConfigError(f"_target_={target}: now {place}")
    try:
        return getattr(import_module(module), name)
    except Exception as error:
        raise ConfigError(f"_target_={target}: {_last_line(error)}") from error


_NAMED = "; a plugin is put to use by its name, plugins=[NAME] or MUSO_PLUGINS=NAME"


def _refusal(target: Any, kinds: Sequence[type] | None = None) -> str:
    """Return why a target is refused; `kinds` are those that are taken in its place, if asked."""
    allowed = " or ".join(name for name in packages() if name != "lightning_fabric")
    if kinds is None:
        return f"_target_={target}: refused; a target must be a class of {allowed}{_NAMED}"
    if not kinds:
        return f"_target_={target}: refused; this argument takes no class"
    names = " or ".join(kind.__name__ for kind in kinds)
    return f"_target_={target}: refused; a {names} of {allowed} is needed here"


def _classes(hint: Any) -> Iterator[type]:
    """Yield the classes of the known packages that an annotation names."""
    if isinstance(hint, type) and is_inside(hint.__module__):
        yield hint
    for inner in get_args(hint):
        yield from _classes(inner)


def _parameters(constructor: type) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a class; those that `**options` hand on are of the class above."""
    try:
        own = inspect.signature(constructor, eval_str=True).parameters
    except NameError:  # a hint that is imported for the type checker alone
        own = inspect.signature(constructor).parameters
    above = next(iter(getattr(constructor, "__mro__", [])[1:]), object)
    if above is object or all(one.kind is not one.VAR_KEYWORD for one in own.values()):
        return own
    named = {name: one for name, one in own.items() if one.kind is not one.VAR_KEYWORD}
    return {**_parameters(above), **named}


def _is_named(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)


def _check_arguments(target: str, given: Any, known: Mapping[str, inspect.Parameter]) -> None:
    unknown = [name for name in given if not name.startswith("_") and name not in known]
    if unknown and all(one.kind is not one.VAR_KEYWORD for one in known.values()):
        raise ConfigError(
            f"{target} has no argument {', '.join(unknown)}; it takes {', '.join(known)}"
        )
    for name in filter(known.__contains__, given):  # in order: what is interpolated comes later
        try:
            converted(name, given[name], known[name].annotation)
        except ConfigError as error:
            raise ConfigError(f"{target}: {error}") from error


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
