"""How plugins are named: within a sweep, by an experiment or its base, and by a dotted name."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from own_package import DIARY, SMOKE, WMF, at_home, copied, finished, package, refused

from muso_exp.experiment.plugins import named

MINE = (
    "# @package _global_\n# Mine\n"
    "defaults:\n  - override /dataset: diary\n  - override /model: fellows\n"
    "name: mine\nplugins: [tiny_taste]\n"
)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("outside"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield from at_home(tmp_path, outside, monkeypatch)


def write_experiment(home: Path, name: str, text: str) -> None:
    folder = home / "conf" / "experiment"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(text)


def test_a_sweep_over_an_option_of_the_users_own_model(call: callable) -> None:
    status, out, err = call(*DIARY, "-m", "model.power=1,2")
    assert status == 0, err
    table = pd.read_csv(Path(out.splitlines()[-1]) / "table.csv")
    assert sorted(table["variant"].unique()) == ["model.power=1", "model.power=2"]


def test_each_of_several_experiments_may_name_a_plugin(home: Path) -> None:
    write_experiment(home, "mine", MINE)
    assert named(["experiment=wmf,mine", "-m"], [home / "conf"]) == ["tiny_taste"]


def test_a_plugin_may_be_named_by_the_base_of_an_experiment(call: callable, home: Path) -> None:
    write_experiment(home, "mine", MINE)
    write_experiment(home, "further", "# @package _global_\ndefaults: [mine]\nname: further\n")
    assert finished(call("+experiment=further", *SMOKE))["experiment"] == "further"


def test_an_experiment_of_a_plugin_may_name_another(call: callable, home: Path) -> None:
    package(home, "my_taste")
    (home / "my_taste" / "conf" / "experiment" / "mine.yaml").write_text(MINE)
    assert finished(call("plugins=my_taste", "+experiment=mine", *SMOKE))["experiment"] == "mine"


MODEL = """
from muso_exp.models.popularity import Popularity

class Mine(Popularity):
    pass
"""


def test_a_plugin_may_be_a_package_within_another(call: callable, home: Path) -> None:
    (home / "my_taste").mkdir()
    (home / "my_taste" / "__init__.py").write_text("")
    (home / "my_taste" / "outer.py").write_text(MODEL)
    package(home / "my_taste", "inner", mine=MODEL)
    own = ("~model", "+model={_target_: my_taste.inner.mine.Mine}")
    other = ("~model", "+model={_target_: my_taste.outer.Mine}")
    allowed = "refused; a target must be a class of .* or my_taste.inner; a plugin is put to use"
    refused(call("plugins=[my_taste.inner]", *WMF, *other), allowed, home)
    assert finished(call("plugins=[my_taste.inner]", *WMF, *own))["epochs"] == 1
