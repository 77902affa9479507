"""A contract: every number in conf/model and conf/dataset has a range, and nothing else passes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from conftest import REPOSITORY
from omegaconf import DictConfig, OmegaConf

from muso_exp.errors import ConfigError
from muso_exp.experiment.build import check
from muso_exp.options import MAX_COUNT

KINDS = {"model": pl.LightningModule, "dataset": pl.LightningDataModule}
FREE = {"reported"}  # numbers that a document states


def with_bases(path: Path) -> DictConfig:
    """A file of conf/, over those that its defaults list names, without what is interpolated."""
    tree = OmegaConf.load(path)
    bases = [name for name in tree.pop("defaults", []) if name != "_self_" and "@" not in name]
    merged = OmegaConf.merge(*(with_bases(path.with_name(f"{name}.yaml")) for name in bases), tree)
    plain = OmegaConf.to_container(merged, resolve=False)
    return OmegaConf.create({key: one for key, one in plain.items() if "${" not in str(one)})


def numbers(node: DictConfig) -> Iterator[tuple[str, bool]]:
    """Name of each option that is a number or a list of numbers, and whether it is a list."""
    for name, value in node.items():
        first = value[0] if OmegaConf.is_list(value) and value else value
        if isinstance(first, (int, float)) and not isinstance(first, bool) and name not in FREE:
            yield str(name), OmegaConf.is_list(value)


FILES = sorted(
    path for group in ("model", "dataset") for path in (REPOSITORY / "conf" / group).iterdir()
)
OPTIONS = [(path, name, many) for path in FILES for name, many in numbers(with_bases(path))]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -7, "7", True])
@pytest.mark.parametrize(
    ("path", "name", "many"), OPTIONS, ids=lambda one: getattr(one, "stem", str(one))
)
def test_a_number_out_of_range_is_refused_by_name(
    path: Path, name: str, many: bool, value: Any
) -> None:
    node = OmegaConf.merge(with_bases(path), {name: [value] if many else value})
    with pytest.raises(ConfigError, match=rf"^\S+: {name}(\[0\])?=.* is needed$"):
        check(node, KINDS[path.parent.name])


@pytest.mark.parametrize(
    ("file", "option", "needed"),
    [
        ("model/dff", {"hidden_sizes": [36, 0]}, r"hidden_sizes\[1\]=0: int >= 1 is needed"),
        ("model/dff", {"dropout": 1}, "float < 1 is needed"),
        ("model/wmf", {"n_factors": MAX_COUNT + 1}, "int <= 2147483647 is needed"),
        ("model/wmf", {"seed": 2**32}, "int <= 4294967295 is needed"),
        ("model/mel_cnn", {"top_db": 0}, "float > 0 is needed"),
        ("dataset/audio_tags", {"n_samples": 0}, "int >= 1 is needed"),  # of the class above
        (
            "dataset/audio_factors",
            {"plays": {"cutoffs": [0]}},
            r"Plays: cutoffs\[0\]=0: int >= 1",
        ),
    ],
)
def test_the_range_is_told_in_words(file: str, option: dict, needed: str) -> None:
    node = with_bases(REPOSITORY / "conf" / f"{file}.yaml")
    if "plays" in option:
        option["plays"]["_target_"] = "muso_exp.data.plays.Plays"
    with pytest.raises(ConfigError, match=needed):
        check(OmegaConf.merge(node, option), KINDS[file.partition("/")[0]])
