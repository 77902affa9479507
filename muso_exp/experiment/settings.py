"""The settings of a run: which decide its result, and which of them the command line changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytorch_lightning as pl
import yaml
from hydra import compose
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from muso_exp.evaluation.card import finite
from muso_exp.experiment.build import parameters, plain, target_classes
from muso_exp.experiment.defaults import default_at
from muso_exp.experiment.renamed import refuse_old_options
from muso_exp.options import INERT, Options
from muso_exp.redaction import redacted
from muso_exp.training.checkpoint import flatten

# Where values are interpolated from: what is changed there shows where it is used.
SOURCES = ("sizes", "workers", "worlds", "variants", "models", "options", "inert")
# What names an experiment as it stands; beside these, an override changes it.
NAMING = ("experiment", "scale", "variant", "seed")
# How exactly intervals are computed, and how runs are shown: no claim depends on them.
UNJUDGED = ("resamples", "name", "objective", "metrics.extra", "dataset.published")
# What the tracker shows elsewhere, or needs not.
UNLOGGED = ("paper", "callbacks", "name", "resamples", "checkpoint_every", "options", "metrics")
_NODE = re.compile(r"\$\{([\w.]+)\}")  # an interpolation that is a whole value
# Of the data, what is no part of the test.
UNTESTED = ("dataset.published", "dataset.batch_size")


def settle(cfg: DictConfig) -> None:
    """Give the model the options that the experiment keeps under its name, `options.<model>`.

    An option that the command line sets itself stays as it is there. So `model=...` takes another
    model into an experiment, which brings its own options. Training that stops early tests its best
    epoch, by `monitor`, else by the validation loss.

    Raises:
        ConfigError: an option by its name or place of an earlier version.
    """
    if (cfg.get("callbacks") or {}).get("early_stopping") and not cfg.monitor:
        cfg.monitor, cfg.monitor_mode = "val/loss", "min"
    name = str(cfg.model._target_).rpartition(".")[0].rpartition(".")[2]  # of the module
    options = cfg.get("options") or {}
    refuse_old_options(options, name, cfg.model._target_)
    own = options.get(name) or {}
    if own:
        cfg.model = OmegaConf.create(plain(cfg.model))  # its own copy, where it is interpolated
    given = given_keys()
    for option in own:
        if f"model.{option}" not in given:
            OmegaConf.update(cfg, f"model.{option}", own[option], force_add=True)


def given_overrides() -> list[str]:
    """Return what the command line set, those of a sweep's run included."""
    return list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else []


def given_keys() -> list[str]:
    """Return the keys that the command line set."""
    return [override.lstrip("+~").partition("=")[0] for override in given_overrides()]


def inert_keys(cfg: DictConfig) -> tuple[str, ...]:
    """Return the keys that cannot change a result, marked where each option is defined.

    Those of the program and of Lightning's Trainer are `inert` in conf/config.yaml; those of data
    sets and models are `Inert` in their constructors.
    """
    kinds = {"dataset": pl.LightningDataModule, "model": pl.LightningModule}
    marked = [key for name, kind in kinds.items() for key in _marked(plain(cfg[name]), name, kind)]
    return (*cfg.inert, *marked)


def _marked(node: Mapping[str, Any], place: str, *kinds: type) -> Iterator[str]:
    """Yield the places of a node that cannot change a result, of nested targets too."""
    for name, parameter in parameters(node, *kinds).items():
        yield from _marked_in(parameter.annotation, f"{place}.{name}")
        inner = node.get(name)
        if isinstance(inner, dict) and "_target_" in inner:
            yield from _marked(inner, f"{place}.{name}", *target_classes(parameter.annotation))


def _marked_in(hint: Any, place: str) -> Iterator[str]:
    if INERT in getattr(hint, "__metadata__", ()):
        yield place
    for one in (hint, *get_args(hint)):
        if isinstance(one, type) and get_origin(one) is None and issubclass(one, Options):
            for name, inner in get_type_hints(one, include_extras=True).items():
                yield from _marked_in(inner, f"{place}.{name}")


def is_below(key: str, places: Iterable[str]) -> bool:
    """Return whether a key is one of these, or stands below one."""
    return any(f"{key}.".startswith(f"{place}.") for place in places)


