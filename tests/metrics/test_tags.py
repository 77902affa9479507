import numpy as np
import torch
from pytest import approx
from sklearn.metrics import average_precision_score, roc_auc_score

from muso_exp.features.tag_curves import tag_areas
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.tags import MacroPrAuc, MacroRocAuc, tag_metrics


def value(metric: WeightedMetric, scores: object, target: object) -> float:
    metric.update(scores=torch.tensor(scores), target=torch.tensor(target))
    return float(metric.compute())


def test_roc_area_is_the_share_of_pairs_in_the_right_order() -> None:
    scores = [[0.9], [0.8], [0.7], [0.6]]
    assert value(MacroRocAuc(), scores, [[1], [0], [1], [0]]) == approx(3 / 4)


def test_ties_are_worth_one_half() -> None:
    assert value(MacroRocAuc(), [[0.5], [0.5], [0.1]], [[1], [0], [0]]) == approx(3 / 4)


def test_precision_recall_area_is_the_mean_precision_at_the_hits() -> None:
    scores = [[0.9], [0.8], [0.7], [0.6]]
    assert value(MacroPrAuc(), scores, [[1], [0], [1], [0]]) == approx((1 + 2 / 3) / 2)


def test_a_constant_scores_one_half_and_the_prior() -> None:
    scores, target = [[0.3]] * 5, [[1], [0], [0], [1], [0]]
    assert value(MacroRocAuc(), scores, target) == approx(1 / 2)
    assert value(MacroPrAuc(), scores, target) == approx(2 / 5)


def test_the_macro_mean_gives_every_tag_the_same_say() -> None:
    scores = [[0.9, 0.1], [0.1, 0.9], [0.2, 0.2]]
    target = [[1, 1], [0, 0], [0, 1]]
    assert value(MacroRocAuc(), scores, target) == approx((1 + 0) / 2)


def test_a_tag_that_no_row_has_is_left_out_of_the_mean() -> None:
    scores = [[0.9, 0.1], [0.1, 0.9]]
    assert value(MacroRocAuc(), scores, [[1, 0], [0, 0]]) == 1
    assert value(MacroPrAuc(), scores, [[1, 0], [0, 0]]) == 1
    assert np.isnan(value(MacroRocAuc(), scores, [[0, 0], [0, 0]]))


def test_a_tag_with_a_nan_is_undefined() -> None:
    scores = torch.tensor([[0.9, float("nan")], [0.1, 0.9]])
    areas = MacroRocAuc().per_tag(
        torch.ones(1, 2, dtype=torch.float64), scores=scores, target=torch.eye(2)
    )
    assert areas.isnan().tolist() == [[False, True]]


def test_areas_equal_scikit_learn_under_any_weights() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((80, 6)).round(1)
    target = rng.integers(0, 2, size=(80, 6))
    weights = rng.integers(0, 4, size=(5, 80)).astype(float)
    roc, pr = tag_areas(scores, target, weights)
    for r in range(5):
        for tag in range(6):
            case = {"y_true": target[:, tag], "y_score": scores[:, tag]}
            case["sample_weight"] = weights[r]
            assert roc[r, tag] == approx(roc_auc_score(**case), abs=1e-12)
            assert pr[r, tag] == approx(average_precision_score(**case), abs=1e-12)


def test_a_weight_is_a_repetition_of_the_row() -> None:
    rng = np.random.default_rng(1)
    scores, target = torch.from_numpy(rng.random((20, 3))), torch.from_numpy(rng.random((20, 3)))
    target = (target > 0.5).long()
    times = torch.from_numpy(rng.integers(0, 3, size=20))
    columns = {"scores": scores, "target": target}
    repeated = {name: column.repeat_interleave(times, dim=0) for name, column in columns.items()}
    for metric in tag_metrics().values():
        weighted = metric.score(times[None].double(), **columns)
        plain = metric.score(torch.ones(1, int(times.sum()), dtype=torch.float64), **repeated)
        assert float(weighted) == approx(float(plain))


def test_areas_under_many_weights_are_those_under_each_alone_of_some_rows_too() -> None:
    rng = np.random.default_rng(4)
    scores, target = rng.random((90, 3)).round(1), rng.random((90, 3)) < 0.3  # many are equal
    weights = rng.integers(0, 3, (130, 90)).astype(float)
    many = tag_areas(scores, target, weights)
    for place in (0, 63, 64, 129):
        alone = tag_areas(scores, target, weights[[place]])
        assert [area[place].tolist() for area in many] == [area[0].tolist() for area in alone]
    rows = np.flatnonzero(rng.random(90) < 0.6)
    some = tag_areas(scores[rows], target[rows], weights, rows)
    kept = tag_areas(scores[rows], target[rows], weights[:, rows])
    assert [area.tolist() for area in some] == [area.tolist() for area in kept]
