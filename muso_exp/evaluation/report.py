"""report.md and report.html of a run: self-contained, the answer first."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from muso_exp.evaluation import card as paper
from muso_exp.evaluation import lead
from muso_exp.evaluation.glossary import in_words, of_record
from muso_exp.evaluation.how_run import how_run
from muso_exp.evaluation.rendering import render
from muso_exp.figures.common import PIXELS, save
from muso_exp.figures.headline import Bar, headline_figure
from muso_exp.records import Finding, Section
from muso_exp.text import markdown, visible

_ANSWER = "answer"  # name of the figure that leads
_CSS_PIXELS = 96  # of a page, an inch


def write_report(
    folder: Path,
    record: Mapping[str, Any],
    card: paper.Card,
    audit: Sequence[Finding],
    sections: Sequence[Section],
    config_yaml: str,
) -> None:
    """Write `figures/*.png`, `report.md` and `report.html` into a run folder."""
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    leading = lead.leading(record)
    save(partial(headline_figure, bars(record)), figures / f"{_ANSWER}.png")
    for section in sections:
        if section.figure is not None:
            save(section.figure, figures / f"{section.name}.png")
    facts = {
        "record": record,
        "card": card,
        "audit": sorted(audit, key=lambda finding: finding.level != "warning"),
        "sections": sections,
        "title": record["experiment"],
        "answer": lead.answer(record),
        "answer_figure": _ANSWER,
        "leading": leading,
        "others": [row for row in card.versus if row not in leading],
        "glossary": of_record(record),
        "null_words": {null: in_words(null) for null in record["nulls"]},
        "config": config_yaml,
        "how_run": how_run(record),
        "nulls": nulls_table(record),
        "image": lambda name, alt: picture(figures / f"{name}.png", alt),
        "fence": max(re.findall("`{3,}", config_yaml), key=len, default="``") + "`",
    }
    for name in ("report.md", "report.html"):
        (folder / name).write_text(render(f"{name}.j2", **facts), encoding="utf-8")


def bars(record: Mapping[str, Any]) -> list[Bar]:
    """Return the leading metrics of a run as the figure shows them."""
    return [
        Bar(
            row["metric"],
            row["measured"],
            tuple(row["interval"]),
            row["null_value"],
            in_words(row["best_null"]),
            lead.reported_value(record, row["metric"]),
        )
        for row in lead.leading(record)
    ]


def nulls_table(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the metrics of the model and of every null model, a row each."""
    rows = {paper.MODEL: record["metrics"], **record["nulls"]}
    table = pd.DataFrame(rows).T
    table.insert(0, "predictor", table.index)
    return table


def add_finding(folder: Path, finding: Finding) -> None:
    """Put one more line first into the audit of a finished run: its record and its pages."""
    marks = {
        "report.md": ("## Audit\n\n", f"- {finding.level}: {markdown(finding.text)}\n"),
        "report.html": (
            "<h2>Audit</h2>\n<ul>\n",
            f'<li class="{finding.level}">{escape(visible(finding.text))}</li>\n',
        ),
    }
    for name, (mark, line) in marks.items():
        text = (folder / name).read_text(encoding="utf-8")
        replace_file(folder / name, text.replace(mark, mark + line, 1))
    path = folder / "metrics.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["audit"].insert(0, asdict(finding))
    write_record(path, record)


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write metrics.json, whole or not at all."""
    text = json.dumps(paper.finite(record), indent=1, ensure_ascii=False)
    replace_file(path, text + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write a file beside its place and rename it."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def picture(path: Path, alt: str) -> Markup:
    """Return a PNG file as an `<img>` that holds it, at half its pixels: sharp on dense screens."""
    data = path.read_bytes()
    width = int.from_bytes(data[16:20], "big") * _CSS_PIXELS // PIXELS  # of the PNG's header
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    return Markup('<img src="{}" width="{}" alt="{}">').format(url, width, visible(alt))
