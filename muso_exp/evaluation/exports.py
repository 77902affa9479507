"""A comparison as a file: CSV, Markdown, or LaTeX with booktabs, by the ending of its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from muso_exp.csv_cells import write_csv
from muso_exp.errors import ConfigError
from muso_exp.evaluation.numbers import interval, number
from muso_exp.evaluation.tracked import table as markdown_table
from muso_exp.text import visible

ENDINGS = (".csv", ".md", ".tex", ".html")
_HEAD = ["metric", "run", "seed", "measured", "95 % interval", "difference", "95 % interval",
         "p (Holm)", "verdict"]  # fmt: skip
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def check_ending(path: Path) -> None:
    """Raise ConfigError if no table is written by a name like this."""
    if path.suffix.lower() not in ENDINGS:
        raise ConfigError(f"{path}: a table is written as {', '.join(ENDINGS)}; name it so")


def check_page(out: Path | None) -> None:
    """Raise ConfigError if a page is to take a name that is no page's."""
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"--out {out}: a page is written; a name that ends in .html is needed")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a comparison.

    Args:
        table: from `muso_exp.evaluation.comparison.comparison_table`.
        path: `.csv` has all columns; `.md` and `.tex` those of a paper's table.

    Raises:
        ConfigError: another ending.
    """
    check_ending(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".csv":
        write_csv(table, path)
        return
    rows = [_cells(row) for row in table.to_dict("records")]
    text = markdown_table(_HEAD, rows) if path.suffix.lower() == ".md" else latex(_HEAD, rows)
    path.write_text(text + "\n", encoding="utf-8")


def latex(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in LaTeX; it needs the package booktabs. Its cells may be any text."""
    lines = [" & ".join(map(escaped, line)) + r" \\" for line in [head, *rows]]
    columns = "ll" + "r" * (len(head) - 3) + "l"
    top, rest = lines[0], lines[1:]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            top,
            r"\midrule",
            *rest,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def escaped(text: object) -> str:
    """Return a text that LaTeX shows as it stands."""
    return "".join(_LATEX.get(sign, sign) for sign in visible(text))


def _cells(row: Mapping[Any, Any]) -> list[str]:
    def known(name: str) -> float | None:
        value = row.get(name)
        return float(value) if isinstance(value, int | float) and not pd.isna(value) else None

    def both(prefix: str) -> tuple[float, float] | None:
        low, high = known(f"{prefix}low"), known(f"{prefix}high")
        return None if low is None or high is None else (low, high)

    return [
        str(row["metric"]),
        str(row["variant"]),
        str(row["seed"]),
        number(known("measured")),
        interval(both("")),
        number(known("difference")),
        interval(both("difference_")),
        number(known("p_holm"), digits=2),
        str(row["verdict"]),
    ]
