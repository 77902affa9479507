"""The trainer's arguments that follow from the model."""

import pytest
from omegaconf import OmegaConf

from muso_exp.experiment.parts import trainer_node
from muso_exp.models.base import Model
from muso_exp.models.cooccurrence_net import CooccurrenceNet
from muso_exp.models.popularity import Popularity


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-true", 64])
def test_mixed_precision_is_for_networks_that_do_not_recommend(precision: str | int) -> None:
    cfg = OmegaConf.create({"trainer": {"precision": precision}})
    assert trainer_node(cfg, Model())["precision"] == precision
    for model in (Popularity(3, 4), CooccurrenceNet(3, 4)):
        assert trainer_node(cfg, model)["precision"] == "32-true"