def deciding(cfg: DictConfig, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return the settings that can change a result, flat, less those at or below `without`."""
    return _less(flatten(plain(cfg)), (*inert_keys(cfg), *without))


def _less(settings: Mapping[str, Any], places: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if not is_below(key, places)}


def config_hash(cfg: DictConfig) -> str:
    """Return the hash of what decides the result and what is said of it."""
    return _hash(deciding(cfg))


def _hash(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(repr(settings).encode()).hexdigest()[:16]


def recorded_settings(cfg: DictConfig) -> dict[str, Any]:
    """Return what a run keeps of its settings, by which `is_same` knows it again.

    Returns:
        `config`: the hash; `settings`: what decides the result, without secrets; `defaults`: those
        of its keys that are at their default.
    """
    tree, whole = plain(cfg), deciding(cfg)
    settings = finite(redacted(_less(whole, SOURCES)))
    defaults = [key for key, value in settings.items() if default_at(tree, key) == value]
    return {"config": _hash(whole), "settings": settings, "defaults": defaults}


def is_same(record: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Return whether a finished run had these settings.

    An option that one of the two does not know, because it came or went between them, counts as
    its default. A run of before settings were kept is known by its hash alone.

    Args:
        record: metrics.json of the finished run.
        own: of `recorded_settings`.
    """
    if record.get("config") == own["config"]:
        return True
    if record.get("settings") is None:
        return False
    then, now = record["settings"], own["settings"]
    if any(then[key] != now[key] for key in then.keys() & now.keys()):
        return False
    at_default = {*record["defaults"], *own["defaults"]}
    return then.keys() ^ now.keys() <= at_default


def changed_settings(cfg: DictConfig) -> list[str]:
    """Return which settings differ from the experiment's, other than those that change no result.

    A claim is tested by the experiment as it stands, and in a table by its row of the published
    settings (`paper.variant`) alone.
    """
    if not HydraConfig.initialized() or not cfg.paper.claims:
        return []
    given = dict(zip(given_keys(), given_overrides(), strict=True))
    harmless = (*inert_keys(cfg), *UNJUDGED)
    others = [key for key in given if key not in NAMING and not is_below(key, harmless)]
    changed = _differing(cfg, [given[key] for key in NAMING if key in given]) if others else []
    own = cfg.paper.get("variant")
    return changed if own in (None, cfg.variant) else [*changed, f"variant {cfg.variant}"]


def _differing(cfg: DictConfig, naming: list[str]) -> list[str]:
    """Return which settings differ from those of the configuration that `naming` alone composes."""
    stands = compose("config", naming)
    settle(stands)
    now, then = (deciding(one, (*SOURCES, *UNJUDGED)) for one in (cfg, stands))
    keys = [key for key in {**then, **now} if now.get(key, INERT) != then.get(key, INERT)]
    exchanged = [key.removesuffix("._target_") for key in keys if key.endswith("._target_")]
    return exchanged + [key for key in keys if not is_below(key, exchanged)]


def other_test(cfg: DictConfig) -> list[str]:
    """Return which settings of the data differ from the experiment's at `scale=paper`.

    Where none does, what a null model scores is what it scores in the published test, whatever the
    model and the scale of its training.
    """
    if not HydraConfig.initialized():
        return []
    naming = [one for one in given_overrides() if one.lstrip("+").partition("=")[0] in NAMING]
    kept = [one for one in naming if not one.lstrip("+").startswith("scale=")]
    published = compose("config", [*kept, "scale=paper"])
    now, then = (_of_the_test(one) for one in (cfg, published))
    return [key for key in {**then, **now} if now.get(key, INERT) != then.get(key, INERT)]


def _of_the_test(cfg: DictConfig) -> dict[str, Any]:
    """Return the settings of the data, less those of the simulated world: no claim is of it."""
    settings = deciding(cfg, UNTESTED)
    own = [key for key in settings if is_below(key, ("dataset",)) and ".world." not in key]
    return {key: settings[key] for key in own}


def logged_settings(cfg: DictConfig) -> dict[str, Any]:
    """Return what the tracker keeps as parameters: what can matter, each once, without secrets.

    Left out are empty values, what names the experiment, and options whose value is another's
    (`model.seed: ${seed}`): they are in config.yaml. A class is named by `dataset` or `model`.
    """
    kept = deciding(cfg, (*SOURCES, *UNLOGGED))
    raw: Any = OmegaConf.to_container(cfg, resolve=False)
    doubles = {key for key, text in flatten(raw).items() if _names_another(text, kept)}
    found = {
        key.removesuffix("._target_"): _class_name(value) if key.endswith("._target_") else value
        for key, value in kept.items()
        if key not in doubles and value not in (None, "", [], {}) and key != "trainer._target_"
    }
    return redacted(found)


def paper_claims(folder: Path) -> list[dict[str, Any]]:
    """Return the claims of the paper that a run was set beside, as its configuration has them.

    Args:
        folder: of the run; without a configuration there are none.
    """
    path = folder / ".hydra" / "config.yaml"
    if not path.is_file():
        return []
    paper = OmegaConf.select(OmegaConf.load(path), "paper.claims")
    return [] if paper is None else list(plain(paper))


def _names_another(value: Any, keys: Iterable[str]) -> bool:
    """Return whether a value, as it is written, is that of another key that is kept."""
    matched = _NODE.fullmatch(value) if isinstance(value, str) else None
    return matched is not None and matched[1] in keys


def _class_name(target: Any) -> str:
    return str(target).rpartition(".")[2]


def shown_config(cfg: DictConfig) -> str:
    """Return the whole configuration as YAML, resolved, without the secrets in it."""
    return yaml.safe_dump(redacted(plain(cfg)), sort_keys=False, allow_unicode=True)
