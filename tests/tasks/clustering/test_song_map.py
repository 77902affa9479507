"""New tracks among known ones: two groups of tracks, far apart."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from muso_exp.tasks.clustering import song_map as module
from muso_exp.tasks.clustering.new_tracks import TracksToCluster
from muso_exp.tasks.clustering.song_map import song_map


class BySign:
    """Two clusters: below and above 0."""

    def columns(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"cluster": (batch["x"][:, 0] > 0).long()}


def tracks(n_known: int) -> TracksToCluster:
    known = np.random.default_rng(0).normal(size=(n_known, 2)).astype(np.float32)
    known[:, 0] += np.where(np.arange(n_known) % 2, 20, -20)
    x = np.array([[20, 0], [-20, 0]], dtype=np.float32)
    ids = np.arange(n_known).astype(str)
    return TracksToCluster(pd.DataFrame({"id": ["a", "b"]}), x, ids, known, np.ones(2), 5)


@pytest.fixture
def no_tsne(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "tsne_map", lambda x: 2 * x)


def test_a_new_track_stands_among_those_like_it(no_tsne: None, tmp_path: Path) -> None:
    found = song_map(tracks(40), BySign(), tmp_path)
    assert found.new_cluster.tolist() == [1, 0] and set(found.cluster) == {0, 1}
    assert found.places[:, 0] == pytest.approx([40, -40], abs=8)  # the map doubles all places
    for place, cluster in zip(found.places, found.new_cluster, strict=True):
        own = found.points[found.cluster == cluster]
        assert (own.min(axis=0) <= place).all() and (place <= own.max(axis=0)).all()


def test_of_many_known_tracks_some_are_drawn(
    no_tsne: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAPPED", 12)
    assert song_map(tracks(40), BySign(), tmp_path).points.shape == (12, 2)


def test_too_few_known_tracks_make_no_map(tmp_path: Path) -> None:
    assert song_map(tracks(9), BySign(), tmp_path) is None
