import itertools
from collections.abc import Iterator
from multiprocessing import get_context

import numpy as np
import pytest
from pytest import approx
from ranking_cases import naive, one, random_case, rank, rows
from sklearn.metrics import ndcg_score, roc_auc_score

from muso_exp.errors import ConfigError
from muso_exp.features import ranking
from muso_exp.features.ranking import place, rank_in_blocks
from muso_exp.features.ranking_formulas import FORMULAS, ranking_formula
from muso_exp.features.shared_ranking import rank_by_item
from muso_exp.metrics.ranking import ranking_metrics


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    assert one([5, 4, 3, 2, 1], [0, 3])["auc"] == approx((3 + 1) / 6)


def test_average_precision_counts_precision_at_the_hits_only() -> None:
    columns = one([5, 4, 3, 2, 1], [0, 2], cutoffs=[5])
    assert columns["ap_at_5"] == approx((1 + 2 / 3) / 2)


def test_average_precision_divides_by_what_fits_into_the_cutoff() -> None:
    columns = one([5, 4, 3, 2, 1], [0, 1, 4], cutoffs=[2])
    assert columns["ap_at_2"] == approx((1 + 1) / 2)


def test_ndcg_discounts_by_the_logarithm_of_the_place() -> None:
    columns = one([5, 4, 3, 2], [1, 2], cutoffs=[3])
    best = 1 + 1 / np.log2(3)
    assert columns["ndcg_at_3"] == approx((1 / np.log2(3) + 1 / 2) / best)


def test_seen_items_are_no_candidates() -> None:
    columns = one([9, 8, 7, 6], [3], seen=[0, 1])
    assert columns["auc"] == 0
    assert columns["recall_at_2"] == 1
    assert columns["top"].tolist() == [2, 3, -1]


def test_recall_precision_and_hit_rate_divide_the_same_hits_differently() -> None:
    columns = one([6, 5, 4, 3, 2, 1], [0, 4, 5])
    assert columns["recall_at_2"] == approx(1 / 3)
    assert columns["precision_at_2"] == approx(1 / 2)
    assert columns["hit_rate_at_2"] == 1
    assert columns["r_precision"] == approx(1 / 3)


def test_clicks_turn_a_page_for_every_ten_items_and_give_up_at_500() -> None:
    scores = -np.arange(600.0)
    assert one(scores, [9])["clicks"] == 0
    assert one(scores, [10])["clicks"] == 1
    assert one(scores, [499])["clicks"] == 49
    assert one(scores, [500])["clicks"] == 51


def test_all_ties_are_worth_one_half_of_auc_and_the_share_of_precision() -> None:
    columns = one([0, 0, 0, 0], [2], cutoffs=[2])
    assert columns["auc"] == approx(1 / 2)
    assert columns["precision_at_2"] == approx(1 / 4)
    assert columns["hit_rate_at_2"] == approx(1 / 2)
    assert columns["ap_at_2"] == approx((1 + 1 / 2) / 4)


@pytest.mark.parametrize("positives", [[0], [1, 2], [0, 3], [1, 2, 3], [0, 1, 2, 3]])
def test_ties_score_the_mean_over_all_their_orders(positives: list[int]) -> None:
    scores = np.array([2, 1, 1, 1, 1, 0])
    orders = [[0, *middle, 5] for middle in itertools.permutations([1, 2, 3, 4])]
    for k in (1, 2, 4, 6):
        each = [naive(set(positives), order, k) for order in orders]
        columns = one(scores, positives, cutoffs=[k])
        for name in each[0]:
            assert columns[name] == approx(np.mean([value[name] for value in each])), name


def test_a_tie_over_a_page_end_scores_the_mean_number_of_clicks() -> None:
    scores = np.zeros(12)
    scores[0] = 1
    assert one(scores, [5])["clicks"] == approx(2 / 11)  # its place is 2 to 12, each equally likely
    columns = one(scores, [5, 6])
    assert columns["clicks"] == approx(2 / 11 * 1 / 10)


@pytest.mark.parametrize("decimals", [1, 6])
def test_columns_equal_a_loop_over_sorted_lists(decimals: int) -> None:
    scores, seen, positives = random_case(30, 90, seed=3, decimals=decimals)
    columns = rank(scores, seen, positives, cutoffs=[5, 20])
    for user in range(30):
        candidates = np.setdiff1d(np.arange(90), seen[user])
        truth = np.isin(candidates, positives[user])
        own = scores[user, candidates]
        assert columns["auc"][user] == approx(roc_auc_score(truth, own), abs=1e-12)
        expected = ndcg_score([truth], [own], k=20)  # scikit-learn averages over ties, too
        assert columns["ndcg_at_20"][user] == approx(expected, abs=1e-12)
        if decimals == 6:
            order = candidates[np.argsort(-own)]
            for name, value in naive(set(positives[user]), order, 5).items():
                assert columns[name][user] == approx(value, abs=1e-12), name


