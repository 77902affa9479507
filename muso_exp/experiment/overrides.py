"""What the command line asks for: put into Hydra's grammar, and checked before a run begins."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import OmegaConf

from muso_exp.errors import ConfigError
from muso_exp.experiment.known_keys import refuse_trainer_arguments
from muso_exp.experiment.listing import uses
from muso_exp.experiment.objective import check_named, in_search
from muso_exp.redaction import redact
from muso_exp.spark import LOCAL, refuse_no_master
from muso_exp.text import visible
from muso_exp.training.registry import check_name

PATH_KEY = re.compile(
    r"\+*(ckpt|paths\.\w+|(dataset\.)?roots\.\w+|dataset\.(\w+\.)*(root|cache|split\.(artist_)?list))"
)
QUOTES = "'\""
MAX_SEED = 2**32 - 1  # numpy's
COUNTS = ("accumulate_grad_batches", "check_val_every_n_epoch")  # of the trainer's arguments
POSITIVE = ("gradient_clip_val", "val_check_interval")
DURATION = re.compile(r"(\d+):(\d\d):(\d\d):(\d\d)")  # days:hours:minutes:seconds
NODES = ("sizes", "paths", "options", "callbacks", "metrics", "metrics.extra", "paper")
LISTS = ("inert", "table_metrics", "paper.claims", "paper.documents")  # plugins may be a word
TEXTS = ("paper.document", "paper.place", "paper.variant")
NAMED = ("paths.outputs", "paths.cache", "paths.run")
SPARK = ("dataset.reading.spark_master", "model.spark_master")
MIN_RESAMPLES = 20  # fewer leave nothing outside a 95 % interval


def in_grammar(args: Iterable[str]) -> list[str]:
    """Return the arguments as Hydra reads them: a path that it cannot read is quoted.

    A path may then hold spaces, accents or signs, and begin with ~. What is quoted already, or
    holds several values for a sweep, stays as it is.

    Raises:
        ConfigError: another value that Hydra's grammar has no place for.
    """
    parser = OverridesParser.create()
    return [arg if arg[:1] == "-" else _one_in_grammar(parser, arg) for arg in args]


def _one_in_grammar(parser: OverridesParser, arg: str) -> str:
    key, equals, value = arg.partition("=")
    if not equals:
        return arg
    apart = "," in value or value.startswith(tuple(QUOTES))  # several values, or quoted already
    path = PATH_KEY.fullmatch(key) is not None and not apart
    if path and value.startswith("~"):
        value = str(Path(value).expanduser())
    try:
        read = parser.parse_override(f"{key}={value}").value()
    except HydraException as error:
        if not path:
            raise ConfigError(
                f"{arg}: cannot be read; a value that holds signs is put in quotes, for the shell "
                f"and for Hydra: \"{key}='{value.strip(QUOTES)}'\""
            ) from error
        read = False
    if path and not (read is None or isinstance(read, str)):
        value = QuotedString(value, Quote.single).with_quotes()
    return f"{key}={value}"


def check(cfg: Any) -> None:
    """Refuse what no run can begin with.

    Raises:
        ConfigError: no data set or model; a test metric as objective; a seed, number of resamples,
            unknown rerun, scale or variant; no address of Spark; an argument of the Trainer that
            the program sets; a text with a control character.
    """
    if "dataset" not in cfg or "model" not in cfg:
        used = uses(cfg.model.get("_target_", "")) if cfg.get("model") else ""
        named = f": {used}" if used else ", or a dataset and a model"
        raise ConfigError(f"name an experiment{named}; --help lists them")
    if OmegaConf.is_dict(cfg.get("sizes")):  # what follows may be picked from them
        check_choice("scale", cfg.scale, cfg.sizes)
    _check_shapes(cfg)
    _check_name(cfg.get("name", "custom"))
    check_named(cfg.get("objective"))
    if redact(str(cfg.get("name"))) != str(cfg.get("name")):
        raise ConfigError("name: holds a secret of the environment; it names folders and pages")
    if not (isinstance(cfg.rerun, bool) or cfg.rerun == "auto"):
        raise ConfigError(f"rerun={cfg.rerun}: choose auto, true or false")
    if cfg.trial is not None and not in_search(cfg):
        raise ConfigError(f"trial={cfg.trial}: only +sweep=search numbers trials; leave it out")
    check_name(cfg.get("register"), bool(cfg.get("logger")))
    _check_trainer(cfg.trainer)
    for key in SPARK:
        refuse_no_master(key, OmegaConf.select(cfg, key, default=LOCAL))
    check_choice("monitor_mode", cfg.monitor_mode, ("min", "max"))
    _check_whole("seed", cfg.seed, 0, MAX_SEED)
    _check_whole("resamples", cfg.resamples, MIN_RESAMPLES)
    _check_whole("checkpoint_every", cfg.get("checkpoint_every", 1), 1)
    if not isinstance(cfg.get("table_mean", False), bool):
        raise ConfigError(f"table_mean={cfg.table_mean}: true or false is needed")
    if not all(isinstance(name, str) for name in cfg.get("table_metrics", [])):
        raise ConfigError(f"table_metrics={cfg.table_metrics}: names of metrics are needed")
    if "variants" in cfg:
        check_choice("variant", cfg.variant, cfg.variants)
    elif cfg.get("variant") is not None and not OmegaConf.is_interpolation(cfg, "variant"):
        raise ConfigError(
            f"variant={cfg.variant}: +experiment={cfg.name} is no table, it has no rows; --help "
            "lists the tables and their rows"
        )
    for key, text in _texts(OmegaConf.to_container(cfg, resolve=True)):
        if visible(text) != text:
            raise ConfigError(f"{key}={text}: a control character; use another name")


def _check_shapes(cfg: Any) -> None:
    """Refuse a value in the place of a node or list that the program reads, and a missing name."""
    options = cfg.get("options")
    models = [f"options.{name}" for name in options] if OmegaConf.is_dict(options) else []
    empty = [key for key in models if OmegaConf.select(cfg, key) is None]  # none for this model
    for key in (*NODES, *LISTS, *TEXTS, *NAMED, *models):
        above, _, name = key.rpartition(".")
        node = OmegaConf.select(cfg, above) if above else cfg
        if key in empty or not OmegaConf.is_dict(node) or name not in node:
            continue
        value = node[name]
        if key in NAMED:
            if value is None or not str(value).strip():
                raise ConfigError(f"{key}={value}: a name is needed")
        elif key in TEXTS:
            if not (value is None or isinstance(value, str)):
                raise ConfigError(f"{key}={value}: a text is needed, or null")
        elif key in LISTS and not OmegaConf.is_list(value):
            raise ConfigError(f"{key}={value}: a list is needed, such as [a, b]; none is []")
        elif key not in LISTS and not OmegaConf.is_dict(value):
            raise ConfigError(f"{key}={value}: options are needed, such as {{a: 1}}; none is {{}}")


def _check_name(name: Any) -> None:
    """Refuse the name of an experiment that is not that of one folder in outputs."""
    if (
        not isinstance(name, str)
        or not name.strip()
        or {"/", "\\"} & {*name}
        or name in (".", "..")
    ):
        raise ConfigError(f"name={name}: a word is needed, it names a folder in paths.outputs")


def _texts(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a configuration with their keys."""
    if isinstance(node, str):
        yield key, node
    entries = node.items() if isinstance(node, dict) else ()
    for name, value in enumerate(node) if isinstance(node, list) else entries:
        yield from _texts(value, f"{key}.{name}".lstrip("."))


