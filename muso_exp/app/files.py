"""Files of run folders as the browser gets them: shown, run by nothing."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse

from muso_exp.app.frame import html
from muso_exp.app.guard import FILE_POLICY, POLICY
from muso_exp.app.site import Site
from muso_exp.errors import ConfigError, MusoError
from muso_exp.opening import read_whole

REPORT, TABLE = "report.html", "table.html"


def report(site: Site, run: str) -> Response:
    """Return the report of a run."""
    return page(site, f"{run}/{REPORT}")


def sweep_table(site: Site, run: str) -> Response:
    """Lead to the table of the sweep that a run is part of, where its links hold."""
    sweep = PurePosixPath(run).parent.as_posix()
    return RedirectResponse(f"/runs/{quote(sweep)}/{TABLE}")


def page(site: Site, path: str) -> Response:
    """Return the report of a run, or the table of a sweep, by its path below the folder of runs."""
    try:
        file = _found(site, PurePosixPath(path))
        text = read_whole(file, longest=None).decode("utf-8", "replace")
    except MusoError as error:
        return HTMLResponse(html("gone.html.j2", message=str(error)), 404)
    return HTMLResponse(text, headers={POLICY: FILE_POLICY})


def _found(site: Site, path: PurePosixPath) -> Path:
    """Return a page of a listed run, or of its sweep.

    Raises:
        ConfigError: no such run or sweep, another file, or a link out of the folder of runs.
    """
    name = path.parent.as_posix()
    if path.name == REPORT:
        folder = site.run(name).folder
    else:
        sweeps = {PurePosixPath(run.name).parent.as_posix(): run.folder for run in site.runs()}
        if path.name != TABLE or name not in sweeps:
            raise ConfigError(f"{path}: no report or table of a finished run; was it deleted?")
        folder = sweeps[name].parent
    file = (folder / path.name).resolve()
    if not file.is_relative_to(site.outputs):
        raise ConfigError(f"{name}: its page is a link out of the folder of runs")
    return file
