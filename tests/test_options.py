"""A contract: every number in conf/model and conf/dataset has a range, and nothing else passes."""

import contextlib
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from conftest import REPOSITORY
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from muso_exp.errors import ConfigError
from muso_exp.experiment.build import check
from muso_exp.options import MAX_COUNT

KINDS = {"model": pl.LightningModule, "dataset": pl.LightningDataModule}
FREE = {"reported", "plays"}  # what a document states; a data set with a file of its own


def with_bases(path: Path) -> DictConfig:
    return deepcopy(composed(path))


@cache
def composed(path: Path) -> DictConfig:
    """A file of conf/, over those that its defaults list names, without what is interpolated."""
    tree = OmegaConf.load(path)
    bases = [name for name in tree.pop("defaults", []) if name != "_self_" and "@" not in name]
    merged = OmegaConf.merge(*(composed(path.with_name(f"{name}.yaml")) for name in bases), tree)
    return OmegaConf.create(resolved(OmegaConf.create({"dataset": merged}).dataset))


def resolved(node: DictConfig) -> dict[str, Any]:
    """A node without what is interpolated from beyond the data set."""
    tree: dict[str, Any] = {}
    for key in node:
        with contextlib.suppress(InterpolationKeyError):
            tree[key] = resolved(node[key]) if OmegaConf.is_dict(node[key]) else node[key]
    return tree


def numbers(node: DictConfig) -> Iterator[tuple[str, bool]]:
    """Place of each option that is a number or a list of numbers, and whether it is a list."""
    for name, value in node.items():
        if OmegaConf.is_dict(value) and name not in FREE:
            yield from ((f"{name}.{inner}", many) for inner, many in numbers(value))
        first = value[0] if OmegaConf.is_list(value) and value else value
        if isinstance(first, (int, float)) and not isinstance(first, bool) and name not in FREE:
            yield str(name), OmegaConf.is_list(value)


FILES = sorted(
    path for group in ("model", "dataset") for path in (REPOSITORY / "conf" / group).iterdir()
)
OPTIONS = [(path, name, many) for path in FILES for name, many in numbers(with_bases(path))]


@pytest.mark.parametrize(
    ("path", "name", "many"), OPTIONS, ids=lambda one: getattr(one, "stem", str(one))
)
def test_a_number_out_of_range_is_refused_by_name(path: Path, name: str, many: bool) -> None:
    node = with_bases(path)
    for value in (float("nan"), float("inf"), -7, "7", True):
        OmegaConf.update(node, name, [value] if many else value)
        with pytest.raises(ConfigError, match=rf"^\S+: {re.escape(name)}(\[0\])?=.* is needed$"):
            check(node, KINDS[path.parent.name])


@pytest.mark.parametrize(
    ("file", "option", "needed"),
    [
        ("model/dff", {"hidden_sizes": [36, 0]}, r"hidden_sizes\[1\]=0: int >= 1 is needed"),
        ("model/dff", {"dropout": 1}, "float < 1 is needed"),
        ("dataset/plays", {"cutoffs": []}, r"cutoffs=\[\]: array of length >= 1 is needed"),
        ("model/fusion", {"hidden_share": 1}, "hidden_share=1: float < 1 is needed"),
        ("model/wmf", {"n_factors": MAX_COUNT + 1}, "int <= 2147483647 is needed"),
        ("model/wmf", {"seed": 2**32}, "int <= 4294967295 is needed"),
        ("model/mel_cnn", {"spectrum": {"top_db": 0}}, r"spectrum\.top_db=0: float > 0 is needed"),
        (
            "model/mel_cnn",
            {"spectrum": {"pad_mode": "wrap"}},
            r"spectrum\.pad_mode=wrap: one of reflect, constant is needed",
        ),
        ("model/sample_cnn", {"optimizer": "lion"}, "optimizer=lion: one of sgd, adam is needed"),
        ("dataset/audio_tags", {"windows": {"n_samples": -1}}, r"windows\.n_samples=-1: int >= 0"),
        (
            "dataset/audio_factors",
            {"plays": {"cutoffs": [0]}},
            r"Plays: cutoffs\[0\]=0: int >= 1",
        ),
    ],
)
def test_the_range_is_reported_in_words(file: str, option: dict, needed: str) -> None:
    node = with_bases(REPOSITORY / "conf" / f"{file}.yaml")
    if "plays" in option:
        option["plays"]["_target_"] = "muso_exp.data.plays.Plays"
    with pytest.raises(ConfigError, match=needed):
        check(OmegaConf.merge(node, option), KINDS[file.partition("/")[0]])
