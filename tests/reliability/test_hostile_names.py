"""Hostile names, paths and options reach pages, tables and the terminal as text, as nothing else.

The short form runs two experiments and the commands; the full one (`-m slow`) every experiment.
"""

import csv
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hostile import NAMES, main
from markdown_it import MarkdownIt
from program import Forked, ended

from muso_exp.experiment.listing import experiments

FOLDER = "<img src=x onerror=alert(1)> [live] `b` #1 a|b javascript:x"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
TAGS = set("html head meta title style body h1 h2 p span div table tr th td br a ul li img".split())
TAGS |= {
    "details",
    "summary",
    "pre",
    "header",
    "main",
    "nav",
    "section",
}  # all that the templates write
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
OPTIONS = ["scale=smoke", "resamples=20", "logger=none", "callbacks.progress=null"]


class Page(HTMLParser):
    """Notes every tag and attribute that no template writes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.strange: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            link = name in ("href", "src") and ":" in (value or "").removeprefix("data:image/png")
            if name.startswith("on") or link:
                self.strange.append(f"{tag} {name}={value}")
        if tag not in TAGS:
            self.strange.append(tag)

    def handle_comment(self, data: str) -> None:
        self.strange.append(f"<!--{data}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def markdown_faults(text: str) -> Iterator[str]:
    """Yield what a Markdown page holds that the template does not write."""
    for block in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        for token in [block, *(block.children or [])]:
            wrong = token.type in ("html_block", "html_inline", "link_open", "code_inline")
            wrong |= token.type in ("strong_open", "em_open", "s_open", "code_block")
            if wrong or (token.type == "image" and not token.attrs["src"].startswith("figures/")):
                yield f"{token.type} in {block.content[:200]!r}"


def table_faults(text: str) -> Iterator[str]:
    """Yield the rows of Markdown tables that a name has given another column."""
    width = 0
    for line in text.splitlines():
        columns = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        if width and columns not in (0, width):
            yield line
        width = columns


def faults(folder: Path) -> list[str]:
    """Return what is wrong in the pages and tables below a folder."""
    found = []
    for path in folder.rglob("*"):
        if path.suffix not in (".html", ".md", ".csv", ".log", ".txt"):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix not in (".csv", ".txt"):  # exports hold names as they are
            found += [f"{path.name}: {sign!r}" for sign in CONTROL.findall(text)]
        if path.suffix == ".html":
            found += [f"{path.name}: {strange}" for strange in Page(text).strange]
        if path.suffix == ".md":
            pages = [*markdown_faults(text), *table_faults(text)]
            found += [f"{path.name}: {fault}" for fault in pages]
        if path.suffix in (".csv", ".txt"):
            found += [f"{path.name}: {cell!r}" for cell in cells(path) if is_formula(cell)]
    return found


def cells(path: Path) -> Iterator[str]:
    quoting = csv.QUOTE_MINIMAL if path.suffix == ".csv" else csv.QUOTE_NONE
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, delimiter=",\t"[quoting == csv.QUOTE_NONE], quoting=quoting):
            yield from row


def is_formula(cell: str) -> bool:
    return cell.startswith(FORMULAS) and not re.fullmatch(r"-[\d.e-]+", cell)


def run(folder: Path, *commands: list[str]) -> tuple[list[str], str]:
    """Run command lines with hostile names; return exit statuses, and all that was printed."""
    script = folder / "commands.json"
    script.write_text(json.dumps(commands))
    process = Forked(folder / FOLDER, folder / "cache", str(script), function=main)
    _, printed = ended(process)
    return re.findall(r"^exit (\d+)$", printed, re.MULTILINE), printed


def test_hostile_names_are_text_everywhere(tmp_path: Path) -> None:
    wmf = tmp_path / FOLDER / "wmf" / "[live] run"
    out = tmp_path / "exports"
    seeds = tmp_path / "[live] $x =1.txt"
    seeds.write_text("1\n2\n3\n")
    songs = tmp_path / "songs.csv"
    rows = [(f"{number}", name, name) for number, name in enumerate(NAMES)]
    with songs.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "artist", "title"), *rows])
    statuses, printed = run(
        tmp_path,
        ["+experiment=wmf", f"hydra.run.dir='{wmf}'", *OPTIONS],
        ["+experiment=dos_classifier", "name='[live] <b>$x'", *OPTIONS],
        ["neighbours", str(wmf), "1", "--k", "40"],
        ["neighbours", str(wmf), "[/] no such item"],
        ["predict", str(wmf), str(seeds), "--out", str(out / "predict.csv")],
        ["match", str(songs), str(songs), "--out", str(out), "--sample", "20"],
        ["compare", str(wmf), str(wmf), "--out", str(out / "compare.csv")],
        ["report"],
        ["neighbours", str(wmf), "\x1b[31m"],
        ["[/] [live] \x9b"],
    )
    assert statuses == ["0", "0", "0", "2", "0", "0", "0", "0", "2", "2"], printed
    found = faults(tmp_path / FOLDER) + faults(out)
    assert found == [], found
    assert CONTROL.findall(printed) == [] and "Traceback" not in printed
    for name in ("[/] x", "[live]", ":smile:", "<script>", r"\x9b31m", "$x"):
        assert name in printed
    assert f"{FOLDER}/wmf/[live] run/report.html" in printed
    shown = "".join(Page((wmf / "report.html").read_text()).words)
    assert len([name for name in NAMES if name in shown]) > 4 and "\x9b" not in shown
    listed = (tmp_path / FOLDER / "index.html").read_text()
    assert "%5Blive%5D%20run/report.html" in listed


@pytest.mark.slow
@pytest.mark.parametrize("name", experiments())
def test_an_experiment_with_hostile_names_ends_well(name: str, tmp_path: Path) -> None:
    statuses, printed = run(tmp_path, [f"+experiment={name}", *OPTIONS], ["report"])
    assert statuses == ["0", "0"], printed
    assert faults(tmp_path / FOLDER) == []
    assert CONTROL.findall(printed) == [] and "Traceback" not in printed
