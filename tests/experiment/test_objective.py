"""What a search optimises: a validation metric, once per setting, until the grid is used up."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.experiment import objective
from muso_exp.metrics.classification import BrierScore, RocAUC
from muso_exp.models.base import Model
from muso_exp.models.dff import DFF
from muso_exp.models.popularity import Popularity

OPTUNA = "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"
QUICK = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "logger=none"]
QUICK += ["trainer.max_epochs=1", "callbacks.progress=null", "table_metrics=[recall]"]
SEARCH = ["-m", *QUICK, "hydra/sweeper=optuna", "objective=val/loss", "dataset.split.val_share=0.2"]


def hydra(sweeper: str = OPTUNA, *overrides: str, **options: Any) -> DictConfig:
    node = {
        "sweeper": {"_target_": sweeper, "params": None, "n_trials": 50, **options},
        "overrides": {"task": list(overrides)},
    }
    cfg = OmegaConf.create(node)
    cfg.mode = RunMode.MULTIRUN
    return cfg


def data(n_batches: int) -> Any:
    metrics = MetricCollection({"roc_auc": RocAUC(), "brier": BrierScore()})
    task = SimpleNamespace(metrics=lambda: metrics)
    loader = [torch.zeros(1)] * n_batches
    return SimpleNamespace(task=task, val_dataloader=lambda: [loader] if n_batches else [])


@pytest.fixture
def searching(monkeypatch: pytest.MonkeyPatch) -> callable:
    def direct(direction: Any) -> None:
        cfg = SimpleNamespace(sweeper={"direction": direction})
        monkeypatch.setattr(HydraConfig, "get", lambda: cfg)

    return direct


def test_only_a_sweeper_that_chooses_optimises() -> None:
    assert not objective.optimises(hydra(objective.PLAIN))
    assert objective.optimises(hydra())


def test_a_test_metric_is_refused_with_its_new_key() -> None:
    with pytest.raises(ConfigError, match=r"set headline=acc to lead .* or objective=val/acc"):
        objective.check_named("acc")
    objective.check_named(None)
    objective.check_named("val/acc", hydra())


def test_a_search_without_objective_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"optimises, and objective is not set; .*val/loss"):
        objective.check_named(None, hydra())
    objective.check_named(None, hydra(objective.PLAIN))


def test_names_are_names() -> None:
    assert objective.names("headline", OmegaConf.create(["a", "b"])) == ["a", "b"]
    assert objective.names("headline", None) == []
    with pytest.raises(ConfigError, match="headline=3: the name of a metric is needed"):
        objective.names("headline", 3)


@pytest.mark.parametrize(
    ("name", "model", "n_batches", "limit", "direction", "problem"),
    [
        ("val/nothing", DFF(2), 1, 1.0, "minimize", "no metric 'val/nothing' .*val/roc_auc"),
        ("val/loss", Popularity(2, 3, [1]), 1, 1.0, "minimize", "no metric 'val/loss'"),
        ("val/roc_auc", DFF(2), 1, 1.0, "minimize", "worst val/roc_auc .*direction=maximize"),
        ("val/loss", DFF(2), 1, 1.0, "maximize", "the worst val/loss would be sought"),
        ("val/brier", DFF(2), 1, 1.0, "Direction.maximize", "sweeper.direction=minimize"),
        ("val/loss", DFF(2), 0, 1.0, "minimize", "there are no validation rows .*val_share"),
        ("val/loss", DFF(2), 1, 0, "minimize", "there are no validation rows"),
    ],
)
def test_a_search_by_what_cannot_be_measured_is_refused(
    name: str,
    model: Model,
    n_batches: int,
    limit: float,
    direction: str,
    problem: str,
    searching: callable,
) -> None:
    searching(direction)
    with pytest.raises(ConfigError, match=problem):
        objective.check_search(name, data(n_batches), model, limit)


@pytest.mark.parametrize(
    ("name", "directions"),
    [
        ("val/loss", "minimize"),
        ("val/roc_auc", "maximize"),
        (["val/loss", "val/roc_auc"], ["minimize", "maximize"]),
        ("val/loss", None),
    ],
)
def test_a_search_by_a_validation_metric_may_begin(
    name: Any, directions: Any, searching: callable
) -> None:
    searching(directions)
    objective.check_search(name, data(1), DFF(2), 1.0)


def test_a_failed_run_is_the_worst_of_a_search(searching: callable) -> None:
    searching("minimize")
    assert objective.worst() == math.inf
    searching(["Direction.maximize", "minimize"])
    assert objective.worst() == (-math.inf, math.inf)
    searching(None)
    assert math.isnan(objective.worst())


def test_the_sweeper_gets_the_objective_alone() -> None:
    assert objective.returned({"objective": {"val/loss": 0.5}}) == 0.5
    assert objective.returned({"objective": {"val/loss": 0.5, "val/auc": 0.7}}) == (0.5, 0.7)
    assert objective.returned({"metrics": {"acc": 1}}) is None


@pytest.mark.parametrize(
    ("overrides", "size"),
    [
        (["seed=choice(0,1)", "model.lr=0.1,0.2,0.3"], 6),
        (["seed=range(0,5)", "name=x"], 5),
        (["seed=0,0,1"], 2),
        (["seed=0,1", "model.lr=interval(0,1)"], None),
        (["seed=0"], None),
        (["seed=range(0,51)"], None),  # more than the 50 trials asked for
    ],
)
def test_a_grid_that_fits_the_trials_is_tried_once(overrides: list[str], size: int | None) -> None:
    cfg = hydra(OPTUNA, *overrides)
    assert objective.end_with_the_grid(cfg) == size
    assert cfg.sweeper.n_trials == (size or 50)
    assert (cfg.sweeper.get("sampler") is None) == (size is None)


def test_a_value_given_twice_stays_once() -> None:
    given = ["seed=0,0", "model.lr=choice(0.1,0.2,0.1)", "name=x", "a='x,y',z,z", "b=range(0,3)"]
    cfg = hydra(objective.PLAIN, *given, params={"variant": "a,b,a", "scale": "desk"})
    doubled = objective.run_once(cfg)
    assert doubled == ["seed=0,0", "model.lr=choice(0.1,0.2,0.1)", "a='x,y',z,z", "variant=a,b,a"]
    assert cfg.overrides.task == [
        "seed=0",
        "model.lr=0.1,0.2",
        "name=x",
        "a='x,y',z",
        "b=range(0,3)",
    ]
    assert cfg.sweeper.params == {"variant": "a,b", "scale": "desk"}


def test_an_override_takes_the_place_of_the_experiments_own_values() -> None:
    cfg = hydra(OPTUNA, "seed=0,1", params={"seed": "0,1,2", "model.lr": "0.1,0.2"})
    assert objective.end_with_the_grid(cfg) == 4
    assert objective.end_with_the_grid(hydra(objective.PLAIN, "seed=0,1")) is None


def test_a_search_over_a_grid_ends_and_gets_the_validation_loss(call: callable) -> None:
    values = "model.lr=choice(0.1,0.01)"
    status, out, err = call(*SEARCH, values, "hydra.sweeper.n_trials=50")
    assert status == 0, err
    assert "the search has 2 settings; each is tried once" in err
    folder = Path(out.splitlines()[-1])
    records = [json.loads((folder / str(job) / "metrics.json").read_text()) for job in (0, 1)]
    assert not (folder / "2").exists()
    found = OmegaConf.load(folder / "optimization_results.yaml")
    assert found.best_value == min(record["objective"]["val/loss"] for record in records)
    assert all(record["headline"] == ["roc_auc"] for record in records)
    assert all(record["versus"][0]["metric"] == "roc_auc" for record in records)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["objective=null"], "this sweeper optimises, and objective is not set"),
        (["objective=roc_auc"], "set headline=roc_auc to lead"),
        (["dataset.split.val_share=0"], "objective=val/loss: there are no validation rows"),
        (["hydra.sweeper.direction=maximize"], "the worst val/loss would be sought"),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_it_begins(
    args: list[str], problem: str, call: callable, tmp_path: Path
) -> None:
    status, out, err = call(*SEARCH, "model.lr=choice(0.1,0.01)", *args)
    assert (status, out) == (2, "")
    assert problem in err.splitlines()[-1] and "Traceback" not in err
    assert [path for path in (tmp_path / "outputs").rglob("*") if path.is_file()] == []
