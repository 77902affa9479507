"""The frame of every page: its head, the links to all pages, and one line for what fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from muso_exp.app.site import Listed, Site
from muso_exp.errors import MusoError
from muso_exp.evaluation.rendering import render
from muso_exp.redaction import redact
from muso_exp.text import visible

log = logging.getLogger(__name__)

PAGES: dict[str, str] = {
    "/": "Runs",
    "/taste": "Taste",
    "/for-you": "For you",
    "/friends": "Friends",
    "/fit": "Playlist fit",
    "/next": "Next song",
    "/factors": "Hear the factors",
    "/start": "Start",
}  # address -> what the link to it says


def html(template: str, **facts: Any) -> str:
    """Return a template of the application or of the reports, filled; all values are escaped."""
    return render(template, ("muso_exp.app", "muso_exp.evaluation"), **facts)


def show(template: str, **facts: Any) -> ui.html:
    """Put a filled template on the page."""
    return ui.html(html(template, **facts), sanitize=False, tag="div")  # `render` escapes


@contextmanager
def frame(site: Site, address: str, title: str) -> Iterator[None]:
    """Begin a page: what is built inside stands in its main part; what fails is one line there."""
    ui.add_head_html(html("head.html"))
    ui.page_title(f"{title} - muso_exp")
    show("links.html.j2", pages=PAGES, current=address)
    with ui.element("main").props('id="main" tabindex="-1"').classes("main"):
        ui.html(html("title.html.j2", title=title), sanitize=False)
        with failing_in_one_line():
            yield


@contextmanager
def failing_in_one_line(say: Callable[[str], None] | None = None) -> Iterator[None]:
    """Say what fails inside in one line, on the page or by `say`; log what no user can mend."""
    try:
        yield
    except MusoError as error:
        (say or failed)(str(error))
    except Exception as error:
        log.exception("a page failed")
        (say or failed)(f"{type(error).__name__}: {error}; more in the terminal")


def failed(message: str) -> None:
    """Put one line on the page that says what failed."""
    line = " ".join(visible(redact(message)).split())
    ui.label(line).classes("failed").props('role="alert"')


def about(run: Listed) -> None:
    """Say which run a page is of, on what data, and whether these are simulated."""
    show("about.html.j2", run=run, data=run.record["data"], scale=run.record["scale"])
