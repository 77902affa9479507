"""The documentation: every page is in the table of contents, every link leads somewhere."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY
from made_runs import make_run
from test_layers import FLOORS

from muso_exp.experiment import reference
from muso_exp.experiment.documents import experiment_tree, measured_comment
from muso_exp.experiment.listing import commands, experiments, group

DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.glob("*.md"))]
COMMAND = re.compile(r"python -m muso_exp ([a-z_]+)\b(?!=)")
CHOICE = re.compile(r"(?<![\w.])\+?(experiment|model|sweep|trainer)=([a-z]\w*)\b")
WRITTEN = ("commands.md", "options.md")  # by mkdocs_hooks.py
OF_A_PLUGIN = {"diary", "fellows"}  # of docs/extend.md, which tests/plugin runs


def contents() -> dict[str, object]:
    """Return mkdocs.yml."""
    return yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))


def files(nav: object) -> list[str]:
    """Return the files of a table of contents, in order."""
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [name for part in parts for name in files(part)]


def test_every_page_is_in_the_table_of_contents_once() -> None:
    written = [page.name for page in DOCS.glob("*.md")]
    assert sorted(files(contents()["nav"])) == sorted([*written, *WRITTEN])


def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("mkdocs")), "build", "--quiet", "--strict"]
    ended = subprocess.run(
        [*command, "--site-dir", str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "index.html").is_file()
    pages = "".join(page.read_text(encoding="utf-8") for page in tmp_path.glob("*.html"))
    loaded = re.findall(r'(?:src|<link[^>]+href)="(https?://[^"]+)"', pages)
    assert loaded == []  # it opens offline
    assert "<!-- measured" not in pages
    for name in experiments():
        tree = experiment_tree(REPOSITORY / "conf" / "experiment" / f"{name}.yaml")
        if measured_comment((REPOSITORY / "conf/experiment" / f"{name}.yaml").read_text())[1]:
            for number in tree.paper.documents:
                page = (tmp_path / f"document_{number}.html").read_text(encoding="utf-8")
                assert f"<code>+experiment={name}</code>" in page, (name, number)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = {name: set(group(name)) for name in ("model", "sweep", "trainer")}
    known["experiment"] = set(experiments())
    named = {found for found in COMMAND.findall(text)} - set(commands())
    chosen = {
        f"{key}={value}"
        for key, value in CHOICE.findall(text)
        if value not in known[key] | OF_A_PLUGIN | {"NAME"}
    }
    assert (named, chosen) == (set(), set())


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_of_readme_and_docs_to_files_hold(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert target in WRITTEN or (page.parent / target).exists(), target


def test_the_page_on_design_names_every_room_and_every_floor_in_order() -> None:
    text = " ".join((DOCS / "design.md").read_text(encoding="utf-8").split())
    rooms = {path.name for path in (REPOSITORY / "muso_exp").iterdir() if path.is_dir()}
    named = {*re.findall(r"[`/](\w+)/[`<]", text), *re.findall(r"`(?:muso_exp/)?(\w+)/`", text)}
    assert rooms - named - {"__pycache__"} == set()
    floors = text.partition("lowest floor first: ")[2].partition(". Models")[0].split("; ")
    listed = [{room.replace("CSV cells", "csv_cells") for room in f.split(", ")} for f in floors]
    assert listed == [*FLOORS[:-1]]  # __main__ above them all


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_in_a_page_runs(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        compile(block if ">>> " not in block else "", str(page), "exec")  # tests/plugin runs more
    runs = {"RUN": tmp_path / "a", "OTHER_RUN": tmp_path / "b"}
    for folder, value in zip(runs.values(), (0.5, 0.6), strict=True):
        make_run(folder, value)
    example = doctest.DocTestParser().get_doctest(text, runs, page.name, str(page), 0)
    assert doctest.DocTestRunner().run(example).failed == 0
    if page.name == "running.md":
        assert example.examples


def test_examples_in_docstrings_run() -> None:
    found = doctest.testmod(reference)
    assert (found.failed, found.attempted) == (0, 2)
