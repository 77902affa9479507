"""What the tracker shows of a finished run: its note, its tags, and the card as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muso_exp.evaluation import lead
from muso_exp.evaluation.numbers import interval, number
from muso_exp.evaluation.verdicts import data_line
from muso_exp.text import markdown

NOTE = "mlflow.note.content"
LONGEST = 7000  # characters of a note: MLflow cuts a tag at 8,000


def note(record: Mapping[str, Any], folder: str) -> str:
    """Return the paper card as the run's description, in Markdown.

    Args:
        record: metrics.json.
        folder: of the run, as text.
    """
    head = ["metric", "measured", "95 % interval", "best null", "reported", "verdict"]
    rows = [
        [
            row["metric"],
            number(row["measured"]),
            interval(row["interval"]),
            f"{number(row['null_value'])} {row['best_null']}",
            number(lead.reported_value(record, row["metric"])),
            row["verdict"],
        ]
        for row in lead.leading(record)
    ]
    claims = [
        f"- {markdown(lead.measure(row))}: {row['verdict']} ({markdown(row['reason'])})"
        for row in record["claims"]
    ]
    warnings = [
        f"- {markdown(row['text'])}" for row in record["audit"] if row["level"] == "warning"
    ]
    parts = [
        f"**{markdown(lead.answer(record))}**",
        f"{markdown(data_line(record))}, seed {record['seed']}. Folder `{folder}`.",
        table(head, rows),
        *(["Claims:", "\n".join(claims)] if claims else []),
        *(["Warnings of the audit:", "\n".join(warnings)] if warnings else []),
    ]
    text = "\n\n".join(parts)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown; its cells may be any text."""
    lines = [head, ["---"] * len(head), *([markdown(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tags(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags by which runs are found: documents, experiment, scale, verdict, code."""
    code = record.get("manifest", {}).get("code", {})
    claims = lead.verdict_counts(record["claims"])
    return {
        "document": ", ".join(map(str, record.get("documents") or ())) or "none",
        "experiment": record["experiment"],
        "scale": record["scale"],
        "verdict": next((row["verdict"] for row in lead.leading(record)), "none"),
        "claims": ", ".join(f"{count} {verdict}" for verdict, count in claims.items()) or "none",
        **({"commit": code["commit"]} if code.get("commit") else {}),
        **({"mlflow.source.git.commit": code["commit"]} if code.get("commit") else {}),
        **({"dirty": str(code["dirty"]).lower()} if code.get("commit") else {}),
    }


def card_table(record: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the card as columns, a row per metric: what was measured, and the best null model."""
    rows = record["versus"]
    return {
        "metric": [row["metric"] for row in rows],
        "measured": [row["measured"] for row in rows],
        "low": [row["interval"][0] for row in rows],
        "high": [row["interval"][1] for row in rows],
        "best_null": [row["best_null"] for row in rows],
        "null_value": [row["null_value"] for row in rows],
        "difference": [row["difference"] for row in rows],
        "verdict": [row["verdict"] for row in rows],
    }


def audit_table(record: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the audit as columns, a row per finding."""
    names = ("level", "check", "value", "text")
    return {name: [row[name] for row in record["audit"]] for name in names}
