"""What an option means where a configuration does not name it."""

from typing import Any

import pytest

from muso_exp.experiment.defaults import ABSENT, default, default_at

MEL = {"_target_": "muso_exp.models.mel_cnn.MelCNN", "head": "genres", "spectrum": {"n_mels": 64}}
TRAINER = {"_target_": "pytorch_lightning.Trainer", "max_epochs": 3}
TREE = {"model": MEL, "trainer": TRAINER, "monitor": "val/loss", "callbacks": {"stop": {}}}


@pytest.mark.parametrize(
    ("node", "option", "expected"),
    [
        (MEL, "freq_mask", 0),
        (MEL | {"freq_mask": 8}, "freq_mask", 0),  # whatever its value
        (MEL, "hidden_sizes", [256, 128]),
        (MEL, "spectrum.n_fft", 1024),
        (MEL | {"spectrum": {"n_fft": 9}}, "spectrum.n_fft", 1024),
        (MEL, "head", ABSENT),
        (MEL, "gone", ABSENT),
        ({"n_mels": 64}, "n_mels", ABSENT),
    ],
)
def test_a_default_is_that_of_the_constructor(node: dict, option: str, expected: Any) -> None:
    assert default(node, option) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("trainer.use_distributed_sampler", True),
        ("trainer.max_epochs", None),
        ("model.spectrum.n_fft", 1024),
        ("model._target_", ABSENT),
        ("monitor", None),
        ("callbacks.stop.patience", None),
        ("nowhere.at_all", None),
    ],
)
def test_an_option_outside_of_any_constructor_is_not_set_by_default(
    key: str, expected: Any
) -> None:
    assert default_at(TREE, key) == expected
