"""A page of sections: one HTML file that opens offline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from muso_exp.evaluation.rendering import render
from muso_exp.figures.common import to_svg
from muso_exp.records import Finding, Section


def self_contained(
    title: str,
    read: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    notes: Sequence[Finding] = (),
) -> str:
    """Return a page as one HTML text, which needs nothing else; all names are escaped.

    Args:
        title: of the page.
        read: what was read, a sentence without its full stop.
        facts: numbers that lead the page, with what each counts.
        sections: with figures that were not drawn before, and names unlike each other.
        notes: findings, shown before the sections.
    """
    return render("page.html.j2", title=title, **page_facts(read, facts, sections, notes))


def page_facts(
    read: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    notes: Sequence[Finding] = (),
) -> dict[str, Any]:
    """Return what `templates/taste_body.html` shows, see `self_contained`."""
    return {
        "read": read,
        "facts": facts,
        "sections": sections,
        "notes": notes,
        "notes_title": "What was found while reading",
        "picture": lambda section: Markup(to_svg(section.figure, section.name)),
    }
