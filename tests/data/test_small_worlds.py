"""Every data set refuses a world that cannot be simulated in one line and keeps nothing of it."""

import re
from pathlib import Path

import pytest
import pytorch_lightning as pl
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from muso_exp.errors import ConfigError
from muso_exp.experiment.build import build
from muso_exp.simulation.checked import simulated_world

CONF = Path(__file__).parents[2] / "conf"
SIMULATED = sorted(
    path.stem
    for path in (CONF / "dataset").glob("*.yaml")
    if re.search("\n(world_|  )users:", path.read_text())
)
REFUSED = r"^dataset\.world: no such world can be simulated: n_{} must be at least"


@pytest.mark.parametrize("name", SIMULATED)
@pytest.mark.parametrize(("option", "size"), [("users", 1), ("artists", 2)])
def test_a_world_too_small_ends_in_one_line(
    tmp_path: Path, name: str, option: str, size: int
) -> None:
    small = [f"dataset={name}", f"paths.cache={tmp_path}"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", [*small, "paths.run=unused", "name=unused"])
    OmegaConf.resolve(cfg.dataset)
    if "world" in cfg.dataset:
        cfg.dataset.world[option] = size
    else:
        cfg.dataset[f"world_{option}"] = size
    with pytest.raises(ConfigError, match=REFUSED.format(option)):
        build(cfg.dataset, pl.LightningDataModule).prepare_data()
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_world_without_genres_is_refused() -> None:
    with pytest.raises(ConfigError, match="n_genres must be at least 1, got 0"):
        simulated_world(n_users=2, n_artists=5, n_genres=0)


def test_a_world_too_small_for_the_files_written_from_it_is_refused(tmp_path: Path) -> None:
    few = ["dataset=plays", "dataset.source=muso", "dataset.world.users=20"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", [*few, f"paths.cache={tmp_path}", "paths.run=x", "name=x"])
    OmegaConf.resolve(cfg.dataset)
    with pytest.raises(ConfigError, match=r"^dataset\.world: no such world .* cannot stay"):
        build(cfg.dataset, pl.LightningDataModule).prepare_data()
