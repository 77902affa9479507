import numpy as np
import pytest
from pytest import approx

from muso_exp.features.mix_search import PartLists, grid, seek_weights
from muso_exp.features.ranking import Rows, rank_in_blocks

N_USERS, N_ITEMS, K = 300, 300, 10


def case() -> tuple[np.ndarray, Rows, Rows]:
    """Return two parts that each know half of what is hidden, and one of noise."""
    rng = np.random.default_rng(0)
    truth = rng.random((N_USERS, N_ITEMS))
    noise = rng.normal(0, 0.4, (3, N_USERS, N_ITEMS))
    scores = (truth + noise).astype(np.float32)
    scores[2] = noise[2]
    order = np.argsort(-truth, axis=1)
    seen, hidden = np.sort(order[:, :5], axis=1), np.sort(order[:, 5:13], axis=1)
    crow = np.arange(N_USERS + 1)
    return scores, Rows(5 * crow, seen.ravel()), Rows(8 * crow, hidden.ravel())


def whole(weights: np.ndarray) -> float:
    scores, seen, positives = case()
    mixed = np.tensordot(weights.astype(np.float32), scores, 1)
    columns = rank_in_blocks(lambda a, b: mixed[a:b], seen, positives, N_ITEMS, [K], n_top=0)
    return float(columns[f"ndcg_at_{K}"].mean())


@pytest.mark.parametrize("weights", [(1, 0, 0), (0.5, 0.5, 0), (0.25, 0.5, 0.25)])
def test_the_lists_give_the_ndcg_of_all_items(weights: tuple[float, ...]) -> None:
    lists = PartLists.gather([case()], K)
    assert lists.scores.shape[2] < N_ITEMS / 3
    assert lists.ndcg(np.array(weights), K) == approx(whole(np.array(weights)), abs=0.01)


def test_blocks_of_users_give_the_same_lists() -> None:
    scores, seen, positives = case()
    parts = [
        (scores[:, a:b], seen.slice(a, b), positives.slice(a, b)) for a, b in ((0, 7), (7, N_USERS))
    ]
    apart, together = PartLists.gather(parts, K), PartLists.gather([case()], K)
    assert np.array_equal(apart.scores, together.scores)


def test_two_parts_that_add_to_each_other_share_the_weight_and_noise_has_none() -> None:
    lists = PartLists.gather([case()], K)
    found = seek_weights(lists, np.ones(3, dtype=bool), 0.05, K)
    assert found.sum() == approx(1) and found[2] < 0.15
    assert 0.25 < found[0] < 0.75
    every = [lists.ndcg(weights, K) for weights in grid(3, 0.25)]
    assert lists.ndcg(found, K) >= max(every)


def test_a_part_that_is_not_used_has_no_weight() -> None:
    lists = PartLists.gather([case()], K)
    found = seek_weights(lists, np.array([True, False, True]), 0.05, K)
    assert found[1] == 0 and found[0] > 0.7
