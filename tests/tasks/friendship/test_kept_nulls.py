"""What the graph alone says is kept in the cache, and never taken for that of other friendships."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_friends import friends, write_network

from muso_exp.errors import ConfigError
from muso_exp.tasks.friendship import baselines
from muso_exp.tasks.friendship.baselines import GRAPH_ALONE
from muso_exp.tasks.friendship.split_network import LabelledPairs, SplitNetwork
from muso_exp.tasks.friendship.task import Friendship


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> SplitNetwork:
    return friends(write_network(tmp_path_factory.mktemp("n"), 120), cutoffs=[10]).task.network


def said(task: Friendship) -> dict[str, list[float]]:
    (suggestions,) = task.extra
    columns = {**task.nulls()[GRAPH_ALONE], **suggestions.nulls()[GRAPH_ALONE]}
    return {name: column.tolist() for name, column in columns.items()}


def entries(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if path.is_dir()}


def grown_anew(*args: object) -> None:
    raise AssertionError("the trees were grown anew")


def test_what_is_read_from_the_cache_is_what_was_computed(
    network: SplitNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = said(Friendship(network, [10]))
    assert said(Friendship(network, [10], cache=tmp_path)) == computed
    assert len(entries(tmp_path)) == 2
    monkeypatch.setattr(baselines, "fit_fusion", grown_anew)
    assert said(Friendship(network, [10], cache=tmp_path)) == computed
    other_lists = said(Friendship(network, [5], cache=tmp_path))  # of the same ranks
    assert "hit_rate_at_5" in other_lists and other_lists["auc"] == computed["auc"]


def test_another_split_fold_or_kind_of_pairs_is_another_entry(
    network: SplitNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(Friendship(network, [10], cache=tmp_path))
    monkeypatch.setattr(baselines, "fit_fusion", grown_anew)
    fit, test = network.fit, network.test
    folds = LabelledPairs(fit.pairs, fit.kind, np.arange(len(fit)) % 2)
    fewer = LabelledPairs(fit.pairs[1:], fit.kind[1:], fit.fold[1:])
    other = np.where(np.arange(len(fit)) == 0, (fit.kind + 1) % 3, fit.kind)
    asked = LabelledPairs(test.pairs[1:], test.kind[1:], test.fold[1:])
    for changed in (
        replace(network, fit=folds),
        replace(network, fit=fewer),
        replace(network, fit=LabelledPairs(fit.pairs, other, fit.fold)),
        replace(network, test=asked),
    ):
        with pytest.raises(AssertionError, match="grown anew"):
            said(Friendship(changed, [10], cache=tmp_path))


def test_another_version_of_the_trees_is_another_entry(
    network: SplitNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(Friendship(network, [10], cache=tmp_path))
    monkeypatch.setattr(baselines, "VERSION", baselines.VERSION + 1)
    said(Friendship(network, [10], cache=tmp_path))
    assert len(entries(tmp_path)) == 4


def test_a_damaged_entry_is_made_anew(network: SplitNetwork, tmp_path: Path) -> None:
    computed = said(Friendship(network, [10], cache=tmp_path))
    for entry in entries(tmp_path):
        (tmp_path / entry / "scores.npz").write_bytes(b"torn")
    assert said(Friendship(network, [10], cache=tmp_path)) == computed


def test_a_cache_that_cannot_be_written_is_one_line(network: SplitNetwork, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ConfigError, match=r"paths.cache=.*: cannot be written"):
        said(Friendship(network, [10], cache=file))
