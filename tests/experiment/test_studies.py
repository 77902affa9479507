"""The study of a search: which settings come in which order, and what is said of the best."""

from pathlib import Path

import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from muso_exp.experiment.search_plan import SearchPlan
from muso_exp.experiment.studies import SearchStudy

SPACE = {
    "model.lr": FloatDistribution(0.001, 1.0, log=True),
    "model.weight_decay": FloatDistribution(0.001, 0.1, log=True),
    "model.kind": CategoricalDistribution(("a", "b")),
}
STANDS = {"model.lr": 0.1, "model.weight_decay": 0.0, "model.kind": "b"}


def study(folder: Path, *grid: dict[str, str], sampler: str = "tpe") -> SearchStudy:
    space, distributions = dict.fromkeys(SPACE, "of the test"), {} if grid else SPACE
    plan = SearchPlan("val/auc", "maximize", space, distributions, grid, [], [], STANDS)
    return SearchStudy(f"sqlite:///{folder / 'study.db'}", "s", plan, "k", sampler, 0, 3)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_first_trial_changes_no_key_that_the_space_cannot_hold(
    tmp_path: Path, sampler: str
) -> None:
    search = study(tmp_path, sampler=sampler)
    for value in (0.9, 0.5, 0.6, 0.4, 0.7):
        (trial,) = search.ask(1)
        held = {"model.lr": 0.1, "model.kind": "b"}
        assert trial.params == held if trial.number == 0 else set(trial.params) == set(SPACE)
        search.tell(trial, value, pruned=False)
    assert search.best().params == held
    assert search.in_words().startswith(
        "model.lr=0.1 model.weight_decay=0 model.kind=b (as it stood): chosen by val/auc 0.9"
    )
    search.write_table(tmp_path / "trials.csv", {})
    first = pd.read_csv(tmp_path / "trials.csv").iloc[0]
    assert first[list(STANDS)].to_dict() == STANDS


def test_a_grid_comes_in_its_order_after_the_setting_as_it_stands(tmp_path: Path) -> None:
    grid = [dict.fromkeys(SPACE, "1"), dict.fromkeys(SPACE, "2")]
    search = study(tmp_path, *grid, sampler="grid")
    assert search.n_settings() == 3
    assert [trial.params for trial in search.ask(3)] == [{}, *grid]
