import sys

import pytest
from omegaconf import OmegaConf

from muso_exp.build import accepted, build
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
