"""`python -m muso_exp prune`: remove what is no longer of use, once it was shown."""

import os
from pathlib import Path
from typing import Annotated

import typer

from muso_exp.places import outputs_folder


def prune(
    outputs: Annotated[Path, typer.Argument(help="folder of runs", default_factory=outputs_folder)],
    unfinished: Annotated[bool, typer.Option(help="runs that never finished")] = False,
    checkpoints: Annotated[
        bool, typer.Option(help="checkpoints of finished runs; they can then not be applied")
    ] = False,
    cache: Annotated[bool, typer.Option(help="entries of the cache")] = False,
    older: Annotated[float, typer.Option(min=0, help="days without a change")] = 30.0,
    yes: Annotated[bool, typer.Option(help="remove without asking")] = False,
) -> None:
    """Show what the rules name, ask, and remove it; never what another user or a process owns."""
    from muso_exp.errors import ConfigError
    from muso_exp.text import visible
    from muso_exp.training import pruned

    if not (unfinished or checkpoints or cache):
        raise ConfigError("name what may go: --unfinished, --checkpoints, --cache, or several")
    if not outputs.is_dir():
        raise ConfigError(f"{outputs}: no such folder")
    place = Path(os.environ.get("MUSO_CACHE", outputs / "cache"))
    found = [
        *(pruned.find_unfinished(outputs, older) if unfinished else ()),
        *(pruned.find_checkpoints(outputs, older) if checkpoints else ()),
        *(pruned.find_cached(place, older) if cache else ()),
    ]
    for one in found:
        typer.echo(visible(f"{one.n_bytes / 2**20:9.1f} MiB  {one.why}: {one.path}"))
    total = sum(one.n_bytes for one in found) / 2**20
    typer.echo(f"{len(found)} to remove, {total:.1f} MiB")
    if not found or not (yes or typer.confirm("remove them?")):
        return
    removed = [one for one in found if pruned.remove(one)]
    typer.echo(f"{len(removed)} removed")
