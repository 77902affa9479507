"""The page over all finished runs: the verdicts by document first, then every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from muso_exp.evaluation import lead
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.rendering import link_to, render
from muso_exp.evaluation.verdicts import (
    BETTER,
    DESCRIBES,
    NO_BETTER,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    WORSE,
)

DOCUMENTS = {
    1: "MuSo: degree of separation of Last.fm users",
    2: "Proxying preference: whose playlist?",
    3: "Latent factors of listening, and a CNN that hears them",
    4: "Spotify song prediction: features, clusters, the next song",
    5: "A CNN and collaborative filtering together",
}
_OTHER = "Beyond the documents"
CLAIMS = (REPRODUCED, NOT_REPRODUCED, NOT_COMPARABLE, NOT_TESTABLE)
NULLS = (BETTER, NO_BETTER, WORSE, DESCRIBES)


def write_index(target: Path, runs: Sequence[Finished], board: str = "leaderboard.html") -> None:
    """Write the page over finished runs, newest first.

    Args:
        target: the page; links are relative to its folder where the runs lie below it.
        runs: finished runs.
        board: name of the leaderboard beside it.
    """
    experiments: dict[str, list[dict[str, Any]]] = {}
    for run in newest_first(runs):
        entry = summary(run.record) | _places(run, target.parent)
        experiments.setdefault(run.record["experiment"], []).append(entry)
    by_document = by_documents({name: standing_for(own) for name, own in experiments.items()})
    matrix = verdict_matrix_of(by_document)
    facts: dict[str, Any] = {"documents": by_document, "matrix": matrix, "board": board}
    page = render("index.html.j2", experiments=experiments, claims=CLAIMS, nulls=NULLS, **facts)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")


def newest_first(runs: Sequence[Finished]) -> list[Finished]:
    """Return runs by the time of their folder, the last one first."""
    return sorted(runs, key=lambda run: run.folder.stat().st_mtime, reverse=True)


def standing_for(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the run that stands for an experiment: the newest one.

    Of a newest sweep the row that the document has (`paper.variant`), else the first.

    Args:
        entries: runs of the experiment, the newest first, with their `record` and `sweep`.
    """
    newest = entries[0]
    if not newest["record"].get("table"):
        return newest
    rows = [entry for entry in entries if entry["sweep"] == newest["sweep"]]
    published = (newest["record"].get("settings") or {}).get("paper.variant")
    named = [row for row in rows if published and row["record"].get("variant") == published]
    return (named or rows)[-1]


def by_documents(newest: Mapping[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return a run of each experiment under the heading of its document.

    Args:
        newest: summary of the run that stands for it, by experiment.
    """
    groups: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for name, entry in sorted(newest.items()):
        groups.setdefault(_heading(entry["documents"]), []).append(entry | {"experiment": name})
    return {text: groups[number, text] for number, text in sorted(groups)}


def _heading(documents: Sequence[int]) -> tuple[int, str]:
    """Return the place of a heading, and its text."""
    known = [number for number in documents if number in DOCUMENTS]
    if not known:
        return len(DOCUMENTS) + 1, _OTHER
    numbers = " and ".join(map(str, known))
    return known[0], f"{numbers} {DOCUMENTS[known[0]]}"


def verdict_matrix_of(
    documents: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, dict[str, int]]:
    """Return heading -> how often each of `CLAIMS` and `NULLS` is the verdict.

    Args:
        documents: heading -> newest runs, from `by_documents`; of each its claims count, and its
            first metric against the null models.
    """
    matrix = {}
    for heading, entries in documents.items():
        found: Counter[str] = Counter()
        for entry in entries:
            found.update(entry["claims"])
            found.update([entry["first"]["verdict"]] if entry["first"] else [])
        matrix[heading] = {text: found[text] for text in (*CLAIMS, *NULLS)}
    return matrix


def summary(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return one line's facts of a run: what was measured first, and its verdicts counted."""
    rows = lead.leading(record)
    first = rows[0] if rows else None
    return {
        "record": record,
        "documents": record.get("documents") or [],
        "first": first,
        "reported": lead.reported_value(record, first["metric"]) if first else None,
        "claims": lead.verdict_counts(record["claims"]),
        "versus": lead.verdict_counts(record["versus"]),
        "answer": lead.answer(record),
    }


def _places(run: Finished, folder: Path) -> dict[str, Any]:
    beside = run.folder.parent / "table.html"
    return {
        "link": link_to(run.folder / "report.html", folder),
        "label": run.label,
        "table": link_to(beside, folder) if beside.is_file() else None,
        "sweep": run.folder.parent.name,
    }
