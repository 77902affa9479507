"""The answer of a run: what it says first."""

from typing import Any

from made_runs import claim

from muso_exp.evaluation import scores as scoring
from muso_exp.evaluation.lead import answer, leading, not_asked, reported_value, reproduction


def versus(metric: str, verdict: str = scoring.BETTER, **facts: Any) -> dict[str, Any]:
    row = {"metric": metric, "measured": 0.5, "best_null": "always_1", "null_value": 0.2}
    return row | {"verdict": verdict, "because_of": []} | facts


def record(**facts: Any) -> dict[str, Any]:
    return {"claims": [], "versus": [versus("acc")], "nulls": {}} | facts


def test_what_was_not_tested_is_said_with_its_reason() -> None:
    open_one = claim(reported=0.177, verdict="not comparable", reason="scale desk, not paper")
    found = record(claims=[open_one, claim(reported=None)])
    assert reproduction(found) == "Reproduction: not tested (scale desk, not paper)."


def test_a_long_reason_is_cut_at_its_colon() -> None:
    reason = "another quantity: there one draw of guesses, here their expectation"
    found = record(claims=[claim(reported=0.1, verdict="not comparable", reason=reason)])
    assert reproduction(found) == "Reproduction: not tested (another quantity)."


def test_claims_that_do_not_hold_are_named_with_both_values() -> None:
    claims = [
        claim(reported=0.7, measured=0.5, verdict="not reproduced"),
        claim("f1", reported=0.5, verdict="reproduced"),
        claim("mae", reported=0.5, verdict="not comparable", reason="other data than the paper's"),
    ]
    said = "Reproduction: 1 of 2 tested claims hold; not acc (reported 0.7, here 0.5) "
    assert reproduction(record(claims=claims)) == said + (
        "(1 not tested: other data than the paper's)."
    )


def test_the_answer_sets_the_reported_value_beside_the_best_null_in_words() -> None:
    row = claim(
        reported=0.177,
        verdict="not comparable",
        reason="scale desk, not paper",
        best_null="best_constant_lt3",
        reported_vs_null=scoring.NO_BETTER,
    )
    said = answer(record(claims=[row]))
    assert "The reported 0.177 (acc) is no better than always guessing one distance (0.2)." in said


def test_the_answer_counts_the_measures_and_leaves_out_what_describes() -> None:
    rows = [versus("acc"), versus("mae", scoring.NO_BETTER), versus("novelty", scoring.DESCRIBES)]
    said = answer(record(versus=rows))
    assert "better than every null model, the best of them calling every pair friends (0.2)" in said
    assert said.endswith("better than every null model in 1 of 2 measures.")


def test_the_answer_names_a_null_that_the_verdict_rests_on() -> None:
    row = versus("acc", scoring.NO_BETTER, because_of=["random"])
    said = answer(record(versus=[row], nulls={"random": {"acc": 0.4}}))
    assert "no better than a random order (0.4)" in said


def test_metrics_that_only_describe_give_no_verdict() -> None:
    assert answer(record(versus=[versus("x", scoring.DESCRIBES)])).endswith("none judges.")


def test_the_objective_leads_then_the_headline_then_others() -> None:
    names = ["a", "b", "c", "d", "e"]
    found = record(versus=[versus(name) for name in names], headline=["d"])
    assert [row["metric"] for row in leading(found)] == ["d", "a", "b"]
    found["objective"] = {"val/e": 0.1}
    assert [row["metric"] for row in leading(found)] == ["e", "d", "a", "b"]


def test_the_reported_value_is_the_models_own() -> None:
    claims = [claim(reported=0.1, of="uniform"), claim(reported=0.3)]
    assert reported_value(record(claims=claims), "acc") == 0.3
    assert reported_value(record(claims=claims), "f1") is None


def test_a_missing_answer_says_why() -> None:
    assert not_asked(claim(reported=None)) == "no number reported"
    assert not_asked(claim(reported=0.1, of="uniform")) == "it is a null model's"
    assert not_asked(claim(reported=0.1, reason="simulated data")) == "not asked: simulated data"
