"""The five documents row by row: experiments, read from their YAML, and what no experiment is.

Rows of experiments are of `conf/experiment/*.yaml`: the first comment says what a row is, the
claims where it stands in its document and what is printed there, the comment that begins with
"Measured on" what was measured. Other rows (commands, options, figures) are those of
`conf/documents.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from muso_exp.evaluation.index import DOCUMENTS
from muso_exp.evaluation.numbers import number
from muso_exp.experiment.listing import conf_folder, experiments
from muso_exp.experiment.quick_omegaconf import read_yaml
from muso_exp.text import markdown

OTHER_ROWS = "documents.yaml"
NO_NUMBER = "no number printed"
SIMULATED = re.compile(r"(the )?(simulated )?world\b")
NAMED = 4  # printed numbers that a row lists
PLACES, LONGEST = 2, 110  # places that a row lists, and letters of one


@dataclass(frozen=True)
class DocumentRow:
    """One row of a document: a system, setting, table, figure, question or wish.

    Attributes:
        document: its number.
        what: the row, a sentence.
        place: where it stands in the document.
        command: what reaches it.
        printed: numbers that the document prints of it.
        data: data set (as in conf/dataset), and what was measured on.
        measured: values, "" where none is noted.
        state: what there is: measured on real data, on the simulated world, or built.
    """

    document: int
    what: str
    place: str
    command: str
    printed: str
    data: str
    measured: str
    state: str


def document_rows() -> list[DocumentRow]:
    """Return the rows of all documents: of each its experiments by name, then the others."""
    files = [conf_folder() / OTHER_ROWS, *sorted((conf_folder() / "experiment").glob("*.yaml"))]
    return list(_rows((*map(_stamped, files), *experiments())))


@lru_cache(maxsize=1)
def _rows(_: tuple[object, ...]) -> list[DocumentRow]:
    """Return the rows of files as they were written last: they are merged in seconds."""
    rows = [*_experiment_rows(), *_other_rows(conf_folder() / OTHER_ROWS)]
    return sorted(rows, key=lambda row: row.document)


def _loaded(path: Path) -> Any:
    """Return the YAML of a file, which is not to be changed: of many it is a part."""
    return _parsed(*_stamped(path))


def _stamped(path: Path) -> tuple[Path, int]:
    return path, path.stat().st_mtime_ns


@lru_cache(maxsize=256)
def _parsed(path: Path, _: int) -> Any:
    return OmegaConf.load(path)


def as_markdown(rows: Iterable[DocumentRow]) -> str:
    """Return the rows as a page in Markdown, a table for each document."""
    rows = list(rows)
    lines = [
        "# The five documents, row by row",
        "",
        "Written by `python -m muso_exp documents --out docs/documents.md` from the YAML of the "
        "experiments and `conf/documents.yaml`; edit those. All experiments run on the simulated "
        "world; with `dataset.root=...` on real files. `scale=paper` has the published sizes.",
    ]
    heading = ("row", "place", "command", "printed there", "data", "measured here", "state")
    for number_, title in DOCUMENTS.items():
        lines += [
            "",
            f"## Document {number_}. {title}",
            "",
            _line(heading),
            _line(["---"] * len(heading)),
        ]
        for row in rows:
            if row.document == number_:
                command = "; ".join(f"`{part}`" for part in row.command.split("; "))
                texts = (
                    markdown(text) for text in (row.printed, row.data, row.measured, row.state)
                )
                lines.append(_line([markdown(row.what), markdown(row.place), command, *texts]))
    return "\n".join([*lines, ""])


def measured_table(number_: int) -> str:
    """Return the measured rows of a document in Markdown: command, data, values."""
    rows = [row for row in document_rows() if row.document == number_ and row.measured]
    lines = [_line(("command", "data", "measured")), _line(["---"] * 3)]
    for row in rows:
        command = "; ".join(f"`{part}`" for part in row.command.split("; "))
        lines.append(_line([command, markdown(row.data), markdown(row.measured)]))
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _experiment_rows() -> list[DocumentRow]:
    rows = []
    for name, what in experiments().items():
        path = conf_folder() / "experiment" / f"{name}.yaml"
        if not path.is_file():  # of the user's own
            continue
        tree = experiment_tree(path)
        data, measured = measured_comment(path.read_text(encoding="utf-8"))
        for document in tree.paper.documents:
            rows.append(
                DocumentRow(
                    document=int(document),
                    what=what,
                    place=tree.paper.get("place") or _places(tree),
                    command=f"+experiment={name}",
                    printed=printed_numbers(tree),
                    data=": ".join(part for part in (_data_set(path), data) if part),
                    measured=measured,
                    state=_state(data),
                )
            )
    return rows


def _other_rows(path: Path) -> list[DocumentRow]:
    named: list[Mapping[str, Any]] = read_yaml(path)
    return [
        DocumentRow(
            document=row["document"],
            what=row["what"],
            place=row["place"],
            command=row["command"],
            printed=row.get("printed", NO_NUMBER),
            data=row.get("data", ""),
            measured=row.get("measured", ""),
            state=row.get("state") or _state(row.get("data", "")),
        )
        for row in named
    ]


def experiment_tree(path: Path) -> DictConfig:
    """Return the YAML of an experiment over config.yaml and the experiments that it builds on."""
    own: Any = _loaded(path)
    bases = [name for name in own.get("defaults", []) if isinstance(name, str) and name != "_self_"]
    trees: list[Any] = [experiment_tree(path.with_name(f"{name}.yaml")) for name in bases]
    merged: Any = OmegaConf.merge(*(trees or [_loaded(path.parent.parent / "config.yaml")]), own)
    return merged


def _data_set(path: Path) -> str:
    """Return the data set of an experiment, or of what it builds on."""
    own: Any = _loaded(path)
    entries = own.get("defaults", [])
    for entry in entries:
        if not isinstance(entry, str) and "override /dataset" in entry:
            return str(entry["override /dataset"])
    bases = [entry for entry in entries if isinstance(entry, str) and entry != "_self_"]
    return next(filter(None, (_data_set(path.with_name(f"{name}.yaml")) for name in bases)), "")


def measured_comment(text: str) -> tuple[str, str]:
    """Return the paragraph of the comments that begins with "Measured on": on what, and the rest.

    The data end with the first bracket, comma or colon; ("", "") without such a paragraph.

    Args:
        text: of the YAML file.
    """
    found: list[str] = []
    for line in text.splitlines():
        comment = line[1:].strip() if line.startswith("#") else ""
        if found and not comment:
            break
        if found or comment.startswith("Measured on "):
            found.append(comment)
    whole = " ".join(found).removeprefix("Measured on ")
    data = re.split(r" \(|[,:]", whole, maxsplit=1)[0]
    return data, whole.removeprefix(data).strip(" ,:")


def printed_numbers(tree: DictConfig) -> str:
    """Return what a document prints: metric and number, of a table with the row's name."""
    found: dict[str, None] = {}
    for row in _rows_of(tree):
        for key, value in row.items():
            OmegaConf.update(tree, key, value, force_add=True)
        for claim in tree.paper.claims:
            if (value := claim.get("reported")) is not None:
                whose = "".join(f"{value}: " for value in row.values())
                of = f" of {claim.of}" if claim.get("of") else ""
                found[f"{whose}{claim.metric}{of} {number(float(value))}"] = None
    shown = list(found)[:NAMED]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(shown) + more if shown else NO_NUMBER


def _rows_of(tree: DictConfig) -> list[dict[str, str]]:
    """Return what each row of a table sets, where its claims state other numbers row by row."""
    claims = plain_claims(tree)
    if not any("${" in str(claim.get("reported")) for claim in claims):
        return [{}]
    swept = OmegaConf.select(tree, "hydra.sweeper.params") or {}
    return [{str(key): row.strip()} for key in swept for row in str(swept[key]).split(",")]


def plain_claims(tree: DictConfig) -> list[dict[str, Any]]:
    """Return the claims of an experiment, what they interpolate left as it is."""
    paper: Any = OmegaConf.to_container(tree.paper, resolve=False)
    return paper["claims"]


def _places(tree: DictConfig) -> str:
    """Return where the claims of an experiment stand, the first few."""
    sources = dict.fromkeys(str(claim["source"]) for claim in plain_claims(tree))
    shown = [
        text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…" for text in sources
    ]
    more = f" and {len(shown) - PLACES} more" if len(shown) > PLACES else ""
    return "; ".join(shown[:PLACES]) + more


def _state(data: str) -> str:
    if not data:
        return "built; no value noted"
    return f"measured on {'the simulated world' if SIMULATED.match(data) else 'real data'}"
