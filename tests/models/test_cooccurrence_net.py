"""The net that predicts co-occurrences: what it counts, learns and scores."""

import numpy as np
import pytest
import torch
from continuation_models import DEAF, MODELS, NET, SIZES, fit, train_each
from ranking_world import halves

from muso_exp.models.abilities import ask
from muso_exp.models.cooccurrence_net import CooccurrenceNet
from muso_exp.models.ranking import Ranker


@pytest.fixture(scope="module")
def trained() -> dict[str, Ranker]:
    return train_each()


def test_no_gradient_reaches_the_net_as_published(trained: dict[str, Ranker]) -> None:
    published, repaired = (
        ask(trained[name].training_progress) for name in ("net_as_published", "net")
    )
    assert published.weights_moved == 0 and published.gradient == 0
    fresh = MODELS["net_as_published"]()
    for before, after in zip(
        fresh.parameters(), trained["net_as_published"].parameters(), strict=True
    ):
        assert torch.equal(before, after)
    assert repaired.weights_moved > 0.01 and repaired.gradient > 0


def test_training_brings_the_dev_loss_below_that_of_the_start(
    trained: dict[str, Ranker],
) -> None:
    published, repaired = (ask(trained[name].dev_error) for name in ("net_as_published", "net"))
    assert torch.equal(published.songs, repaired.songs)
    assert repaired.squared_error.mean() < published.squared_error.mean()
    assert torch.equal(published.train, repaired.train)
    assert not np.isin(repaired.songs, repaired.train).any()


def test_a_net_may_hold_out_no_songs() -> None:
    net = fit(CooccurrenceNet(**SIZES, **NET, dev_share=0), halves()[0])
    error = ask(net.dev_error)
    assert len(error.songs) == len(error.squared_error) == 0 < len(error.train)


def test_a_playlist_is_scored_by_the_mean_output_of_its_seeds(
    trained: dict[str, Ranker],
) -> None:
    net = trained["net"]
    seen, _ = halves()
    seeds = [item for item in seen[3].indices if item != DEAF]
    with torch.no_grad():
        expected = net(net.sound[seeds]).mean(dim=0)
        np.testing.assert_allclose(net.score_block(torch.tensor([3]))[0], expected, atol=1e-5)
