"""Which settings cost a verdict."""

from collections.abc import Iterator

import pytest
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from muso_exp.experiment.settings import changed_settings, config_hash, other_test, settle

DOS = ["+experiment=dos_classifier"]


@pytest.fixture
def composed() -> Iterator[callable]:
    def make(*overrides: str) -> DictConfig:
        places = ["paths.outputs=unused", "paths.run=unused"]
        cfg = compose("config", [*overrides, *places], return_hydra_config=True)
        cfg.hydra.overrides.task = list(overrides)
        HydraConfig.instance().set_config(cfg)
        OmegaConf.set_readonly(cfg, False)
        with open_dict(cfg):
            del cfg["hydra"]
        settle(cfg)
        return cfg

    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        yield make
    HydraConfig.instance().cfg = None


def test_what_a_null_model_scores_depends_on_the_data_alone(composed: callable) -> None:
    training = ["scale=smoke", "model.lr=1", "dataset.batch_size=3", "trainer.max_epochs=1"]
    assert other_test(composed(*DOS, *training)) == []
    assert other_test(composed(*DOS, "scale=smoke", "dataset.label=closure")) == ["dataset.label"]


def test_the_users_word_is_no_changed_setting_but_is_said_of_the_run(composed: callable) -> None:
    quiet, said = composed(*DOS), composed(*DOS, "dataset.published=true")
    assert changed_settings(said) == []
    assert config_hash(quiet) != config_hash(said)
    assert changed_settings(composed(*DOS, "dataset.label=closure")) == ["dataset.label"]
