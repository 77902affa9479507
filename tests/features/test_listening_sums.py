import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from muso_exp.features.listening import (
    item_statistics,
    log_plays,
    pair_scales,
    pair_vectors,
    shuffled_orders,
    zscore_items,
    zscore_users,
)


def published_vector(users: list[list[np.ndarray]]) -> np.ndarray:
    """The document's three z-scores, one after the other: per user, per pair, over all."""

    def zscore(v: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return (v - v.mean()) / v.std()

    categories = [zscore(np.concatenate([zscore(v) for v in both])) for both in users]
    return zscore(np.concatenate(categories))


def closed_form(plays: list[np.ndarray], repair: bool) -> np.ndarray:
    tables = [zscore_users(csr_matrix(category)) for category in plays]
    has_spread = np.stack([spread for _, spread in tables], axis=1)[None]  # (1, 2, n_categories)
    sizes = [category.shape[1] for category in plays]
    scales = torch.from_numpy(pair_scales(has_spread, sizes, repair))
    blocks = [torch.from_numpy(table) for table, _ in tables]
    return pair_vectors(blocks, torch.tensor([[0, 1]]), scales)[0].numpy()


def test_zscore_by_hand() -> None:
    values, has_spread = zscore_users(csr_matrix([[3.0, 1.0], [0.0, 0.0], [2.0, 2.0]]))
    assert values.tolist() == [[1, -1], [0, 0], [0, 0]]
    assert has_spread.tolist() == [True, False, False]


def test_closed_form_equals_three_zscores() -> None:
    rng = np.random.default_rng(0)
    plays = [rng.poisson(0.4, (2, n)).astype(float) for n in (30, 7, 50)]
    expected = published_vector([list(category) for category in plays])
    assert closed_form(plays, repair=False) == pytest.approx(expected, abs=1e-5)
    assert closed_form(plays, repair=True) == pytest.approx(expected, abs=1e-5)


def test_user_without_known_tag_makes_the_whole_vector_nan_as_published() -> None:
    plays = [np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[0.0, 0.0], [3.0, 1.0]])]
    assert np.isnan(published_vector([list(category) for category in plays])).all()
    assert np.isnan(closed_form(plays, repair=False)).all()


def test_repaired_vector_keeps_mean_zero_and_variance_one() -> None:
    plays = [np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[0.0, 0.0], [3.0, 1.0]])]
    expected = np.array([1, -1, -1, 1, 0, 0, np.sqrt(2), -np.sqrt(2)])
    assert closed_form(plays, repair=True) == pytest.approx(expected)
    assert expected.mean() == pytest.approx(0) and expected.std() == pytest.approx(1)


def test_repaired_category_that_neither_user_has_stays_zero_and_the_rest_is_rescaled() -> None:
    plays = [np.array([[1.0, 0.0], [0.0, 2.0]]), np.zeros((2, 2))]
    expected = np.sqrt(2) * np.array([1, -1, -1, 1, 0, 0, 0, 0])
    assert closed_form(plays, repair=True) == pytest.approx(expected)


def test_pair_without_any_listening_stays_zero_when_repaired() -> None:
    assert closed_form([np.zeros((2, 3))], repair=True).tolist() == [0] * 6


def test_item_zscore_uses_the_statistics_it_is_given() -> None:
    train = csr_matrix([[4.0, 1.0, 5.0], [0.0, 1.0, 0.0]])
    mean, std = item_statistics(train)
    assert mean == pytest.approx([2, 1, 5 / 2])
    assert std == pytest.approx([2, 0, 5 / 2])
    other = zscore_items(csr_matrix([[6.0, 9.0, 0.0]]), mean, std)
    assert other[0] == pytest.approx([2, 0, -1])


def test_log_plays_leaves_absent_entries_zero() -> None:
    assert log_plays(csr_matrix([[0.0, 1.0]])).toarray()[0] == pytest.approx([0, np.log(2)])


def test_layout_is_category_by_category_user_one_then_user_two() -> None:
    blocks = [torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[5.0], [6.0]])]
    vectors = pair_vectors(blocks, torch.tensor([[1, 0], [0, 1]]))
    assert vectors.tolist() == [[3, 4, 1, 2, 6, 5], [1, 2, 3, 4, 5, 6]]


def test_both_users_of_a_pair_share_the_shuffled_order() -> None:
    block = torch.arange(20.0).reshape(2, 10)
    orders = shuffled_orders([7], 10, key=(3, 0))
    vector = pair_vectors([block], torch.tensor([[0, 1]]), orders=[orders])[0]
    assert vector[:10].tolist() == orders[0].tolist()
    assert (vector[10:] - vector[:10]).tolist() == [10] * 10


def test_shuffled_order_depends_on_seed_split_and_row_only() -> None:
    together = shuffled_orders([4, 9], 100, key=(0, 1))
    alone = shuffled_orders([9], 100, key=(0, 1))
    assert torch.equal(together[1], alone[0])
    others = [shuffled_orders([4], 100, key=(0, 1)), shuffled_orders([9], 100, key=(0, 2))]
    others.append(shuffled_orders([9], 100, key=(1, 1)))
    assert all(not torch.equal(alone, other) for other in others)
    assert sorted(alone[0].tolist()) == list(range(100))
