"""Models from a vector to several outputs: by contract for each YAML, then each by hand."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
import yaml
from hydra.utils import get_class
from pytest import approx
from torch import nn
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.metrics.regression import R2, MeanSquaredError
from muso_exp.models.base import Batch, Model
from muso_exp.models.ridge import Ridge
from muso_exp.models.spectra_baseline import SpectraBaseline
from muso_exp.models.spectra_mlp import SpectraMLP

CONF = Path(__file__).parents[2] / "conf" / "model"
DIMS = {"n_inputs": 6, "n_outputs": 2}


def config(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())


def is_regressor(path: Path) -> bool:
    named = inspect.signature(get_class(config(path)["_target_"])).parameters
    needed = {name for name, value in named.items() if value.default is value.empty}
    return needed == set(DIMS)


MODELS = [path.stem for path in sorted(CONF.glob("*.yaml")) if is_regressor(path)]


def build(name: str) -> Model:
    given = config(CONF / f"{name}.yaml")
    small = {"hidden_sizes": [8, 4], "hidden_size": 8}
    given |= {key: value for key, value in small.items() if key in given}
    return get_class(given.pop("_target_"))(**given, **DIMS)


def rows(n: int = 40, seed: int = 0) -> Batch:
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=draw)
    target = torch.stack([x[:, 0] - x[:, 1], 0.5 * x[:, 2]], dim=1)
    return {"x": x, "target": target, "row": torch.arange(n)}


def trainer(folder: Path, epochs: int = 1) -> pl.Trainer:
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    return pl.Trainer(accelerator="cpu", max_epochs=epochs, default_root_dir=folder, **quiet)


@pytest.fixture
def fitted(name: str, tmp_path: Path) -> tuple[Model, pl.Trainer]:
    pl.seed_everything(0, verbose=False)
    model, runner = build(name), trainer(tmp_path)
    model.attach_metrics(MetricCollection({"mse": MeanSquaredError(), "r2": R2()}))
    runner.fit(model, DataLoader([rows()], batch_size=None), DataLoader([rows()], batch_size=None))
    return model.eval(), runner


@pytest.mark.parametrize("name", MODELS)
def test_one_epoch_counts_its_step_and_logs_the_metrics(fitted: tuple) -> None:
    _, runner = fitted
    assert runner.global_step == 1
    assert {"val/mse", "val/r2", "val/loss"} <= set(runner.callback_metrics)
    assert runner.callback_metrics["val/mse"] == approx(runner.callback_metrics["val/loss"].item())


@pytest.mark.parametrize("name", MODELS)
def test_the_checkpoint_reloads_to_the_very_same_predictions(fitted: tuple) -> None:
    model, runner = fitted
    path = runner.checkpoint_callback.best_model_path
    again = type(model).load_from_checkpoint(path, weights_only=True).eval()
    with torch.no_grad():
        before, after = (each.predict_step(rows(seed=1))["preds"] for each in (model, again))
    assert before.shape == (40, 2)
    assert before.equal(after)


@pytest.mark.parametrize("name", MODELS)
def test_the_yaml_names_the_constructors_defaults(name: str) -> None:
    given = config(CONF / f"{name}.yaml")
    named = inspect.signature(get_class(given.pop("_target_"))).parameters
    for key, value in given.items():
        default = named[key].default
        assert value == (list(default) if isinstance(default, tuple) else default)


@pytest.mark.parametrize("name", ["spectra_mlp", "spectra_baseline"])
def test_a_net_comes_closer_with_each_epoch(name: str, tmp_path: Path) -> None:
    pl.seed_everything(0, verbose=False)
    model = build(name)
    with torch.no_grad():
        before = float(model.eval().loss(rows()))
    model.attach_metrics(MetricCollection({}))
    trainer(tmp_path, 60).fit(model.train(), DataLoader([rows()], batch_size=None))
    with torch.no_grad():
        assert float(model.eval().loss(rows())) < 0.8 * before


def test_the_published_net_has_its_size() -> None:
    net = SpectraMLP(10_000, 11)
    counts = [weight.numel() for weight in net.parameters()]
    assert counts == [10_000 * 1000, 1000, 1000 * 100, 100, 100 * 11, 11]
    assert sum(counts) == 10_102_211


def test_dropout_comes_before_the_activation_and_none_after_the_last_layer() -> None:
    net = SpectraMLP(10, 3, activations=["relu", "tanh"])
    kinds = [type(layer) for layer in net.net]
    assert kinds == [nn.Linear, nn.Dropout, nn.ReLU, nn.Linear, nn.Dropout, nn.Tanh, nn.Linear]


def test_the_baseline_has_two_linear_layers_and_a_relu() -> None:
    net = SpectraBaseline(10_000, 11)
    kinds = [type(layer) for layer in net.net]
    assert kinds == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
    assert sum(weight.numel() for weight in net.parameters()) == 10_000 * 1000 + 1000 + 11 * 1001


def test_ridge_finds_a_linear_truth(tmp_path: Path) -> None:
    model = Ridge(6, 2, strengths=[1e-9, 1.0])
    model.attach_metrics(MetricCollection({}))
    trainer(tmp_path).fit(model, DataLoader([rows()], batch_size=None))
    assert model.weight[0].tolist() == approx([1, 0], abs=1e-5)
    assert model.weight[2].tolist() == approx([0, 0.5], abs=1e-5)
    assert model.strength.tolist() == approx([1e-9, 1e-9])


def test_ridge_wants_the_whole_train_split(tmp_path: Path) -> None:
    model = Ridge(6, 2)
    batches = DataLoader([rows(), rows(seed=1)], batch_size=None)
    with pytest.raises(ConfigError, match=r"in 2 batches; set dataset\.batch_size=0"):
        trainer(tmp_path).fit(model, batches)


def test_ridge_says_where_nothing_can_be_learned(tmp_path: Path) -> None:
    batch = {**rows(), "x": torch.ones(40, 6)}
    with pytest.raises(ConfigError, match="ridge regression: the inputs are the same"):
        trainer(tmp_path).fit(Ridge(6, 2), DataLoader([batch], batch_size=None))


@pytest.mark.parametrize("strengths", [[], [1.0, -1.0]])
def test_ridge_refuses_a_strength_that_is_not_positive(strengths: list) -> None:
    with pytest.raises(ConfigError, match=r"model\.strengths: positive numbers needed"):
        Ridge(6, 2, strengths=strengths)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lr": 0.0}, r"model\.lr must be > 0"),
        ({"dropout": 1.0}, r"model\.dropout must be >= 0 and < 1"),
        ({"activations": ["tanh", "odd"]}, r"model\.activations must be of tanh, relu, got 'odd'"),
        ({"activations": ["tanh"]}, r"model\.hidden_sizes: a size >= 1 and one of"),
        ({"hidden_sizes": [10, 0]}, r"model\.hidden_sizes: a size >= 1 and one of"),
    ],
)
def test_a_net_that_makes_no_sense_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpectraMLP(10, 2, **wrong)
