"""An option that is not there: Hydra's refusal, with the nearest names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from muso_exp.errors import ConfigError
from muso_exp.experiment.build import node_class, node_classes, parameters
from muso_exp.experiment.known_keys import GROUPS
from muso_exp.experiment.listing import conf_folder
from muso_exp.experiment.part_options import option_names

_REFUSED = re.compile(r"Could not override '([^']+)'|Could not delete from config\. '([^']+)'")
CHOOSING = ("experiment", "variant", "callbacks", "sweep", *GROUPS)


def explained(error: Exception, args: Sequence[str]) -> Exception:
    """Return Hydra's refusal of an override as one that names the options there are.

    Args:
        error: what Hydra raised.
        args: the command line.

    Returns:
        The error itself where it is another, or where nothing can be composed.
    """
    found = _REFUSED.search(str(error))
    tree = _composed(args) if found else None
    if found is None or tree is None:
        return error
    key = found[1] or found[2]
    known = list(dict.fromkeys([*_keys(tree), *_parameters(tree)]))
    if key in known:
        return ConfigError(f"{key}: not set here; +{key}=VALUE sets it")
    return ConfigError(f"{key}: there is no such option; {_fix(key, known)}")


def _fix(key: str, known: Sequence[str]) -> str:
    """Return what could be meant: the nearest names below the same node, else all in it."""
    nodes = {"", *(name.rpartition(".")[0] for name in known)}
    parts = key.split(".")
    node = next(one for n in range(len(parts) - 1, -1, -1) if (one := ".".join(parts[:n])) in nodes)
    above = f"{node}." if node else ""
    below = [name.removeprefix(above) for name in known if name.startswith(above)]
    near = difflib.get_close_matches(key.removeprefix(above), below, n=3, cutoff=0.6)
    if near:
        return f"did you mean {', '.join(above + name for name in near)}?"
    listed = [above + name for name in below if "." not in name]
    return f"there are {', '.join(listed)}"


def _composed(args: Sequence[str]) -> dict[str, Any] | None:
    """Return the configuration that is chosen, without options; None where Hydra refuses it."""
    pairs = [(arg, *arg.lstrip("+").partition("=")[::2]) for arg in args]
    chosen = [arg for arg, key, value in pairs if key in CHOOSING and "," not in value]
    try:
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            tree: Any = OmegaConf.to_container(compose("config", chosen), resolve=False)
    except (HydraException, OmegaConfBaseException):
        return None
    return tree


def _keys(tree: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield the keys of a configuration, nodes before what is in them."""
    for name, value in tree.items():
        if not str(name).startswith("_"):
            yield f"{above}{name}"
            yield from _keys(value, f"{above}{name}.") if isinstance(value, Mapping) else ()


def _parameters(tree: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options of data set and model that the configuration leaves at their defaults."""
    for slot in ("dataset", "model"):
        node = tree.get(slot)
        if isinstance(node, Mapping) and isinstance(node.get("_target_"), str):
            target = {"_target_": node["_target_"]}
            yield from (f"{slot}.{name}" for name in option_names(node_class(target, object)))
            for name, parameter in parameters(target, object).items():
                if parameter.kind is not parameter.VAR_KEYWORD:
                    yield f"{slot}.{name}"
                for options in node_classes(parameter.annotation):
                    yield from (f"{slot}.{name}.{inner}" for inner in options.__struct_fields__)
