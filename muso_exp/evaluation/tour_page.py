"""The page of `tour`: a question of each document, and what a small run answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.text import Text

from muso_exp.evaluation import lead
from muso_exp.evaluation import scores as scoring
from muso_exp.evaluation.finished import Finished
from muso_exp.evaluation.glossary import in_words
from muso_exp.evaluation.index import DOCUMENTS
from muso_exp.evaluation.rendering import link_to, render
from muso_exp.evaluation.report import bars, picture
from muso_exp.figures.common import save
from muso_exp.figures.headline import headline_figure
from muso_exp.terminal import styled

_ANSWERS = {scoring.BETTER: "yes", scoring.WORSE: "no", scoring.NO_BETTER: "not shown"}


@dataclass(frozen=True)
class Stop:
    """A question of the tour.

    Attributes:
        document: its number in README.md.
        question: in words.
        arguments: of the command line, that answer it.
    """

    document: int
    question: str
    arguments: tuple[str, ...]

    def answer(self, record: Mapping[str, Any]) -> Text:
        """Return the question with the answer of a run, for the terminal."""
        head = f"{self.document}  {self.question}"
        return styled(
            (head, "bold"), f"\n   {in_a_word(record).capitalize()}. {lead.found(record)}"
        )


def in_a_word(record: Mapping[str, Any]) -> str:
    """Return yes, no or not shown: whether the first leading metric beats every null model."""
    return _ANSWERS.get(lead.leading(record)[0]["verdict"], "described")


def summary(answered: Mapping[Stop, Finished]) -> str:
    """Return in two sentences of which documents a model beats every rule, and which rules do."""
    beaten = [stop.document for stop, run in answered.items() if in_a_word(run.record) == "yes"]
    rules: dict[str, list[int]] = {}
    for stop, run in answered.items():
        first = lead.leading(run.record)[0]
        if stop.document not in beaten and first["best_null"] is not None:
            rules.setdefault(in_words(lead.deciding_null(first)), []).append(stop.document)
    text = f"On simulated listening {len(beaten)} of {len(answered)} small models beat every "
    text += f"simple rule ({_listed(beaten)})" if beaten else "simple rule"
    named = "; ".join(f"{rule} ({_listed(of)})" for rule, of in rules.items())
    text += f"; as good, or better, is {named}." if named else "."
    return f"{text} What the documents report needs their data: dataset.root=..., scale=paper."


def _listed(documents: Sequence[int]) -> str:
    """Return numbers as `documents 1, 3 and 4`."""
    *some, last = map(str, documents)
    return f"documents {', '.join(some)} and {last}" if some else f"document {last}"


def write_tour(target: Path, answered: Mapping[Stop, Finished]) -> None:
    """Write the page of a tour.

    Args:
        target: the page; its figures lie beside it.
        answered: the run that answers each question.
    """
    entries = []
    for stop, run in answered.items():
        figure = target.parent / f"{stop.document}.png"
        save(partial(headline_figure, bars(run.record)[:1]), figure)
        entries.append(
            {
                "stop": stop,
                "document": DOCUMENTS[stop.document],
                "word": in_a_word(run.record),
                "verdict": lead.leading(run.record)[0]["verdict"],
                "found": lead.found(run.record),
                "picture": picture(
                    figure, "measured with its interval, beside the best null model"
                ),
                "report": link_to(run.folder / "report.html", target.parent),
            }
        )
    page = render("tour.html.j2", entries=entries, summary=summary(answered))
    target.write_text(page, encoding="utf-8")
