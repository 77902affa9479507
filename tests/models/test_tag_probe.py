import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytest import approx
from sklearn.linear_model import LogisticRegression
from torch.utils.data import DataLoader

from muso_exp.errors import ConfigError
from muso_exp.metrics.tags import MacroRocAuc
from muso_exp.models.base import Batch, Model
from muso_exp.models.tag_probe import TagProbe
from muso_exp.models.tag_probe_exact import TagProbeExact


def factors(n_rows: int = 600, seed: int = 0) -> Batch:
    """Three tags that the factors know more or less about, one that all rows have, one none."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_rows, 5)) * [1, 0.1, 1, 5, 1] + [0, 3, 0, 0, 0]
    logits = np.c_[2 * x[:, 0], 10 * (x[:, 1] - 3), -x[:, 2] - 1]
    known = rng.random(logits.shape) < 1 / (1 + np.exp(-logits))
    target = np.c_[known, np.ones(n_rows), np.zeros(n_rows)]
    return {
        "x": torch.from_numpy(x).float(),
        "target": torch.from_numpy(target).float(),
        "row": torch.arange(n_rows),
    }


def fit(model: Model, batches: list[Batch], epochs: int = 1) -> pl.Trainer:
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, DataLoader(batches, batch_size=None))
    return trainer


def auc(model: Model) -> float:
    batch = factors(seed=1)
    metric = MacroRocAuc()
    with torch.no_grad():
        metric.update(**model.predict_step(batch), target=batch["target"])
    return float(metric.compute())


def test_the_exact_probe_is_the_optimum_of_logistic_regression() -> None:
    model, batch = TagProbeExact(5, 5, C=1e6), factors()
    fit(model, [batch])
    x = batch["x"].double().numpy()
    for tag in range(3):
        reference = LogisticRegression(C=1e9, tol=1e-10, max_iter=10_000)
        reference.fit(x, batch["target"][:, tag].numpy())
        logits = reference.decision_function(x)
        assert model(batch["x"])[:, tag].numpy() == approx(logits, abs=1e-2)


def test_a_tag_that_all_or_no_rows_have_keeps_its_prior() -> None:
    model = TagProbeExact(5, 5)
    fit(model, [factors()])
    scores = model.predict_step(factors(seed=2))["scores"]
    assert scores[:, 3].numpy() == approx(600.5 / 601)
    assert scores[:, 4].numpy() == approx(0.5 / 601)


def test_the_scale_of_the_factors_changes_nothing_for_the_exact_probe() -> None:
    batch = factors()
    plain, scaled = TagProbeExact(5, 5), TagProbeExact(5, 5)
    fit(plain, [batch])
    larger = {**batch, "x": 1000 * batch["x"] + 7}
    fit(scaled, [larger])
    assert torch.allclose(plain(batch["x"]), scaled(larger["x"]), atol=1e-2)


def test_the_published_probe_learns_and_the_exact_one_is_at_least_as_good() -> None:
    torch.manual_seed(0)
    batch = factors()
    parts = [{name: value[i : i + 32] for name, value in batch.items()} for i in range(0, 600, 32)]
    published, exact = TagProbe(5, 5, lr=1e-2), TagProbeExact(5, 5)
    before = auc(published)
    fit(published, parts, epochs=20)
    fit(exact, [batch])
    assert auc(published) > before + 0.1
    assert auc(exact) >= auc(published) - 0.01
    assert float(exact.loss(batch)) <= float(published.loss(batch))


def test_the_published_probe_is_one_dense_layer_with_keras_rmsprop() -> None:
    model = TagProbe(40, 50)
    assert sum(weight.numel() for weight in model.parameters()) == 40 * 50 + 50
    settings = model.configure_optimizers().defaults
    assert (settings["lr"], settings["alpha"], settings["eps"]) == (1e-3, 0.9, 1e-7)
    limit = np.sqrt(6 / 90)
    assert float(model.dense.weight.abs().max()) <= limit
    assert float(model.dense.bias.abs().max()) == 0


def test_the_loss_is_the_mean_over_rows_and_tags() -> None:
    model = TagProbe(2, 2)
    torch.nn.init.zeros_(model.dense.weight)
    batch = {"x": torch.ones(3, 2), "target": torch.tensor([[1, 0], [0, 0], [1, 1]])}
    assert float(model.loss(batch)) == approx(np.log(2))


def test_a_reloaded_probe_answers_exactly_the_same() -> None:
    model, fresh = TagProbeExact(5, 5), TagProbeExact(5, 5)
    fit(model, [factors()])
    fresh.load_state_dict(model.state_dict())
    assert torch.equal(fresh(factors()["x"]), model(factors()["x"]))


def test_a_penalty_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model.C must be > 0, got 0"):
        TagProbeExact(5, 5, C=0)
