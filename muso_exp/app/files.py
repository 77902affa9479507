"""Files of run folders as the browser gets them: shown, run by nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import Response
from fastapi.responses import HTMLResponse

from muso_exp.app.frame import html
from muso_exp.app.guard import FILE_POLICY, POLICY
from muso_exp.app.site import Site
from muso_exp.errors import ConfigError, MusoError
from muso_exp.opening import read_whole


def report(site: Site, run: str) -> Response:
    """Return the report of a run."""
    return _page(site, run, lambda folder: folder / "report.html")


def sweep_table(site: Site, run: str) -> Response:
    """Return the table of the sweep that a run is part of."""
    return _page(site, run, lambda folder: folder.parent / "table.html")


def _page(site: Site, run: str, place: Callable[[Path], Path]) -> Response:
    try:
        path = place(site.run(run).folder).resolve()
        if not path.is_relative_to(site.outputs):
            raise ConfigError(f"{run}: its page is a link out of the folder of runs")
        text = read_whole(path, longest=None).decode("utf-8", "replace")
    except MusoError as error:
        return HTMLResponse(html("gone.html.j2", message=str(error)), 404)
    return HTMLResponse(text, headers={POLICY: FILE_POLICY})
