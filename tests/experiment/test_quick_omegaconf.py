"""OmegaConf with quicker parts reads what it reads by its own."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY
from omegaconf import OmegaConf, _utils, base, basecontainer
from omegaconf.errors import GrammarParseError

from muso_exp.experiment.quick_omegaconf import quicken

ODD = """
a: [1e3, 1_000, .5, -.inf, 0x1F, 010, "1e3", 2026-11-30, 12:30, yes, ~, null, '']
b: {<<: &base {x: 1, y: "${a.0}"}, z: 🎵 é}
c: *base
d: |
  two
  lines
"""


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """OmegaConf's own loader, which it has again after the test."""
    for module in (_utils, basecontainer):
        monkeypatch.setattr(module, "get_yaml_loader", module.get_yaml_loader)
    loader = _utils.get_yaml_loader()
    while hasattr(loader, "by_libyaml"):
        loader = loader.__mro__[2]
    quicken()
    return loader


def test_all_of_the_configuration_is_read_as_before(own: Any) -> None:
    quick = _utils.get_yaml_loader()
    assert issubclass(quick, yaml.cyaml.CParser) and not issubclass(own, yaml.cyaml.CParser)
    texts = [path.read_text() for path in (REPOSITORY / "conf").rglob("*.yaml")] + [ODD]
    for text in texts:
        assert repr(yaml.load(text, quick)) == repr(yaml.load(text, own))


@pytest.mark.parametrize("text", ["a: 1\na: 2", "a: [1", "a: 'b", "\x01a: 1", "a:\n\t- b"])
def test_what_is_no_yaml_is_refused(text: str, own: Any) -> None:
    with pytest.raises(yaml.YAMLError):
        OmegaConf.create(text)


def test_an_interpolation_is_parsed_once_and_looked_up_each_time(own: Any) -> None:
    cfg = OmegaConf.create({"a": 1, "b": "${a}", "c": "is ${a}", "d": "${oc.select:e,none}"})
    assert OmegaConf.to_container(cfg, resolve=True) == {"a": 1, "b": 1, "c": "is 1", "d": "none"}
    cfg.a, cfg.e = 2, "there"
    before = base.parse.cache_info().misses
    assert (cfg.b, cfg.c, cfg.d) == (2, "is 2", "there")
    assert base.parse.cache_info().misses == before
    with pytest.raises(GrammarParseError):
        OmegaConf.to_container(OmegaConf.create({"a": "${b"}), resolve=True)
