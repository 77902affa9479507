"""What leads a report: one answer in words, and the few metrics that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from muso_exp.evaluation import verdicts as words
from muso_exp.evaluation.glossary import in_words
from muso_exp.evaluation.numbers import number

_LEADING = 3  # metrics, beside the objective's
_TESTED = (words.REPRODUCED, words.NOT_REPRODUCED)
_NAMED = 2  # claims that do not hold, named in the answer
_LONGEST = 48  # characters of a reason; of a longer one what stands before its colon


def answer(record: Mapping[str, Any]) -> str:
    """Return the answer of a run in two or three sentences, from what metrics.json holds.

    Do the claims hold? Is the reported value more than nothing? Is the model of this run?
    """
    return " ".join(filter(None, [reproduction(record), _reported(record), found(record)]))


def reproduction(record: Mapping[str, Any]) -> str:
    """Return how many of the document's claims hold, or why none was tested."""
    claims = [row for row in record["claims"] if row["reported"] is not None]
    if not claims:
        return "Reproduction: the document states no number for this."
    judged = [row for row in claims if row["verdict"] in (words.REPRODUCED, words.NOT_REPRODUCED)]
    if not judged:
        return f"Reproduction: not tested ({_reason(claims)})."
    failed = [row for row in judged if row["verdict"] == words.NOT_REPRODUCED]
    text = f"Reproduction: {len(judged) - len(failed)} of {len(judged)} tested claims hold"
    if failed:
        named = [_claim_in_numbers(row) for row in failed[:_NAMED]]
        more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        text += f"; not {', '.join(named)}{more}"
    untested = len(claims) - len(judged)
    return text + (f" ({untested} not tested: {_reason(claims)})." if untested else ".")


def _claim_in_numbers(row: Mapping[str, Any]) -> str:
    return f"{measure(row)} (reported {number(row['reported'])}, here {number(row['measured'])})"


def measure(row: Mapping[str, Any]) -> str:
    """Return what a claim is about: a metric, and whose it is unless the model's."""
    return row["metric"] if row["of"] == words.MODEL else f"{row['metric']} of {row['of']}"


def _reason(claims: Sequence[Mapping[str, Any]]) -> str:
    """Return the commonest reason why claims were not tested, the model's own first."""
    open_ones = [row for row in claims if row["verdict"] not in _TESTED]
    own = [row["reason"] for row in open_ones if row["of"] == words.MODEL]
    reason = Counter(own or [row["reason"] for row in open_ones]).most_common(1)[0][0]
    return reason if len(reason) <= _LONGEST else reason.split(": ")[0]


def _reported(record: Mapping[str, Any]) -> str:
    """Return whether the first reported value is more than nothing, "" where it was not tested."""
    for row in record["claims"]:
        if row["reported_vs_null"] and row["reported_vs_null"] != words.DESCRIBES:
            null = f"{in_words(row['best_null'])} ({number(row['null_value'])})"
            value = f"The reported {number(row['reported'])} ({row['metric']})"
            return f"{value} is {_than(row['reported_vs_null'], null)}."
    return ""


def not_asked(row: Mapping[str, Any]) -> str:
    """Return why a claim's reported value is set beside no null model."""
    if row["reported"] is None:
        return "no number reported"
    if row["of"] != words.MODEL:
        return "it is a null model's"
    return f"not asked: {row['reason']}"


def found(record: Mapping[str, Any]) -> str:
    """Return whether the model of this run is more than nothing, by its first judged metric."""
    judged = [row for row in record["versus"] if row["verdict"] != words.DESCRIBES]
    if not judged:
        return "Its metrics describe; none judges."
    first = next((row for row in leading(record) if row in judged), judged[0])
    better = sum(row["verdict"] == words.BETTER for row in judged)
    count = f"better than every null model in {better} of {len(judged)} measures"
    if first["null_value"] is None:
        return f"This run is {count}."
    null = _named_null(record, first)
    own = f"By {first['metric']} ({number(first['measured'])}) this run is"
    return f"{own} {_than(first['verdict'], null)}; {count}."


def _named_null(record: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Return the deciding null model with its value."""
    name = deciding_null(row)
    if name == row["best_null"]:
        return f"{in_words(name)} ({number(row['null_value'])})"
    value = record.get("nulls", {}).get(name, {}).get(row["metric"])
    return f"{in_words(name)} ({number(value)})"


def deciding_null(row: Mapping[str, Any]) -> str:
    """Return the name of the best null model; if the verdict rests on others, one of these."""
    because_of = row.get("because_of") or []
    if row["verdict"] == words.BETTER or not because_of or row["best_null"] in because_of:
        return str(row["best_null"])
    return str(because_of[0])


def _than(verdict: str, null: str) -> str:
    """Return a verdict with the best null model in its place: `no better than a guess (0.2)`."""
    if verdict == words.BETTER:
        return f"better than every null model, the best of them {null}"
    return f"{verdict.removesuffix('null')}{null}"


def leading(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the card that lead: of the objective and three of the headline."""
    names = [row["metric"] for row in record["versus"]]
    objective = [name.removeprefix("val/") for name in record.get("objective") or {}]
    first = [name for name in objective if name in names]
    order = dict.fromkeys([*first, *record.get("headline", ()), *names])
    chosen = [name for name in order if name in names][: _LEADING + len(first)]
    by_name = {row["metric"]: row for row in record["versus"]}
    return [by_name[name] for name in chosen]


def reported_value(record: Mapping[str, Any], metric: str) -> float | None:
    """Return what the document reports for the model by a metric, of several claims the first."""
    of_model = (
        row for row in record["claims"] if row["metric"] == metric and row["of"] == words.MODEL
    )
    return next((row["reported"] for row in of_model if row["reported"] is not None), None)


def verdict_counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return verdict -> how many rows have it, commonest first."""
    return dict(Counter(row["verdict"] for row in rows).most_common())