def test_blocks_of_one_user_give_the_same_as_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(9, 40, seed=5, decimals=1)
    whole = rank(*case)
    monkeypatch.setattr(ranking, "BLOCK_BYTES", 1)
    single = rank(*case)
    for name in whole:
        np.testing.assert_array_equal(whole[name], single[name])


@pytest.mark.parametrize("n_threads", [2, 5])
def test_threads_give_the_same_as_one(n_threads: int) -> None:
    case = random_case(23, 40, seed=6, decimals=1)
    single, several = rank(*case), rank(*case, n_threads=n_threads)
    for name in single:
        np.testing.assert_array_equal(single[name], several[name])


def test_a_forked_process_has_threads_of_its_own() -> None:
    case = random_case(6, 20, seed=6, decimals=1)
    rank(*case, n_threads=2)
    child = get_context("fork").Process(target=rank, args=case, kwargs={"n_threads": 2})
    child.start()
    child.join(timeout=60)
    assert child.exitcode == 0


def test_what_goes_wrong_in_a_thread_is_reported() -> None:
    def broken(start: int, stop: int) -> np.ndarray:
        raise ValueError(f"no scores of {start}")

    with pytest.raises(ValueError, match="no scores of 0"):
        rank_in_blocks(broken, rows([[]] * 4), rows([[0]] * 4), 9, [1], n_threads=2)


def test_scores_are_only_read() -> None:
    scores, seen, positives = random_case(4, 30, seed=1, decimals=2)
    before = scores.copy()
    place(scores, rows(seen), rows(positives), 3, np.arange(4))
    np.testing.assert_array_equal(scores, before)


@pytest.mark.parametrize("scale", [1e-38, 1e-30, 1.0, 1e30, 3e38])
def test_scores_of_any_size_are_placed_exactly(scale: float) -> None:
    rng = np.random.default_rng(0)
    scores = (rng.integers(-5, 6, size=(1, 200)) * scale / 5).astype(np.float32)
    positives = np.arange(0, 200, 7)
    above, tied, *_ = place(scores, rows([[]]), rows([positives]), 0, np.zeros(1))
    own = -np.sort(-scores[0, positives])
    np.testing.assert_array_equal(above, [(scores[0] > score).sum() for score in own])
    np.testing.assert_array_equal(tied, [(scores[0] == score).sum() for score in own])


def test_the_best_items_come_first() -> None:
    scores, seen, positives = random_case(20, 60, seed=2, decimals=6)
    top = rank(scores, seen, positives, n_top=12)["top"]
    for user in range(20):
        candidates = np.setdiff1d(np.arange(60), seen[user])
        expected = candidates[np.argsort(-scores[user, candidates])][:12]
        assert top[user].tolist() == expected.tolist()


def test_ties_in_a_list_favour_no_item_and_repeat() -> None:
    n_users, n_items = 2000, 20
    seen, positives = rows([[]] * n_users), rows([[0]] * n_users)
    top = rank_by_item(np.zeros(n_items), seen, positives, [1], n_top=4)["top"]
    assert all(len(set(own)) == 4 for own in top.tolist())
    counts = np.bincount(top.ravel(), minlength=n_items)
    assert np.abs(counts - 400).max() < 5 * np.sqrt(400)
    again = rank_by_item(np.zeros(n_items), seen, positives, [1], n_top=4)["top"]
    np.testing.assert_array_equal(top, again)


def test_ties_depend_on_the_user_and_not_on_the_row() -> None:
    seen, positives = rows([[], []]), rows([[0], [0]])
    first = rank_by_item(np.zeros(50), seen, positives, [1], users=np.array([7, 8]))["top"]
    swapped = rank_by_item(np.zeros(50), seen, positives, [1], users=np.array([8, 7]))["top"]
    np.testing.assert_array_equal(first, swapped[::-1])


def test_random_guessing_has_its_exact_expectation() -> None:
    rng = np.random.default_rng(0)
    columns = rank_by_item(np.zeros(30), rows([[]]), rows([[3, 8, 9]]), [5])
    drawn = [naive({3, 8, 9}, rng.permutation(30), 5) for _ in range(4000)]
    for name in ("auc", "ap_at_5", "ndcg_at_5", "clicks", "hit_rate_at_5", "r_precision"):
        values = [value[name] for value in drawn]
        error = np.std(values) / np.sqrt(len(values))
        assert columns[name][0] == approx(np.mean(values), abs=4 * error), name


