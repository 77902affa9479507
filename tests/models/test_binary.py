"""The two-class models, by contract; and the document's network by hand."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
import yaml
from conftest import REPOSITORY
from hydra.utils import get_class
from pytest import approx
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.metrics.classification import F1, RocAUC
from muso_exp.models.base import Batch, Model
from muso_exp.models.binary import BinaryClassifier
from muso_exp.models.dff import DFF
from muso_exp.models.gradient_boosting import GradientBoosting
from muso_exp.models.logistic_binary import LogisticBinary

NAMES = ["backward_selection", "dff", "gradient_boosting", "logistic_binary"]
DOCUMENT_PARAMETERS = 12 * 36 + 36 + 36 * 36 + 36 + 36 + 1


def build(name: str, **options: Any) -> Model:
    config = yaml.safe_load((REPOSITORY / "conf" / "model" / f"{name}.yaml").read_text())
    cls = get_class(config.pop("_target_"))
    dims = {} if name == "gradient_boosting" else {"input_dim": 3}
    return cls(**config | dims | options)


def rows(n: int = 90, seed: int = 0) -> Batch:
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, generator=draw)
    target = (x[:, 0] + 0.3 * torch.randn(n, generator=draw) > 0).float()
    return {"x": x, "target": target, "weight": torch.ones(n), "row": torch.arange(n)}


def fit(model: Model, folder: Path, *train: Batch, val: bool = True) -> pl.Trainer:
    pl.seed_everything(0, verbose=False)
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=1, default_root_dir=folder, **quiet)
    model.attach_metrics(MetricCollection({"f1": F1(), "roc_auc": RocAUC()}))
    loader = DataLoader(list(train) or [rows()], batch_size=None)
    trainer.fit(model, loader, DataLoader([rows(seed=1)], batch_size=None) if val else None)
    return trainer


@pytest.mark.parametrize("threshold", ["half", "validation", "test_midrange"])
@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_reloads_to_the_very_same_predictions(
    name: str, threshold: str, tmp_path: Path
) -> None:
    model = build(name, threshold=threshold)
    trainer = fit(model, tmp_path)
    assert trainer.global_step == 1
    path = trainer.checkpoint_callback.best_model_path
    again = type(model).load_from_checkpoint(path, weights_only=True).eval()
    before, after = model.eval().predict_step(rows(seed=2)), again.predict_step(rows(seed=2))
    assert all(before[column].equal(after[column]) for column in ("probability", "decision"))
    assert ((before["probability"] >= 0) & (before["probability"] <= 1)).all()


@pytest.mark.parametrize("name", ["backward_selection", "gradient_boosting", "logistic_binary"])
def test_a_solver_ranks_new_rows_nearly_right(name: str, tmp_path: Path) -> None:
    model = build(name)
    trainer = fit(model, tmp_path)
    assert float(trainer.callback_metrics["val/roc_auc"]) > 0.9


@pytest.mark.parametrize("name", ["backward_selection", "gradient_boosting", "logistic_binary"])
def test_a_solver_refuses_a_train_split_in_parts(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"got it in 2 batches; set dataset\.batch_size=0"):
        fit(build(name), tmp_path, rows(), rows())


def test_the_documents_network_has_1837_parameters() -> None:
    net = DFF(input_dim=12)
    assert DOCUMENT_PARAMETERS == 1837
    assert sum(weight.numel() for weight in net.parameters()) == DOCUMENT_PARAMETERS
    kinds = [type(layer).__name__ for layer in net.net]
    assert kinds == ["Linear", "ReLU", "Linear", "Sigmoid", "Linear"]


def test_batch_norm_follows_every_linear_layer_and_dropout_every_hidden_one() -> None:
    net = DFF(12, hidden_sizes=[8], activations=["tanh"], batch_norm=True, dropout=0.5)
    kinds = [type(layer).__name__ for layer in net.net]
    assert kinds == ["Linear", "BatchNorm1d", "Tanh", "Dropout", "Linear", "BatchNorm1d"]


class Fixed(BinaryClassifier):
    """Gives the first feature as the probability."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0]


