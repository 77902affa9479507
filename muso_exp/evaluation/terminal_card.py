"""The paper card on the terminal: the answer in a few lines, or all of it as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from muso_exp.evaluation import card as paper
from muso_exp.evaluation import lead
from muso_exp.evaluation import scores as scoring
from muso_exp.evaluation.numbers import interval, number
from muso_exp.evaluation.rendering import HOLDS, because, table_pointer
from muso_exp.evaluation.verdicts import data_line
from muso_exp.terminal import styled

_COLOURS = {
    paper.REPRODUCED: "green",
    scoring.BETTER: "green",
    paper.NOT_REPRODUCED: "red",
    scoring.WORSE: "red",
    scoring.NO_BETTER: "yellow",
}


def short_card(record: Mapping[str, Any]) -> Group:
    """Return the answer, the leading metrics, and what the whole card holds beside them."""
    where = f": {data_line(record)}, seed {record['seed']}"
    return Group(
        styled((record["experiment"], "bold"), where),
        styled(lead.answer(record)),
        _leading_table(record),
        styled((_further(record), "dim")),
    )


def _further(record: Mapping[str, Any]) -> str:
    """Return what stands in the report beside the leading metrics, counted."""
    claims = lead.verdict_counts(record["claims"])
    audit = record["audit"]
    warnings = sum(found["level"] == "warning" for found in audit)
    others = len(record["versus"]) - len(lead.leading(record))
    parts = [
        "claims: " + (", ".join(f"{n} {text}" for text, n in claims.items()) or "none"),
        f"audit: {len(audit)} lines, {warnings} of them warnings",
        *([f"{others} more metrics"] if others else []),
        *filter(None, [table_pointer(record)]),
        "-v shows all",
    ]
    return "; ".join(parts)


def _leading_table(record: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("metric", "measured", "95 % interval", "best null", "reported", "verdict"):
        table.add_column(name, justify="left" if name in ("metric", "verdict") else "right")
    for row in lead.leading(record):
        table.add_row(
            row["metric"],
            number(row["measured"]),
            interval(row["interval"]),
            f"{number(row['null_value'])} {row['best_null']}",
            number(lead.reported_value(record, row["metric"])),
            verdict_text(row["verdict"]),
        )
    return table


def card_tables(record: Mapping[str, Any]) -> Group:
    """Return the paper card as terminal tables, from what metrics.json holds."""
    tables = [_claims_table(record)] if record["claims"] else []
    return Group(_audit_lines(record), "", *tables, _versus_table(record))


def _audit_lines(record: Mapping[str, Any]) -> Group:
    marks = {"warning": ("!", "red"), "note": ("-", "dim")}
    lines = [styled(marks[found["level"]], f" {found['text']}") for found in record["audit"]]
    return Group(styled(("audit of the data", "bold")), *lines)


def _claims_table(record: Mapping[str, Any]) -> Table:
    title = f"{record['experiment']}: what the paper reports ({data_line(record)})"
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column("claim", ratio=3)
    for name in ("reported", "measured", "95 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("does it hold?", ratio=2)
    table.add_column("is the reported value more than nothing?")
    table.add_column("best null", justify="right")
    for row in record["claims"]:
        table.add_row(
            styled(f"{lead.measure(row)}\n", (_place(row), "dim")),
            number(row["reported"]),
            number(row["measured"]),
            interval(row["interval"]),
            verdict_text(row["verdict"]) + styled("\n", (row["reason"], "dim")),
            _reported_cell(row),
            styled(f"{number(row['null_value'])}\n", (str(row["best_null"]), "dim")),
        )
    return table


def _reported_cell(row: Mapping[str, Any]) -> Text:
    known = row["reported_vs_null"]
    return verdict_text(known) if known else styled((lead.not_asked(row), "dim"))


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['source']} ({row['condition']})" if row["condition"] else row["source"]


def _versus_table(record: Mapping[str, Any]) -> Table:
    title = f"{record['experiment']}: is it more than nothing?"
    tested = ", ".join(f"{name} {count}" for name, count in record["n"].items())
    caption = "\n".join(filter(None, [tested, HOLDS, table_pointer(record)]))
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    for name in ("metric", "measured", "95 % interval", "best null", "difference", "95 % interval"):
        table.add_column(name, justify="left" if name == "metric" else "right", no_wrap=True)
    table.add_column("verdict")
    for row in record["versus"]:
        table.add_row(
            row["metric"],
            number(row["measured"]),
            interval(row["interval"]),
            f"{number(row['null_value'])} {row['best_null']}",
            number(row["difference"]),
            interval(row["difference_interval"]),
            verdict_cell(row["verdict"], row.get("because_of"), row.get("could_show")),
        )
    return table


def verdict_cell(verdict: str | None, nulls: Any, could_show: float | None) -> Text:
    """Return a verdict in its colour with what it rests on below."""
    detail = because(verdict, nulls, could_show)
    return verdict_text(verdict) + styled((f"\n{detail}" if detail else "", "dim"))


def verdict_text(verdict: str | None) -> Text:
    """Return a verdict in its colour, a dash where there is none."""
    return styled((verdict or "-", _COLOURS.get(verdict or "", "")))
