import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
import torch
from conftest import REPOSITORY
from omegaconf import OmegaConf

from muso_exp.build import _fits, _parameters, accepted, build
from muso_exp.errors import ConfigError


def test_a_target_outside_the_known_packages_is_refused_before_it_is_imported() -> None:
    sys.modules.pop("antigravity", None)
    with pytest.raises(ConfigError, match=r"_target_=antigravity\.fly: refused; a target must be"):
        build(OmegaConf.create({"_target_": "antigravity.fly"}))
    assert "antigravity" not in sys.modules


def test_a_nested_target_is_refused_too() -> None:
    node = {"_target_": "torch.nn.Sequential", "inner": [{"_target_": "os.system"}]}
    with pytest.raises(ConfigError, match=r"_target_=os\.system: refused"):
        build(OmegaConf.create(node))


def test_an_unknown_argument_is_named_with_the_known_ones() -> None:
    node = {"_target_": "torch.nn.Dropout", "q": 0.5}
    with pytest.raises(ConfigError, match=r"torch\.nn\.Dropout has no argument q; it takes p"):
        build(OmegaConf.create(node))


def test_a_class_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"_target_=muso_exp\.models\.nothing\.Nothing"):
        build(OmegaConf.create({"_target_": "muso_exp.models.nothing.Nothing"}))


def test_an_empty_node_builds_nothing() -> None:
    assert build(None) is None
    assert build(OmegaConf.create({})) is None


def test_a_constructor_gets_the_sizes_it_names_and_the_node_leaves_open() -> None:
    node = OmegaConf.create({"_target_": "torch.nn.Linear", "in_features": 3})
    offers = {"in_features": 9, "out_features": 2, "n_users": 7}
    assert accepted(node, offers) == {"out_features": 2}


def test_what_a_constructor_may_take_is_asked_of_known_packages_only() -> None:
    with pytest.raises(ConfigError, match=r"_target_=os\.system: refused"):
        accepted(OmegaConf.create({"_target_": "os.system"}), {})


def test_a_constructor_that_refuses_its_argument_ends_in_one_line() -> None:
    node = {"_target_": "torch.nn.Dropout", "p": 2.0}
    with pytest.raises(ConfigError, match=r"torch\.nn\.Dropout: dropout probability has to be"):
        build(OmegaConf.create(node))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_epochs": "two"}, "max_epochs=two: int or null is needed"),
        ({"min_steps": "x", "max_epochs": "x"}, "Trainer: min_steps=x: "),
        ({"max_steps": True}, "max_steps=True: int is needed"),
        ({"max_epochs": -5}, "`max_epochs` must be a non-negative integer or -1"),
        ({"accelerator": "tpu"}, "pytorch_lightning.Trainer: "),
        ({"max_time": "soon"}, "pytorch_lightning.Trainer: .*soon"),
    ],
)
def test_what_the_trainer_cannot_take_ends_in_one_line(given: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(OmegaConf.create({"_target_": "pytorch_lightning.Trainer", **given}))


def test_every_argument_of_the_trainer_can_be_set_but_those_that_are_the_programs() -> None:
    own = {"logger", "callbacks", "plugins", "default_root_dir", "enable_checkpointing"}
    cut = {"fast_dev_run", "barebones", "overfit_batches", "limit_test_batches"}
    unused = {"limit_predict_batches", "model_registry", "enable_autolog_hparams"}
    node = OmegaConf.load(REPOSITORY / "conf" / "trainer" / "default.yaml")
    assert set(_parameters(node)) - set(node) == own | cut | unused
    assert set(node) - set(_parameters(node)) == {"_target_"}


@pytest.mark.parametrize(
    ("value", "hint", "fits"),
    [
        (1, float, True),
        (True, float, False),
        ("1", float, False),
        (None, int | None, True),
        ([1, 2], Sequence[int], True),
        ([1, "x"], Sequence[int], False),
        ("abc", Sequence[str], False),
        ("max", Literal["min", "max"], True),
        ("best", Literal["min", "max"], False),
        ({"_target_": "torch.nn.ReLU"}, torch.nn.Module, True),
    ],
)
def test_a_plain_value_fits_its_annotation(value: object, hint: object, fits: bool) -> None:
    assert _fits(value, hint) is fits


def test_a_place_that_refuses_a_constructor_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    uri = f"sqlite:///{tmp_path}/file/below/mlflow.db"
    node = {"_target_": "muso_exp.tracking.MlflowLogger", "tracking_uri": uri}
    with pytest.raises(NotADirectoryError):
        build(OmegaConf.create(node), artifact_location=str(tmp_path))


def test_a_model_that_needs_what_the_data_set_has_not_is_told_what_it_has() -> None:
    node = OmegaConf.create({"_target_": "torch.nn.Bilinear", "in1_features": 3})
    told = (
        r"Bilinear needs in2_features; this data set offers n_users, out_features; .* set model\."
    )
    with pytest.raises(ConfigError, match=told):
        accepted(node, {"out_features": 2, "n_users": 7})


def descended() -> list[Path]:
    """The models with a learning rate."""
    files = sorted((REPOSITORY / "conf" / "model").glob("*.yaml"))
    return [path for path in files if "lr" in OmegaConf.load(path)]


@pytest.mark.parametrize("path", descended(), ids=lambda path: path.stem)
def test_a_learning_rate_that_is_none_is_refused_before_the_training(path: Path) -> None:
    node = OmegaConf.create({"seed": 0, "model": OmegaConf.load(path)}).model
    node.lr = -1
    named = _parameters(node).items()
    sizes = {name: 64 for name, one in named if one.default is one.empty and one.annotation is int}
    offered = {"block_sizes": [32], "head": "genres", "cutoffs": [1]} | sizes
    with pytest.raises(ConfigError, match="lr=-1: float > 0 is needed"):
        build(node, **accepted(node, offered))
