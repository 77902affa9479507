"""k-means and Ward's clusters as models: fitted in one step, reloaded exactly."""

from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from numpy.testing import assert_allclose
from torch.utils.data import DataLoader

from muso_exp.errors import ConfigError
from muso_exp.features.clusters import cut, kmeans, means, ward
from muso_exp.models.abilities import ask
from muso_exp.models.base import Batch
from muso_exp.models.clusters import Clusters
from muso_exp.models.hierarchical import Hierarchical
from muso_exp.models.kmeans import KMeans

KINDS = [KMeans, Hierarchical]


def rows(n_rows: int = 90, seed: int = 0) -> Batch:
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.normal(size=(n_rows, 4)) + 3 * rng.integers(3, size=(n_rows, 1)))
    return {"x": x.float(), "target": x.float(), "row": torch.arange(n_rows)}


def fit(model: Clusters, batches: list[Batch], folder: Path) -> pl.Trainer:
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    trainer.fit(model, DataLoader(batches, batch_size=None))
    return trainer


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_gives_the_very_same_clusters(kind: type[Clusters], tmp_path: Path) -> None:
    model = kind(4, 3, [2, 3, 5])
    trainer = fit(model, [rows()], tmp_path)
    assert trainer.global_step == 1
    path = trainer.checkpoint_callback.best_model_path
    again = kind.load_from_checkpoint(path, weights_only=True)
    before, after = model.predict_step(rows(seed=1)), again.predict_step(rows(seed=1))
    assert all(before[name].equal(after[name]) for name in before)
    assert again.curve == [2, 3, 5]


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_of_the_cluster_whose_centre_is_nearest(
    kind: type[Clusters], tmp_path: Path
) -> None:
    model = kind(4, 3, [2, 5])
    fit(model, [rows()], tmp_path)
    columns = model.predict_step(rows(seed=1))
    assert model.sizes == [2, 5, 3]
    x, centres = rows(seed=1)["x"], model.centres[7:]
    squared = (x[:, None] - centres).square().sum(dim=2)
    assert columns["cluster"].equal(squared.argmin(dim=1))
    assert_allclose(columns["squared_distance"], squared.min(dim=1).values, rtol=1e-5)
    assert columns["centre"].equal(centres[columns["cluster"]])
    curve = ask(model.at_each_k, x)
    assert curve.squared_distance.shape == curve.cluster.shape == (90, 2)
    assert (curve.squared_distance[:, 1] >= 0).all()
    assert curve.cluster[:, 0].equal(torch.cdist(x, model.centres[:2]).argmin(dim=1))


def test_k_means_holds_the_centres_of_the_function(tmp_path: Path) -> None:
    model = KMeans(4, 3, [5], init="k-means++", n_init=2, seed=7)
    fit(model, [rows()], tmp_path)
    x = rows()["x"].numpy()
    expected = [kmeans(x, k, "k-means++", 2, seed=7).centres for k in (5, 3)]
    assert_allclose(model.centres, np.concatenate(expected), rtol=1e-6)


def test_ward_holds_the_means_of_the_cut_tree(tmp_path: Path) -> None:
    model = Hierarchical(4, 3)
    fit(model, [rows()], tmp_path)
    x = rows()["x"].numpy()
    assert_allclose(model.centres, means(x, cut(ward(x), [3])[:, 0], 3), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_clusters_are_solved_on_all_rows_at_once(kind: type[Clusters], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"got it in 2 batches; set dataset.batch_size=0"):
        fit(kind(4, 3), [rows(), rows(seed=1)], tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_more_clusters_than_rows_are_refused(kind: type[Clusters], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="200 clusters of 90 train tracks"):
        fit(kind(4, 200), [rows()], tmp_path)


def test_an_unknown_start_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model.init must be one of random, k-means\+\+, got 'x'"):
        KMeans(4, 3, init="x")


@pytest.mark.parametrize("given", [{"n_init": 0}, {"max_iter": 0}])
def test_no_start_or_no_iteration_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"model\.n_init and max_iter must be at least 1"):
        KMeans(4, 3, **given)
