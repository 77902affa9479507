"""`python -m muso_exp fetch`: weights that were trained elsewhere."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Name(StrEnum):
    """What can be fetched."""

    musicnn = "musicnn"


def fetch(
    name: Annotated[Name, typer.Argument(help="what is fetched")],
    wheel: Annotated[
        Path | None, typer.Option("--from", help="wheel that is there already: no download")
    ] = None,
) -> None:
    """Fetch trained weights into the cache folder: MusiCNN's, 29 MB, through pip.

    pip downloads the wheel of musicnn 0.1.0 (ISC licence) from where it is set up to; its sha256 is
    checked, its weights are read, and no code of it runs.
    """
    from muso_exp.cache import cached_folder, find_cached
    from muso_exp.formats.musicnn import check_wheel, write_musicnn
    from muso_exp.models.musicnn import FETCHED
    from muso_exp.places import cache_folder
    from muso_exp.terminal import console

    cache = cache_folder()
    if wheel is not None:
        check_wheel(wheel)  # also where its weights are in the cache already
    if find_cached(cache, FETCHED) is None:
        with tempfile.TemporaryDirectory() as scratch:
            given = wheel or download(f"{name.value}==0.1.0", Path(scratch))
            cached_folder(cache, FETCHED, lambda folder: write_musicnn(given, folder))
    console().print(f"{cache / FETCHED}", soft_wrap=True)


def download(requirement: str, folder: Path) -> Path:
    """Return the wheel that pip downloads into `folder`.

    Raises:
        ConfigError: pip failed, or is not there.
    """
    from muso_exp.errors import ConfigError

    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    ran = subprocess.run(
        [*command, "--only-binary=:all:", "--dest", str(folder), requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if ran.returncode or len(wheels) != 1:
        said = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")]
        reason = said[-1] if said else f"pip ended with status {ran.returncode}"
        raise ConfigError(
            f"pip download {requirement}: {reason}; download the wheel elsewhere and use --from"
        )
    return wheels[0]
