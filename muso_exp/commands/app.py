"""`python -m muso_exp app`: the local web application over finished runs."""

import importlib.util
import logging
from pathlib import Path
from typing import Annotated

import typer

from muso_exp.errors import ConfigError
from muso_exp.places import outputs_folder


def app(
    outputs: Annotated[Path, typer.Argument(help="folder of runs", default_factory=outputs_folder)],
    allow: Annotated[
        list[Path] | None,
        typer.Option(help="folder whose files the pages may read; may be given several times"),
    ] = None,
    port: Annotated[int, typer.Option(help="if in use the next one", min=1024, max=65_535)] = 8080,
    browser: Annotated[bool, typer.Option(help="open the pages in a browser")] = True,
) -> None:
    """Serve pages over finished runs, for this machine alone, until Ctrl-C.

    Nothing is sent anywhere. Histories, tables and sound files are read only
    from folders given by --allow.
    """
    from muso_exp.redaction import Formatter

    if importlib.util.find_spec("nicegui") is None:
        raise ConfigError("the application needs NiceGUI: pip install 'muso_exp[app]'")
    from muso_exp.app.server import free_port, names_of, serve
    from muso_exp.app.site import Site, allowed_folders

    lines = logging.StreamHandler()
    lines.setFormatter(Formatter())
    logging.basicConfig(handlers=[lines])
    if outputs.exists() and not outputs.is_dir():
        raise ConfigError(f"{outputs}: a folder of runs is needed")
    taken = free_port(port)
    if taken != port:
        typer.echo(f"muso_exp: port {port} is in use; {taken} is taken")
    site = Site(outputs.resolve(), allowed_folders(allow or []), names_of(taken))
    serve(site, taken, browser)