def given(*probability: float) -> Batch:
    return {"x": torch.tensor(probability)[:, None]}


def test_half_decides_at_one_half() -> None:
    columns = Fixed("half").predict_step(given(0.4, 0.5, 0.6))
    assert columns["decision"].tolist() == [0, 1, 1]


def test_the_published_threshold_moves_with_the_most_extreme_rows() -> None:
    model = Fixed("test_midrange")
    assert model.predict_step(given(0.50, 0.51, 0.52))["decision"].tolist() == [0, 1, 1]
    assert model.predict_step(given(0.50, 0.51, 0.90))["decision"].tolist() == [0, 0, 1]


def test_the_threshold_of_validation_is_learned_there_and_kept(tmp_path: Path) -> None:
    model = build("logistic_binary", threshold="validation")
    fit(model, tmp_path)
    held_out, probability = rows(seed=1), model(rows(seed=1)["x"])
    assert float(model.cut) in probability.tolist()
    hits = ((probability >= model.cut) & (held_out["target"] == 1)).sum()
    best = 2 * hits / ((probability >= model.cut).sum() + held_out["target"].sum())
    at_half = ((probability >= 0.5) & (held_out["target"] == 1)).sum() * 2
    assert best >= at_half / ((probability >= 0.5).sum() + held_out["target"].sum())


def test_a_threshold_cannot_be_learned_from_nothing(tmp_path: Path) -> None:
    model = build("dff", threshold="validation")
    fit(model, tmp_path, val=False)
    with pytest.raises(ConfigError, match="there was no validation to learn it from"):
        model.predict_step(rows())


def test_a_threshold_of_a_whole_split_needs_it_in_one_batch() -> None:
    model = Fixed("test_midrange")
    with pytest.raises(ConfigError, match="a split must come in one batch"):
        model.test_step(rows(), 1)
    with pytest.raises(ConfigError, match="a split must come in one batch"):
        model.validation_step(rows(), 1)


def test_cross_entropy_of_a_coin_is_ln_2_and_its_squared_error_a_quarter() -> None:
    batch = rows(4)
    for loss, expected in (("bce", 0.693147), ("mse", 1 / 4)):
        net = DFF(3, loss=loss)
        torch.nn.init.zeros_(net.net[-1].weight)
        torch.nn.init.zeros_(net.net[-1].bias)
        assert net.loss(batch).item() == approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_a_weight_counts_a_row_as_often(loss: str) -> None:
    net, batch = DFF(3, loss=loss), rows(3)
    weighted = net.loss(batch | {"weight": torch.tensor([3.0, 0.0, 0.0])})
    first = {name: column[:1] for name, column in batch.items()}
    assert float(weighted) == approx(float(net.loss(first)), rel=1e-5)


def test_a_lonely_row_is_skipped_under_batch_norm() -> None:
    net = DFF(3, batch_norm=True)
    assert net.loss(rows(1)) is None
    assert net.eval().loss(rows(1)) is not None


def test_an_optimizer_is_chosen_by_name() -> None:
    assert type(DFF(3, optimizer="sgd", lr=0.1).configure_optimizers()) is torch.optim.SGD
    assert type(DFF(3).configure_optimizers()) is torch.optim.Adam


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"threshold": "best"}, "threshold must be one of half, validation, test_midrange"),
        ({"loss": "hinge"}, r"model\.loss must be one of bce, mse, got 'hinge'"),
        ({"optimizer": "lion"}, r"model\.optimizer must be one of adam, sgd"),
        ({"activations": ["relu", "gelu"]}, r"model\.activations must be one of relu, sigmoid"),
        ({"activations": ["relu"]}, "one for each of 2 hidden layers is needed, got 1"),
    ],
)
def test_an_unknown_option_is_refused(options: dict, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        DFF(3, **options)


def test_a_penalty_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"C must be > 0, got 0; set model\.C"):
        LogisticBinary(3, C=0)


def test_trees_that_have_not_grown_know_nothing() -> None:
    assert GradientBoosting().predict_step(rows(3))["probability"].tolist() == [0.5] * 3
