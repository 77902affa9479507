"""Sound files below the allowed folders: found by the id of their track, and played."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import FileResponse, PlainTextResponse

from muso_exp.app.site import Site
from muso_exp.errors import ConfigError, MusoError
from muso_exp.sound.suffixes import is_sound

MOST_FILES = 200_000  # that are looked at
SECONDS = 30  # that a player plays


def players(site: Site, tracks: list[str]) -> dict[str, str]:
    """Return track id -> address of its sound, of the tracks whose file lies in allowed folders.

    A file is of a track if its name without the suffix is the track's id.
    """
    wanted = set(tracks)
    found: dict[str, str] = {}
    for path in _files(site):
        if path.stem in wanted and is_sound(path):
            found.setdefault(path.stem, f"/sound?path={quote(str(path))}#t=0,{SECONDS}")
    return found


def _files(site: Site) -> list[Path]:
    paths: list[Path] = []
    for root in site.allowed:
        for folder, _, names in os.walk(root):
            paths += (Path(folder, name) for name in names)
            if len(paths) >= MOST_FILES:
                return paths
    return paths


def sound(site: Site, path: str) -> Response:
    """Return a sound file; the browser may ask for parts of it."""
    try:
        file = site.file(path)
        if not (file.is_file() and is_sound(file)):
            raise ConfigError(f"{path}: no sound file")
    except MusoError as error:
        return PlainTextResponse(f"muso_exp: {error}\n", 404)
    return FileResponse(file)
