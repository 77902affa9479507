"""Steps on a matrix of plays that may be too large to hold twice."""

import tracemalloc
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix

from muso_exp.data.recommendation.splits import PlaysSplit, split_plays
from muso_exp.features import interactions as steps
from muso_exp.features.interactions import (
    draw_entries,
    item_listeners,
    item_plays,
    keep_entries,
    row_counts,
    select_entries,
)
from muso_exp.features.wmf import log_confidence
from muso_exp.formats.listening.interactions import Interactions, keep_dense
from muso_exp.metrics import ranking
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.split_plays import SplitPlays
from muso_exp.tasks.recommendation.task import Recommendation

N_USERS, N_ITEMS = 4000, 3000


def random_plays(n_users: int = 50, n_items: int = 30) -> csr_matrix:
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.5, size=(n_users, n_items)).astype(np.int32)
    counts[7] = 0
    return csr_matrix(counts)


@pytest.fixture(params=[1, 7, 2**22])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "BLOCK", request.param)


@pytest.mark.usefixtures("blocks")
def test_plays_are_drawn_as_by_one_sort_of_all() -> None:
    plays, share, seed = random_plays(), 0.3, 5
    sizes = np.diff(plays.indptr)
    users = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort([np.random.default_rng(seed).random(plays.nnz), users])
    place = np.empty(plays.nnz, dtype=int)
    place[order] = np.arange(plays.nnz) - np.repeat(plays.indptr[:-1], sizes)
    wanted = np.clip(np.round(share * sizes), 1, np.maximum(sizes - 1, 0))
    assert (draw_entries(plays, share, seed) == (place < wanted[users])).all()


@pytest.mark.usefixtures("blocks")
def test_what_is_kept_is_what_a_mask_keeps() -> None:
    plays = random_plays()
    kept = np.random.default_rng(1).random(plays.nnz) < 0.4
    expected = plays.copy()
    expected.data = np.where(kept, expected.data, 0)
    expected.eliminate_zeros()
    assert (keep_entries(plays, kept) != expected).nnz == 0
    assert keep_entries(plays, ~kept).nnz + expected.nnz == plays.nnz


@pytest.mark.usefixtures("blocks")
def test_sums_of_items_are_those_of_the_whole_matrix() -> None:
    plays = random_plays()
    assert item_plays(plays).tolist() == plays.toarray().sum(axis=0).tolist()
    assert item_listeners(plays).tolist() == (plays.toarray() > 0).sum(axis=0).tolist()
    half = np.arange(30) % 2 == 0
    assert row_counts(plays, half).tolist() == (plays.toarray()[:, half] > 0).sum(axis=1).tolist()


@pytest.mark.parametrize("items", [[3, 4, 20], [20, 3, 4], []])
def test_chosen_rows_and_columns_come_in_the_order_given(items: list[int]) -> None:
    plays, users = random_plays(), np.array([9, 0, 7])
    chosen = select_entries(plays, users, np.array(items, dtype=int))
    assert chosen.has_sorted_indices and chosen.dtype == plays.dtype
    assert chosen.toarray().tolist() == plays.toarray()[users][:, items].tolist()


def test_all_rows_and_columns_are_the_matrix_itself() -> None:
    plays = random_plays()
    assert select_entries(plays, np.arange(50), np.arange(30)) is plays


def test_the_diversity_of_listeners_is_that_of_the_transposed_matrix() -> None:
    plays = random_plays()
    top = torch.from_numpy(
        np.random.default_rng(2).permuted(np.tile(np.arange(30), (40, 1)), axis=1)
    )
    lists = top[:, :6].clone()
    lists[3, 2:] = -1
    lists[4, 1:] = -1
    rows = ranking.IntraListDiversity(plays.T.tocsr()).rows(top=lists)
    metric = ranking.IntraListDiversity(plays, columns=True)
    metric.most = 40  # so that the lists are taken by parts
    by_column = metric.rows(top=lists)
    assert rows[4].isnan() and by_column[4].isnan()
    assert torch.allclose(rows, by_column, equal_nan=True)
    vectors = plays.T.toarray() / np.linalg.norm(plays.toarray(), axis=0)[:, None]
    a, b = vectors[lists[3, :2].numpy()]
    assert float(by_column[3]) == pytest.approx(1 - a @ b)


def bytes_a_pair(plays: csr_matrix, work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the most bytes that a step holds at once, the new matrices it leaves included."""
    tracemalloc.start()
    try:
        result = work()
        return tracemalloc.get_traced_memory()[1] / plays.nnz, result
    finally:
        tracemalloc.stop()


def large() -> Interactions:
    rng = np.random.default_rng(3)
    popular = rng.integers(0, 40, N_ITEMS)
    plays = csr_matrix((rng.integers(0, 40, (N_USERS, N_ITEMS)) < popular).astype(np.int32))
    items = pd.DataFrame({"id": np.arange(N_ITEMS), "artist": "a", "title": "t"})
    return Interactions(plays, np.arange(N_USERS), items)


def test_no_step_holds_more_than_twelve_bytes_a_pair_beside_the_matrix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "BLOCK", 2**16)  # as small beside this matrix as beside a real one
    monkeypatch.setattr(ranking, "BLOCK", 2**16)
    monkeypatch.setattr("muso_exp.formats.listening.interactions.BLOCK", 2**16)
    monkeypatch.setattr("muso_exp.features.wmf._CHUNK", 2**16)
    data = large()
    n = data.plays.nnz
    assert n > 5e6
    for how in ("generator", "hash"):
        split_plays(data, options(None, how), 0)  # compiled now
    keep_dense(data, 5, 4)
    taken = {}
    taken["fingerprint"], _ = bytes_a_pair(data.plays, data.fingerprint)
    taken["filter"], dense = bytes_a_pair(data.plays, lambda: keep_dense(data, 5, 1700))
    assert dense.plays.nnz < n
    taken["split"], split = bytes_a_pair(data.plays, lambda: split_plays(data, options(None), 0))
    hashed = options(None, "hash")
    taken["split by hash"], _ = bytes_a_pair(data.plays, lambda: split_plays(data, hashed, 0))
    plays = SplitPlays(data, split, data.plays.shape, 1, 1)
    taken["task"], task = bytes_a_pair(data.plays, lambda: Recommendation(plays, [10], []))
    taken["catalogue"], _ = bytes_a_pair(
        data.plays, lambda: ItemCatalogue.of(data.items, split.train, True)
    )
    taken["weights"], _ = bytes_a_pair(data.plays, lambda: log_confidence(split.train, 2.0, 1.0))
    taken["audit"], _ = bytes_a_pair(data.plays, lambda: ranking_audit(task))
    top = torch.from_numpy(np.argsort(-task.listeners)[None, :10] + np.zeros((50, 1), int))
    diversity = task.metrics()["intra_list_diversity"]
    taken["lists"], _ = bytes_a_pair(data.plays, lambda: diversity.rows(top=top))
    assert {name: size for name, size in taken.items() if size > 12} == {}


def ranking_audit(task: Recommendation) -> object:
    from muso_exp.tasks.recommendation.audit import audit

    return audit(task.plays, task.held)


def options(eval_users: int | None, draw: Literal["generator", "hash"] = "generator") -> PlaysSplit:
    return PlaysSplit(
        by="holdout", test_share=0.2, val_share=0.0, list=None, eval_users=eval_users, draw=draw
    )
