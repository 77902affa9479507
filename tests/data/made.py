"""Data sets as the program builds them from conf/dataset, with some options changed."""

import functools
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from muso_exp.experiment.build import build
from muso_exp.experiment.renamed import modern


@functools.cache
def published(name: str) -> DictConfig:
    """Return a data set of conf/dataset, without what the config around it gives."""
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        paths = ["paths.cache=none", "paths.run=none", "name=none"]
        cfg = compose("config", [f"dataset={name}", *paths])
    return OmegaConf.create(OmegaConf.to_container(cfg.dataset, resolve=True))


def made(name: str, root: Path | str | None, cache: Path | str, **options: Any) -> Any:
    """Return the data set of conf/dataset/<name>.yaml; an option stands for the one in its node."""
    places = {"root": None if root is None else str(root), "cache": str(cache), "seed": 0}
    changed = modern({"_target_": published(name)._target_, **places, **options})
    return build(OmegaConf.merge(published(name), changed), pl.LightningDataModule)
