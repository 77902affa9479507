"""The server: its port on 127.0.0.1, its pages, and the browser that is opened."""

from __future__ import annotations

import logging
import socket
import threading
import webbrowser
from typing import Annotated

import typer
from fastapi import Query, Response
from nicegui import app, ui

from muso_exp.app import files, sounds
from muso_exp.app.apply_page import FIT, NEXT, apply_page
from muso_exp.app.compare_page import compare_page
from muso_exp.app.factors_page import factors_page
from muso_exp.app.for_you_page import for_you_page
from muso_exp.app.friends_page import friends_page
from muso_exp.app.guard import Guard
from muso_exp.app.jobs import Jobs
from muso_exp.app.runs_page import runs_page
from muso_exp.app.site import Site
from muso_exp.app.start_page import start_page
from muso_exp.app.taste_page import taste_page
from muso_exp.errors import ConfigError

HOST = "127.0.0.1"
TRIED = 20  # ports, from the one that is asked for

log = logging.getLogger(__name__)


def free_port(wanted: int, tried: int = TRIED) -> int:
    """Return the first port that is free on this machine, from `wanted` on.

    Raises:
        ConfigError: none of them is.
    """
    last = min(wanted + tried, 65_536)
    for port in range(wanted, last):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise ConfigError(f"--port {wanted}: this and all others up to {last - 1} are in use")


def names_of(port: int) -> tuple[str, ...]:
    """Return what the address of this server may be called."""
    return (f"{HOST}:{port}", f"localhost:{port}")


def register(site: Site) -> None:
    """Register all pages and files, and the guard before them."""
    app.add_middleware(Guard, hosts=site.hosts)
    _register_runs(site)
    _register_asking(site)
    jobs = Jobs(site.outputs)
    app.on_shutdown(jobs.stop)

    @ui.page("/start")
    def _start(experiment: str = "") -> None:
        start_page(site, jobs, experiment)


def _register_runs(site: Site) -> None:
    """Register what shows finished runs, and files."""

    @ui.page("/")
    def _runs() -> None:
        runs_page(site)

    @ui.page("/compare")
    def _compare(run: Annotated[list[str] | None, Query()] = None) -> None:
        compare_page(site, run or [])

    @app.get("/report")
    def _report(run: str) -> Response:
        return files.report(site, run)

    @app.get("/table")
    def _table(run: str) -> Response:
        return files.sweep_table(site, run)

    @app.get("/runs/{path:path}")
    def _page(path: str) -> Response:
        return files.page(site, path)

    @app.get("/sound")
    def _sound(path: str) -> Response:
        return sounds.sound(site, path)


def _register_asking(site: Site) -> None:
    """Register the pages that ask a finished run."""

    @ui.page("/taste")
    def _taste() -> None:
        taste_page(site)

    @ui.page("/for-you")
    def _for_you() -> None:
        for_you_page(site)

    @ui.page("/friends")
    def _friends() -> None:
        friends_page(site)

    @ui.page("/fit")
    def _fit() -> None:
        apply_page(site, FIT)

    @ui.page("/next")
    def _next() -> None:
        apply_page(site, NEXT)

    @ui.page("/factors")
    def _factors() -> None:
        factors_page(site)


def serve(site: Site, port: int, browser: bool) -> None:
    """Serve the pages until the program is stopped; say where they are, and open a browser."""
    register(site)
    app.on_startup(lambda: _say(f"http://{HOST}:{port}/", browser))
    ui.run(
        host=HOST,
        port=port,
        title="muso_exp",
        language="en-US",
        dark=None,  # as the system has it
        reload=False,
        show=False,
        tailwind=False,
        show_welcome_message=False,
    )


def _say(address: str, browser: bool) -> None:
    typer.echo(f"muso_exp: {address} (Ctrl-C ends it)")
    if browser:
        threading.Thread(target=_open, args=(address,), daemon=True).start()


def _open(address: str) -> None:
    """Open a browser; where there is none the address is said already."""
    try:
        opened = webbrowser.open(address)
    except (webbrowser.Error, OSError) as error:
        log.debug("no browser: %s", error)
        opened = False
    if not opened:
        typer.echo("muso_exp: no browser found here; open the address yourself")
