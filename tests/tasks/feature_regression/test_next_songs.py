"""From estimated features to the next songs: which may follow, the metrics, new songs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pytest import approx
from tiny_songs import ANSWER, Zeros, dataset, ready, write_songs
from torch import Tensor

from muso_exp.data.spectra import Spectra
from muso_exp.errors import ConfigError
from muso_exp.metrics.next_songs import NextSongDistance, NextSongsKept
from muso_exp.records import Batch
from muso_exp.tasks.base import Answer
from muso_exp.tasks.feature_regression.next_songs import NextSongTest

CLUSTER = {"chain": {"by": "cluster", "n_clusters": 3, "n_listed": 2, "train_share": 0.5}}
NEAREST = {"chain": {"by": "nearest", "n_listed": 2, "scaling": "standard"}}


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_songs(tmp_path_factory.mktemp("songs"), 60)


def chained(songs: Path, cache: Path, **options: Any) -> tuple[Spectra, NextSongTest]:
    data = ready(songs, cache, **options)
    test = data.task.extra[1]
    assert isinstance(test, NextSongTest)
    return data, test


class Knows:
    """A stand-in for a model that knows the true features of the test songs."""

    def __init__(self, target: Tensor) -> None:
        self.target = target

    def columns(self, batch: Batch) -> dict[str, Tensor]:
        return {"preds": self.target}


@pytest.mark.parametrize("options", [CLUSTER, NEAREST])
def test_true_features_keep_all_next_songs(options: dict, songs: Path, cache: Path) -> None:
    _, test = chained(songs, cache, **options)
    columns = test.ask(Knows(test.target))
    followed = torch.from_numpy((test.true_lists >= 0).any(axis=1))
    assert columns["kept"].tolist() == followed.double().tolist()


def test_no_dev_or_test_song_follows(songs: Path, cache: Path) -> None:
    data, test = chained(songs, cache, **CLUSTER)
    held = {*data.part("val")["id"], *data.part("test")["id"]}
    free = data.known["id"].iloc[test.chain.rows]
    assert held.isdisjoint(free)
    assert 0 < len(free) < len(data.part("train"))  # clusters are fitted to the others


def test_a_cluster_lists_its_first_songs_in_the_order_of_the_file(songs: Path, cache: Path) -> None:
    _, test = chained(songs, cache, **CLUSTER)
    chain = test.chain
    cluster = chain.clusters(chain.known[chain.options.features].to_numpy())
    own = chain.clusters(test.truth[chain.options.features].to_numpy())
    for query, listed in zip(own, test.true_lists, strict=True):
        expected = [row for row in chain.rows if cluster[row] == query][:2]
        assert [row for row in listed if row >= 0] == expected


def test_distances_are_of_standardised_true_features(songs: Path, cache: Path) -> None:
    data, test = chained(songs, cache, **NEAREST)
    columns = test.ask(Knows(test.target))
    scaled = data.scaling.apply(data.known[data.features].to_numpy())
    gaps = np.linalg.norm(scaled[test.chain.rows] - test.target[0].numpy(), axis=1)
    assert len(data.features) == len(test.chain.options.features) + 1  # tempo counts here alone
    listed = np.searchsorted(test.chain.rows, test.true_lists[0])
    assert columns["distance"][0] == approx(gaps[listed].mean(), rel=1e-5)


def test_of_an_empty_cluster_no_song_follows_and_the_distance_is_one_at_random(
    songs: Path, cache: Path
) -> None:
    data, test = chained(songs, cache, **CLUSTER)
    found = test._of(np.full((len(test.target), 2), -1))
    scaled = data.scaling.apply(data.known[data.features].to_numpy())[test.chain.rows]
    expected = np.linalg.norm(scaled - test.target[0].numpy(), axis=1).mean()
    assert found["kept"].sum() == 0
    assert found["distance"][0] == approx(expected, rel=1e-5)


def test_the_metrics_are_means_over_songs() -> None:
    columns = {"kept": torch.tensor([0.5, 0.0]), "distance": torch.tensor([1.0, 4.0])}
    for metric, expected in ((NextSongsKept(), 1 / 4), (NextSongDistance(), 5 / 2)):
        metric.update(**columns)
        assert float(metric.compute()) == expected
    assert NextSongDistance().higher_is_better is False


def test_new_songs_get_their_cluster_and_next_songs(songs: Path, cache: Path) -> None:
    data = ready(songs, cache, **CLUSTER)
    again = dataset(songs, cache, **CLUSTER)
    data.half_widths = data.scaling.span
    again.load_state_dict(data.state_dict())
    found = again.read_new(songs).apply(Zeros())
    mean = data.scaling.shift[None, : len(data.features) - 1]
    assert data.next_songs is not None
    assert set(found["cluster"]) == set(data.next_songs.clusters(mean).tolist())
    assert found["next_songs"].nunique() == 1 and len(found) == 60


def test_the_report_sets_true_features_beside_estimated_ones(songs: Path, cache: Path) -> None:
    _, test = chained(songs, cache, **NEAREST)
    answer = Answer(Knows(test.target), test.ask(Knows(test.target)), ANSWER.bootstrap)
    table, examples = (section.table for section in test.sections(answer))
    assert table is not None and examples is not None
    assert table["distance"][0] == approx(table["distance"][1])
    assert examples["by the sound"].equals(examples["by its features"])


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ({"n_clusters": 40}, r"dataset\.chain\.n_clusters=40: 42 songs are too few"),
        ({"features": ["loudness", "duration_ms"]}, r"dataset\.chain\.features=.*are needed"),
        ({"features": []}, r"dataset\.chain\.features=\[\]: some of dataset\.features"),
    ],
)
def test_chains_that_cannot_be_made_are_refused(
    chain: dict, expected: str, songs: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match=expected):
        ready(songs, cache, chain={**CLUSTER["chain"], **chain})


def test_a_share_and_a_distance_have_their_bounds() -> None:
    assert NextSongsKept().bounds == (0, 1)
    assert NextSongDistance().bounds == (0, float("inf"))
