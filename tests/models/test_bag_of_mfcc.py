import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytest import approx
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader

from muso_exp.models.bag_of_mfcc import BagOfMFCC, moments
from muso_exp.models.base import Batch

RATE, N_SAMPLES = 8000, 10_000


def clips(n_rows: int = 24, seed: int = 0) -> Batch:
    """Genre 0 is noise, 1 a low tone, 2 a high one, each over faint noise."""
    rng = np.random.default_rng(seed)
    genre = np.arange(n_rows) % 3
    times = np.arange(N_SAMPLES) / RATE
    hertz = np.array([0, 300, 1500])[genre] * rng.uniform(0.8, 1.25, n_rows)
    tones = np.sin(2 * np.pi * np.outer(hertz, times))
    noise = rng.normal(0, np.where(genre == 0, 0.3, 0.01)[:, None], (n_rows, N_SAMPLES))
    x = torch.from_numpy(0.5 * tones + noise).float()
    return {"x": x, "target": torch.from_numpy(genre), "row": torch.arange(n_rows)}


def fit(model: BagOfMFCC, *batches: Batch) -> BagOfMFCC:
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=1, enable_checkpointing=False, **quiet)
    trainer.fit(model, DataLoader(list(batches), batch_size=None))
    return model.eval()


def halves(batch: Batch) -> list[Batch]:
    return [{k: v[:10] for k, v in batch.items()}, {k: v[10:] for k, v in batch.items()}]


def test_moments_are_means_and_the_upper_triangle_of_the_covariance() -> None:
    series = np.random.default_rng(0).normal(size=(2, 3, 50))
    found = moments(torch.from_numpy(series)).numpy()
    for row, one in zip(found, series, strict=True):
        covariance = np.cov(one, bias=True)
        upper = [covariance[i, j] for i, j in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]]
        assert row == approx([*one.mean(axis=1), *upper])


def test_39_coefficients_make_819_numbers() -> None:
    model = BagOfMFCC("genres", 3, RATE)
    assert model.embedding_dim == 39 + 39 * 40 // 2 == 819
    assert model.describe(clips(2)["x"]).shape == (2, 819)


def test_ridge_is_scikit_learns_on_standardised_bags() -> None:
    batch = {**clips(), "target": torch.randn(24, 2, generator=torch.Generator().manual_seed(0))}
    model = fit(BagOfMFCC("regression", 2, RATE, alpha=0.5), batch)
    bags = model.describe(batch["x"]).double().numpy()
    reference = make_pipeline(StandardScaler(), Ridge(alpha=0.5 * 24))
    reference.fit(bags, batch["target"].numpy())
    assert model(batch["x"]).numpy() == approx(reference.predict(bags), abs=1e-3)


def test_genres_are_scikit_learns_logistic_regression() -> None:
    batch, new = clips(), clips(seed=1)
    model = fit(BagOfMFCC("genres", 3, RATE, C=0.01), batch)
    reference = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    reference.fit(model.describe(batch["x"]).double().numpy(), batch["target"].numpy())
    expected = reference.predict_proba(model.describe(new["x"]).double().numpy())
    assert model(new["x"]).numpy() == approx(expected, abs=1e-3)


def test_genres_of_new_clips_are_distinguished() -> None:
    model, new = fit(BagOfMFCC("genres", 3, RATE), clips()), clips(seed=1)
    assert model(new["x"]).argmax(dim=1).eq(new["target"]).all()


def test_batches_are_solved_together() -> None:
    whole, parts = (BagOfMFCC("genres", 3, RATE) for _ in range(2))
    fit(whole, clips())
    fit(parts, *halves(clips()))
    assert torch.allclose(whole.weight, parts.weight, atol=1e-5)
    assert torch.allclose(whole.mean, parts.mean, rtol=1e-5)


def test_windows_of_train_clips_are_rows_of_their_own() -> None:
    batch = clips()
    flat = fit(BagOfMFCC("genres", 3, RATE), {**batch, "x": batch["x"][:, :7500]})
    split = {**batch, "x": batch["x"][:, :7500].unflatten(1, (1, 7500))}
    assert torch.equal(flat.weight, fit(BagOfMFCC("genres", 3, RATE), split).weight)
    twice = {**batch, "x": batch["x"].unflatten(1, (2, 5000))[:, [0, 1, 0]]}
    model = fit(BagOfMFCC("genres", 3, RATE), twice)
    bags = model.describe(twice["x"].flatten(0, 1))
    assert torch.allclose(model.mean, bags.double().mean(dim=0).float(), rtol=1e-4)


def test_a_genre_without_train_rows_has_probability_0() -> None:
    batch = clips()
    batch["target"] = torch.tensor([1, 3])[batch["target"].clamp(max=1)]
    model = fit(BagOfMFCC("genres", 4, RATE), batch)
    preds = model(batch["x"])
    assert not preds[:, [0, 2]].any()
    assert preds.argmax(dim=1).eq(batch["target"]).all()


def test_one_output_is_a_column() -> None:
    batch = clips()
    batch["target"] = batch["target"][:, None].float()
    model = fit(BagOfMFCC("regression", 1, RATE), batch)
    assert model(batch["x"]).shape == (24, 1)


def test_one_genre_cannot_be_distinguished_from_none() -> None:
    batch = clips()
    batch["target"] = torch.zeros(24, dtype=torch.long)
    with pytest.raises(ValueError, match=r"two genres are needed, got 1 in 24 train windows"):
        fit(BagOfMFCC("genres", 3, RATE), batch)


@pytest.mark.parametrize("changed", [{"alpha": 0.0}, {"C": -1.0}])
def test_a_penalty_that_is_none_is_refused(changed: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"model.alpha and model.C must be > 0"):
        BagOfMFCC("genres", 3, RATE, **changed)
