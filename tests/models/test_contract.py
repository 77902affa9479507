"""Every model of conf/model that turns pair vectors into DOS classes, by contract.

A new YAML file is covered without an edit here: those count whose constructor names the input's
length and the number of classes, and needs nothing else.
"""

import inspect
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
import yaml
from hydra.utils import get_class
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection

from muso_exp.metrics.friend_distance import ExactAccuracy, FriendAUC
from muso_exp.models.base import Batch, Model
from muso_exp.training.callbacks import TestPredictions

CONF = Path(__file__).parents[2] / "conf" / "model"
BLOCKS = [4, 3]
DIMS = {"input_dim": 2 * sum(BLOCKS), "n_classes": 5, "block_sizes": BLOCKS}


def is_distance_model(path: Path) -> bool:
    target = yaml.safe_load(path.read_text())["_target_"]
    named = inspect.signature(get_class(target)).parameters
    needed = {name for name, parameter in named.items() if parameter.default is parameter.empty}
    return {"input_dim", "n_classes"} <= needed <= set(DIMS)


MODELS = [path.stem for path in sorted(CONF.glob("*.yaml")) if is_distance_model(path)]


def small(config: dict[str, Any]) -> dict[str, Any]:
    shrunk = {k: [8, 4] if k == "hidden_sizes" else v for k, v in config.items()}
    return {k: v for k, v in shrunk.items() if k != "_target_"}


def build(name: str) -> Model:
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    cls = get_class(config["_target_"])
    named = inspect.signature(cls).parameters
    return cls(**small(config), **{k: v for k, v in DIMS.items() if k in named})


def pairs(n_rows: int = 24, seed: int = 0) -> Batch:
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(n_rows, DIMS["input_dim"], generator=draw)
    target = torch.arange(n_rows) % DIMS["n_classes"]
    return {"x": x, "target": target, "row": torch.arange(n_rows)}


def loader() -> DataLoader:
    return DataLoader([pairs()], batch_size=None)


def metrics() -> MetricCollection:
    return MetricCollection({"acc_exact": ExactAccuracy(), "friend_auc": FriendAUC()})


def trainer(folder: Path) -> pl.Trainer:
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    return pl.Trainer(accelerator="cpu", max_epochs=1, default_root_dir=folder, **quiet)


@pytest.fixture
def fitted(name: str, tmp_path: Path) -> tuple[Model, pl.Trainer]:
    pl.seed_everything(0, verbose=False)
    model, runner = build(name), trainer(tmp_path)
    model.attach_metrics(metrics())
    runner.fit(model, loader(), loader())
    return model.eval(), runner


@pytest.mark.parametrize("name", MODELS)
def test_one_epoch_counts_its_step_and_logs_the_metrics(
    fitted: tuple[Model, pl.Trainer],
) -> None:
    _, runner = fitted
    assert runner.global_step == 1
    assert {"val/acc_exact", "val/friend_auc"} <= set(runner.callback_metrics)


@pytest.mark.parametrize("name", MODELS)
def test_the_checkpoint_reloads_to_the_very_same_predictions(
    fitted: tuple[Model, pl.Trainer],
) -> None:
    model, runner = fitted
    path = runner.checkpoint_callback.best_model_path
    again = type(model).load_from_checkpoint(path, weights_only=True).eval()
    batch = pairs(seed=1)
    with torch.no_grad():
        before, after = model.predict_step(batch), again.predict_step(batch)
        assert model(batch["x"]).equal(again(batch["x"]))
    assert all(before[column].equal(after[column]) for column in before)


@pytest.mark.parametrize("name", MODELS)
def test_the_checkpoint_holds_plain_values_and_tensors_on_the_cpu(
    fitted: tuple[Model, pl.Trainer],
) -> None:
    _, runner = fitted
    path = runner.checkpoint_callback.best_model_path
    state = torch.load(path, weights_only=True, map_location=None)
    assert all(value.device.type == "cpu" for value in state["state_dict"].values())


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_one_decided_class_and_a_probability(name: str) -> None:
    columns = build(name).eval().predict_step(pairs())
    strategy, friend = columns["strategy"], columns["friend"]
    assert strategy.shape == (24, DIMS["n_classes"])
    assert strategy.sum(dim=1).eq(1).all() and strategy.amax(dim=1).eq(1).all()
    assert ((0 <= friend) & (friend <= 1)).all()


@pytest.mark.parametrize("name", MODELS)
def test_a_pair_with_a_nan_is_decided_as_friends(name: str) -> None:
    batch = pairs(3)
    batch["x"][1, 2] = torch.nan
    columns = build(name).eval().predict_step(batch)
    assert columns["strategy"][1].argmax() == 0
    assert columns["friend"][1] == 1.0
    assert not columns["strategy"].isnan().any()


@pytest.mark.parametrize("name", MODELS)
def test_a_test_run_logs_values_and_returns_every_row(
    fitted: tuple[Model, pl.Trainer],
) -> None:
    model, runner = fitted
    tested = TestPredictions()
    runner.callbacks.append(tested)
    logged = runner.test(model, loader(), verbose=False)[0]
    columns = model.predict_step(pairs())
    expected = columns["strategy"].argmax(dim=1).eq(pairs()["target"]).double().mean()
    assert logged["test/acc_exact"] == float(expected)
    assert tested.columns["strategy"].equal(columns["strategy"])


@pytest.mark.parametrize("name", MODELS)
def test_metrics_start_anew_each_epoch(fitted: tuple[Model, pl.Trainer]) -> None:
    model, _ = fitted
    assert all(not metric.target for metric in model.val_metrics.values())
