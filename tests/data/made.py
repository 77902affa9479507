"""Data sets as the program builds them from conf/dataset, with some options changed."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from conftest import REPOSITORY
from omegaconf import OmegaConf

from muso_exp.experiment.build import build
from muso_exp.experiment.renamed import modern


def made(name: str, root: Path | str | None, cache: Path | str, **options: Any) -> Any:
    """Return the data set of conf/dataset/<name>.yaml; an option stands for the one in its node."""
    around = {"seed": 0, "paths": {"cache": "none"}}
    tree = OmegaConf.load(REPOSITORY / "conf" / "dataset" / f"{name}.yaml")
    tree = OmegaConf.create({**around, "dataset": tree}).dataset
    OmegaConf.resolve(tree)
    places = {"root": None if root is None else str(root), "cache": str(cache), "seed": 0}
    changed = modern({"_target_": tree._target_, **places, **options})
    return build(OmegaConf.merge(tree, changed), pl.LightningDataModule)