def test_columns_are_named_once_per_cutoff() -> None:
    names = list(one([1, 2], [0], cutoffs=[10, 500], n_top=0))
    assert names[:4] == ["auc", "r_precision", "clicks", "n_positives"]
    each = ("ap", "ndcg", "recall", "capped_recall", "precision", "hit_rate")
    assert names[4:] == [f"{name}_at_{k}" for k in (10, 500) for name in each]


@pytest.fixture
def own_formulas() -> Iterator[None]:
    """What a test registers is forgotten after it."""
    known = dict(FORMULAS)
    yield
    FORMULAS.clear()
    FORMULAS.update(known)


@pytest.mark.usefixtures("own_formulas")
def test_a_measure_of_one_s_own_is_one_function() -> None:
    @ranking_formula(metric="mrr", at_cutoffs=True)
    def reciprocal_rank(above, tied, n_candidates, k, gains):  # noqa: ANN001, ANN202
        return 1 / (above[0] + 1) if above[0] < k else 0.0

    @ranking_formula(higher_is_better=None, bounds=(0, 1))
    def worst_place(above, tied, n_candidates, k, gains):  # noqa: ANN001, ANN202
        return (above[-1] + 1) / n_candidates

    columns = rank([[5, 4, 3, 2], [1, 2, 3, 4]], [[], []], [[1, 3], [0]], cutoffs=[1, 2])
    assert columns["reciprocal_rank_at_2"].tolist() == [1 / 2, 0]
    assert columns["reciprocal_rank_at_1"].tolist() == [0, 0]
    assert columns["worst_place"].tolist() == [1, 1]
    metrics = ranking_metrics([1, 2])
    assert {"mrr_at_1", "mrr_at_2", "worst_place"} <= metrics.keys()
    assert metrics["worst_place"].higher_is_better is None
    assert metrics["worst_place"].bounds == (0, 1)
    assert metrics["mrr_at_1"].bounds == (-np.inf, np.inf)  # it says none


@pytest.mark.usefixtures("own_formulas")
def test_a_measure_that_cannot_be_compiled_is_refused_in_one_line() -> None:
    @ranking_formula()
    def wordy(above, tied, n_candidates, k, gains):  # noqa: ANN001, ANN202
        return "much"

    with pytest.raises(ConfigError, match="ranking formula wordy cannot be compiled") as caught:
        one([1, 2], [0])
    assert "\n" not in str(caught.value)


def test_a_second_measure_of_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="there is a ranking formula auc already"):

        @ranking_formula()
        def auc(above, tied, n_candidates, k, gains):  # noqa: ANN001, ANN202
            return 0.0


@pytest.mark.parametrize("case", range(6))
def test_shared_scores_with_some_raised_rank_as_if_each_user_were_scored(case: int) -> None:
    rng = np.random.default_rng(case)
    n_users, n_items, n_raised = 90, 70, [0, 1, 9, 70][case % 4]
    _, known, held = random_case(n_users, n_items, seed=case, decimals=1)
    seen, positives = rows(known), rows(held)
    shared = rng.integers(0, [2, 9, 1000][case % 3], n_items).astype(np.float32)
    scores = np.repeat(shared[None], n_users, axis=0)
    changed = []
    for row in scores:
        items = np.sort(rng.choice(n_items, n_raised, replace=False))
        row[items] += rng.integers(-3, 9, n_raised)
        changed.append((items, row[items]))
    ids, longest = rng.permutation(1000)[:n_users], int(np.diff(positives.crow).max())
    given = (seen, positives, n_items, [1, 5, 70], 12, ids, 1, longest)
    expected = rank_in_blocks(lambda start, stop: scores[start:stop], *given)
    own = (seen, positives, [1, 5, 70], 12, ids, longest)
    found = rank_by_item(shared, *own, raised=changed.__getitem__)
    assert set(found) == set(expected)
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column, name)


def test_scores_that_are_not_finite_leave_no_number() -> None:
    seen, positives = rows([[], []]), rows([[0], [1]])
    found = rank_by_item(np.array([1, np.nan, 0]), seen, positives, [1], 2)
    assert np.isnan(found["auc"]).all() and (found["top"] == -1).all()
    wrong = [
        (np.array([2]), np.array([np.inf], np.float32)),
        (np.array([2]), np.ones(1, np.float32)),
    ]
    found = rank_by_item(np.arange(3.0), seen, positives, [1], 2, raised=wrong.__getitem__)
    assert np.isnan(found["auc"]).tolist() == [True, False]
