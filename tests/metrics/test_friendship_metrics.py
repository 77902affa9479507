import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from muso_exp.features.networks import FRIENDS, MATCHED, RANDOM
from muso_exp.metrics.friendship import FriendshipAUC, FriendshipPrecision, SimilarityTrend

TARGET = torch.tensor([FRIENDS, FRIENDS, RANDOM, RANDOM, MATCHED, MATCHED])
SCORES = torch.tensor([0.9, 0.3, 0.3, 0.1, 0.95, 0.2])
ONES = torch.ones(1, 6, dtype=torch.float64)


def test_auc_reads_one_kind_of_pair_each_by_hand() -> None:
    columns = {"affinity": SCORES, "matched_affinity": SCORES, "target": TARGET}
    assert FriendshipAUC(RANDOM).score(ONES, **columns)[0] == pytest.approx((2 + 1.5) / 4)
    assert FriendshipAUC(MATCHED).score(ONES, **columns)[0] == pytest.approx((1 + 1) / 4)


def test_each_question_has_its_own_answer() -> None:
    columns = {"affinity": SCORES, "matched_affinity": -SCORES, "target": TARGET}
    assert FriendshipAUC(MATCHED).score(ONES, **columns)[0] == pytest.approx(2 / 4)
    assert FriendshipAUC(RANDOM).fields == ("affinity", "target")


@pytest.mark.parametrize("kind", [RANDOM, MATCHED])
def test_both_agree_with_scikit_learn(kind: int) -> None:
    draw = torch.Generator().manual_seed(0)
    target = torch.randint(0, 3, (300,), generator=draw)
    scores = torch.rand(300, generator=draw).double()
    columns = {"affinity": scores, "matched_affinity": scores, "target": target}
    ones = torch.ones(1, 300, dtype=torch.float64)
    rows = (target == FRIENDS) | (target == kind)
    truth = (target[rows] == FRIENDS).numpy()
    for metric, reference in (
        (FriendshipAUC, roc_auc_score),
        (FriendshipPrecision, average_precision_score),
    ):
        expected = reference(truth, scores[rows].numpy())
        assert metric(kind).score(ones, **columns)[0] == pytest.approx(expected)


def test_shares_and_correlations_are_bounded() -> None:
    assert FriendshipAUC(RANDOM).bounds == FriendshipPrecision(MATCHED).bounds == (0, 1)
    assert SimilarityTrend().bounds == (-1, 1)


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"kind must be 0 \(random\) or 1 \(matched\), got 2"):
        FriendshipAUC(FRIENDS)
