"""A package of a user's own, outside the repository: what docs/extend.md promises."""

import re
import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from own_package import (
    DIARY,
    PACKAGE,
    PLUGIN,
    SMOKE,
    WMF,
    at_home,
    copied,
    finished,
    forget,
    package,
    refused,
)
from pytest import approx

from muso_exp.trained import find_trained, load_trained


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("outside"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield from at_home(tmp_path, outside, monkeypatch)


def test_everything_of_the_users_own_runs_at_once(call: callable) -> None:
    record = finished(call(*DIARY))
    assert record["data"]["name"] == "diary" and record["n"]["users"] == 24
    assert record["epochs"] == 1  # it is solved
    assert {"geometric_auc", "mrr_at_5"} <= set(record["beats_null"])
    assert record["metrics"]["geometric_auc"] < record["metrics"]["auc"]
    assert (record["folder"] / "figures" / "reach.png").is_file()


def test_a_file_of_the_users_own_is_read_and_a_fault_in_it_is_named(
    call: callable, home: Path
) -> None:
    (home / "diary.tsv").write_text("user\tartist\tplays\na\tb\tmany\n")
    refused(call(*DIARY, f"dataset.root={home}"), "line 2, column plays: a whole number", home)
    text = (PACKAGE / "diary.tsv").read_text()
    (home / "diary.tsv").write_text(text + "u99\tDune\t3\nu99\tFern\t2\nu99\tMint\t2\n")
    record = finished(call(*DIARY, f"dataset.root={home}"))
    assert not record["data"]["simulated"] and record["n"]["users"] == 25


def test_a_model_of_the_users_own_takes_the_place_of_the_experiments_and_predicts(
    call: callable, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = finished(call(PLUGIN, *WMF, "model=fellows", "model.power=2"))
    assert record["epochs"] == 1  # it is solved
    items = load_trained(find_trained(str(record["folder"])))[0].catalogue.items["id"]
    seeds = home / "seeds.txt"
    seeds.write_text("\n".join(items.astype(str)[:3]))
    predict = ("predict", str(record["folder"]), str(seeds), "--out", str(home / "listed.csv"))
    forget()
    status, out, err = call(*predict)
    assert status != 0 and out == "" and len(err.splitlines()) == 1
    assert "_target_=tiny_taste.fellows.Fellows: refused" in err
    assert "tiny_taste" not in sys.modules
    monkeypatch.setenv("MUSO_PLUGINS", "tiny_taste")
    assert call(*predict)[0] == 0
    listed = pd.read_csv(home / "listed.csv")
    assert len(listed) and (np.diff(listed["score"]) <= 0).all()


def test_a_metric_of_the_users_own_is_tested_beside_those_of_another_data_set(
    call: callable,
) -> None:
    own = "{_target_: tiny_taste.geometric_auc.GeometricAuc, floor: 0.01}"
    record = finished(call(PLUGIN, *WMF, "model=popularity", f"+metrics.extra.own={own}"))
    assert record["metrics"]["own"] == approx(record["nulls"]["popularity"]["own"])
    assert "mrr_at_10" in record["metrics"]


def test_an_option_of_the_users_own_model_is_checked(call: callable, home: Path) -> None:
    refused(call(*DIARY, "model.power=-1"), "power=-1: float > 0 is needed", home)
    refused(call(*DIARY, "+model.strength=1"), "Fellows has no argument strength", home)


def test_a_metric_may_not_take_the_name_of_the_tasks(call: callable, home: Path) -> None:
    own = "{_target_: tiny_taste.geometric_auc.GeometricAuc}"
    refused(call(*DIARY, f"+metrics.extra.auc={own}"), "the task has a metric auc; rename", home)


def test_an_experiment_in_the_working_folder_names_its_plugins(call: callable, home: Path) -> None:
    (home / "conf" / "experiment").mkdir(parents=True)
    (home / "conf" / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n# Mine\n"
        "defaults:\n  - override /dataset: diary\n  - override /model: fellows\n"
        "name: mine\nplugins: [tiny_taste]\n"
    )
    assert finished(call("+experiment=mine", *SMOKE))["experiment"] == "mine"


def test_an_installed_package_is_found_by_its_entry_point(
    call: callable, home: Path, outside: Path
) -> None:
    info = home / "tiny_taste-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny_taste\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[muso_exp.plugins]\ntiny_taste = tiny_taste\n")
    assert finished(call("+experiment=diary", *SMOKE))["data"]["name"] == "diary"


@pytest.mark.parametrize("part", ["dataset", "model", "+metrics.extra.own"])
def test_a_package_that_is_not_named_is_refused_before_it_is_imported(
    part: str, call: callable, home: Path
) -> None:
    target = f"{part}._target_=tiny_taste.fellows.Fellows"
    if "metrics" in part:
        target = f"{part}={{_target_: tiny_taste.fellows.Fellows}}"
    refused(call(*WMF, target), "tiny_taste.*: refused; a target must be a class of muso_exp", home)
    assert "tiny_taste" not in sys.modules


MODEL = "from muso_exp.models.ranking import RankingSolver\n\nclass Mine(RankingSolver):\n"
DATA = "from muso_exp.data.base import ExperimentData\n\nclass Mine(ExperimentData):\n"
NET = (
    "from muso_exp.models.base import Model\n\nclass Mine(Model):\n"
    "    def predict_step(self, batch, batch_idx=0): ...\n"
)
METRIC = (
    "from muso_exp.metrics.base import WeightedMetric\n\nclass Mine(WeightedMetric):\n"
    "    def score(self, weights, **columns):\n        return 1 / 0\n"
)
LOADERS = (
    "    name = 'mine'\n"
    "    def train_dataloader(self): ...\n"
    "    def test_dataloader(self): ...\n"
    "    def setup(self, stage=None):\n"
)
TASK = "from muso_exp.tasks.recommendation.task import Recommendation\n"


@pytest.mark.parametrize(
    ("part", "text", "reason"),
    [
        ("model", f"{MODEL}    pass\n", "Mine does not implement score_block, training_step; see"),
        ("dataset", f"{DATA}    pass\n", "implement setup, test_dataloader, train_dataloader; see"),
        ("dataset", f"{DATA}{LOADERS}        pass\n", "setup must set fingerprint, dims, task"),
        (
            "dataset",
            f"from muso_exp.tasks.base import Task\n{DATA}{LOADERS}"
            "        self.task = type('Asked', (Task,), {})()\n",
            "Can't instantiate abstract class Asked with abstract methods audit",
        ),
        ("dataset", "from pytorch_lightning import LightningDataModule\n\n"
         "class Mine(LightningDataModule): ...\n", "a subclass of muso_exp.data.base.Experiment"),
        ("model", "from pytorch_lightning import LightningModule\n\n"
         "class Mine(LightningModule): ...\n", "a subclass of muso_exp.models.base.Model is"),
        ("model", "from muso_exp.models.base import Model\n\nclass Mine(Model): ...\n",
         "Mine does not implement predict_step, loss, configure_optimizers"),
        ("model", f"{NET}    loss = predict_step\n",
         "Mine does not implement configure_optimizers"),
        ("model", f"{NET}    def configure_optimizers(self): ...\n",
         "Mine does not implement loss; see"),
        ("metric", METRIC, "Mine has no fields, the columns that it reads"),
        ("metric", METRIC.replace("    def", "    fields = ('auc',)\n    def"),
         "metrics.extra.own: its formula failed: division by zero"),
        ("metric", METRIC.replace("    def", "    fields = ('volume',)\n    def"),
         "metrics.extra.own: its formula failed: no column 'volume'"),
        ("metric", "from muso_exp.metrics.base import WeightedMetric\n\n"
         "class Mine(WeightedMetric):\n    fields = ('auc',)\n", "abstract method '?score"),
    ],
)  # fmt: skip
def test_a_class_that_lacks_what_a_run_needs_is_refused_before_the_training(
    part: str, text: str, reason: str, call: callable, home: Path
) -> None:
    package(home, "my_taste", mine=text)
    node = "{_target_: my_taste.mine.Mine}"
    given = {
        "metric": [f"+metrics.extra.own={node}"],
        "model": ["~model", f"+model={node}"],
        "dataset": [
            "~dataset",
            "+dataset={_target_: my_taste.mine.Mine, root: null, cache: x, batch_size: 0, seed: 0}",
        ],
    }[part]
    if "Lightning" in text and part == "dataset":
        given = ["~dataset", f"+dataset={node}"]
    refused(call("plugins=[tiny_taste,my_taste]", *DIARY[1:], *given), reason, home)


FORMULA = (
    "from muso_exp.features.ranking_formulas import ranking_formula\n\n"
    "@ranking_formula()\ndef first(above, tied, n_candidates, k, gains):\n"
)


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("    return 1.0 / above[0] / 0.0\n", "ranking formula first failed: division by zero"),
        ("    return open('x').read()\n", "ranking formula first cannot be compiled by numba"),
    ],
)
def test_a_ranking_formula_that_fails_is_named_before_the_training(
    formula: str, reason: str, call: callable, home: Path
) -> None:
    package(home, "my_taste")
    (home / "my_taste" / "__init__.py").write_text(FORMULA + formula)
    refused(call("plugins=[tiny_taste,my_taste]", *DIARY[1:]), reason, home)


