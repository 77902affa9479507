"""YAML that libyaml parses has the values that OmegaConf's own loader gives it."""

from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY
from omegaconf import OmegaConf, _utils
from omegaconf.errors import OmegaConfBaseException

from muso_exp.experiment.compiled_yaml import DUMPER, use_compiled_yaml

FILES = sorted((REPOSITORY / "conf").rglob("*.yaml"))


def own_loader() -> type:
    """OmegaConf's, which the compiled one builds on."""
    return next(
        cls for cls in _utils.get_yaml_loader().__mro__ if cls.__name__ == "OmegaConfLoader"
    )


def test_all_of_conf_is_read_as_before() -> None:
    use_compiled_yaml()
    use_compiled_yaml()  # once is enough
    assert _utils.get_yaml_loader() is not own_loader()
    for path in FILES[::5]:
        text = path.read_text(encoding="utf-8")
        compiled = yaml.load(text, Loader=_utils.get_yaml_loader())
        assert repr(compiled) == repr(yaml.load(text, Loader=own_loader())), path


def test_numbers_dates_and_words_have_omegaconfs_types() -> None:
    text = "[1e-4, 1_000, .5, 0x10, 2024-01-02, yes, null, '1', 1:30, .inf]"
    compiled = yaml.load(text, Loader=_utils.get_yaml_loader())
    assert repr(compiled) == repr(yaml.load(text, Loader=own_loader()))
    assert compiled[0] == 0.0001 and compiled[4] == "2024-01-02"


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [1,\n", "a: !!python/object:os.system x"])
def test_what_is_no_configuration_is_still_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises((yaml.YAMLError, OmegaConfBaseException)):
        OmegaConf.load(tmp_path / "x.yaml")


def test_what_is_written_is_read_again() -> None:
    tree = {"name": "Björk: ${x} 'a' #1", "list": [1, 2.5, None, True], "text": "two\nlines"}
    text = yaml.dump(tree, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
    assert "Björk" in text and yaml.load(text, Loader=_utils.get_yaml_loader()) == tree