def _check_trainer(trainer: Any) -> None:
    """Refuse arguments of the Trainer that the program sets, or that Lightning divides by."""
    refuse_trainer_arguments(trainer)
    for name in COUNTS:
        if trainer.get(name) is not None:
            _check_whole(f"trainer.{name}", trainer[name], 1)
    for name in POSITIVE:
        value = trainer.get(name)
        if value is not None and not (isinstance(value, (int, float)) and 0 < value < math.inf):
            raise ConfigError(f"trainer.{name}={value}: a number above 0 is needed")
    value = trainer.get("max_time")
    if value is not None and not _is_duration(value):
        raise ConfigError(
            f"trainer.max_time={value}: days:hours:minutes:seconds is needed, such as 00:01:30:00"
        )


def _is_duration(value: Any) -> bool:
    """Return whether Lightning's timer takes a value, and it is a time above 0."""
    matched = DURATION.fullmatch(value) if isinstance(value, str) else None
    if matched:
        days, hours, minutes, seconds = map(int, matched.groups())
        value = {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds}
    try:
        return timedelta(**value) > timedelta()
    except (TypeError, OverflowError):
        return False


def _check_whole(name: str, value: Any, least: int, most: int | None = None) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if whole and least <= value and (most is None or value <= most):
        return
    limits = f"of at least {least}" if most is None else f"from {least} to {most}"
    raise ConfigError(f"{name}={value}: a whole number {limits} is needed")


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> None:
    """Raise ConfigError for a value of a key that is none of its choices."""
    names = [str(choice) for choice in choices]
    if str(value) not in names:
        listed = " or ".join([", ".join(names[:-1]), names[-1]]) if names[1:] else names[0]
        raise ConfigError(f"{name}={value}: choose {listed}")