@pytest.mark.parametrize(
    ("init", "conf", "reason"),
    [
        ("import nothing_there", True, "plugins: my_taste cannot be imported: No module named"),
        ("raise ValueError('no good')", True, "my_taste cannot be imported: no good"),
        ("def broken(:", True, "my_taste cannot be imported: invalid syntax"),
        ("raise SystemExit(0)", True, "my_taste cannot be imported: it ended the program"),
        ("", False, "plugins: my_taste has no folder conf; put its YAML"),
        (None, False, "plugins: my_taste cannot be imported: No module named 'my_taste'"),
    ],
)
def test_a_plugin_that_is_none_ends_in_a_line(
    init: str | None, conf: bool, reason: str, call: callable, home: Path
) -> None:
    if init is not None:
        package(home, "my_taste", conf)
        (home / "my_taste" / "__init__.py").write_text(init)
    refused(call("plugins=[my_taste]", *WMF), reason, home)


@pytest.mark.parametrize("name", ["my taste", "../my_taste", "my_taste/", "."])
def test_a_name_that_is_no_packages_is_refused(name: str, call: callable, home: Path) -> None:
    refused(call(f"plugins=['{name}']", *WMF), "plugins: ", home)


def test_the_reciprocal_rank_of_a_tie_is_its_mean_over_all_orders(outside: Path) -> None:
    from tiny_taste.reciprocal_rank import reciprocal_rank

    above, tied = np.array([2, 2, 6]), np.array([4, 4, 1])
    for k in (1, 3, 4, 10):
        firsts = [3 + order.index(True) for order in permutations([True, True, False, False])]
        expected = np.mean([1 / first if first <= k else 0 for first in firsts])
        assert reciprocal_rank(above, tied, 9, k, np.ones(11)) == approx(expected)


def test_the_page_shows_the_files_that_run_here() -> None:
    page = (REPOSITORY / "docs" / "extend.md").read_text()
    shown = set(re.findall(r"```(?:python|yaml)\n(.*?)```", page, re.DOTALL))
    files = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".yaml")]
    assert {path.read_text() for path in files} == shown
    for path in files:
        assert f"`{path.relative_to(PACKAGE.parent)}`" in page
