import pytest
import torch

from muso_exp.errors import DivergedError
from muso_exp.evaluation.answers import constant_answers, require_finite
from muso_exp.features.ranking import Rows, rank_in_blocks
from muso_exp.features.shared_ranking import rank_by_item

FIX = "set model.lr lower"
NULLS = {"zero": {"preds": torch.zeros(3)}}


def test_predictions_that_are_not_finite_are_refused() -> None:
    broken = {"preds": torch.tensor([1.0, torch.nan, torch.inf])}
    with pytest.raises(
        DivergedError, match=r"preds is not finite in 2 of 3 test rows; set model.lr"
    ):
        require_finite(broken, NULLS, FIX)
    rows = {"preds": torch.tensor([[1.0, torch.nan], [1.0, 2.0]])}
    with pytest.raises(DivergedError, match="in 1 of 2 test rows"):
        require_finite(rows, {"zero": {"preds": torch.zeros(2, 2)}}, FIX)


def test_what_the_row_leaves_undefined_is_no_fault_of_the_model() -> None:
    undefined = torch.tensor([0.5, torch.nan, 0.5])
    columns = {"auc": undefined, "top": torch.tensor([1, -1, 2])}
    require_finite(columns, {"one": {"auc": undefined}}, FIX)


def test_one_answer_to_all_rows_is_a_warning() -> None:
    flat = {"preds": torch.full((3,), 0.7) + torch.tensor([0, 1e-8, -1e-8])}
    (finding,) = constant_answers(flat, NULLS)
    assert (finding.check, finding.level, finding.value) == ("constant_predictions", "warning", 3)
    assert "answers all 3 test rows alike" in finding.text


def test_answers_that_vary_are_no_finding() -> None:
    assert constant_answers({"preds": torch.tensor([0.7, 0.7, 0.70001])}, NULLS) == []
    one_row = {"preds": torch.tensor([0.7])}
    assert constant_answers(one_row, {"zero": {"preds": torch.zeros(1)}}) == []


def test_a_recommender_that_scores_all_items_alike_is_found_by_its_null() -> None:
    n_items, users = 6, torch.zeros(2, 6).numpy()
    seen = Rows(torch.tensor([0, 1, 3]).numpy(), torch.tensor([0, 1, 2]).numpy())
    held = Rows(torch.tensor([0, 1, 2]).numpy(), torch.tensor([3, 4]).numpy())
    flat = rank_in_blocks(lambda a, b: users[a:b] + 0.25, seen, held, n_items, [2], 2)
    random = rank_by_item(users[0], seen, held, [2], 2)
    columns, null = (
        {name: torch.from_numpy(column) for name, column in one.items()} for one in (flat, random)
    )
    (finding,) = constant_answers(columns, {"random": null})
    assert finding.level == "warning"
    assert "as the null model random does" in finding.text
