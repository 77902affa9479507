"""What `taste` writes: the page, tables, and recommendations as a playlist."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from muso_exp.csv_cells import write_csv
from muso_exp.errors import ConfigError
from muso_exp.evaluation.taste_page import taste_page
from muso_exp.tasks.taste.taste import Taste
from muso_exp.text import visible

FIX = "give another folder"
PAGE = "taste.html"
PLAYLIST = "recommendations.m3u8"
ADDRESSES = "spotify_uris.txt"
TABLES = ("artists.csv", "songs.csv", "recommendations.csv", "tags.csv")
MARK = '<ul class="facts">'  # of templates/taste_body.html: in each page, of no other's
WRITTEN = (*TABLES, PLAYLIST, ADDRESSES, PAGE)


def check_folder(folder: Path, inputs: Sequence[Path]) -> None:
    """Refuse a folder whose files would be replaced although they are not of an earlier page.

    Args:
        folder: to be written to.
        inputs: files and folders that are read.

    Raises:
        ConfigError: a file of a name that `write_taste` writes is read, or no page lies beside it.
    """
    there = [folder / name for name in WRITTEN if (folder / name).exists()]
    for place, one in ((place, one) for place in there for one in inputs if one.exists()):
        if place.samefile(one) or (one.is_dir() and place.resolve().is_relative_to(one.resolve())):
            raise ConfigError(
                f"--out {folder}: {place.name} in it would be read and replaced; {FIX}"
            )
    page = folder / PAGE
    earlier = page.is_file() and MARK in page.read_text(encoding="utf-8", errors="replace")
    if there and not earlier:
        raise ConfigError(
            f"--out {folder}: {there[0].name} in it is of no earlier page and would be replaced; "
            f"{FIX}"
        )


def write_taste(result: Taste, folder: Path) -> Path:
    """Write the page and what lies beside it into a folder; return the page.

    `taste.html`; `artists.csv` and `songs.csv`, all that was played, the most played first; with a
    catalogue `recommendations.csv`, `recommendations.m3u8`, `spotify_uris.txt` (where the address
    of any is known) and `tags.csv`. Files of these names are replaced, each whole or not at all;
    those of an earlier call that this one does not write are removed.

    Raises:
        ConfigError: the folder cannot be written.
    """
    page = taste_page(result)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as scratch:
            partial = Path(scratch)
            _write_tables(result, partial)
            _write_playlist(result, partial)
            (partial / PAGE).write_text(page, encoding="utf-8")
            for name in WRITTEN:
                if (partial / name).exists():
                    (partial / name).replace(folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"--out {folder}: cannot be written: {reason}") from error
    return folder / PAGE


def _write_tables(result: Taste, folder: Path) -> None:
    tables: list[pd.DataFrame | None] = [result.listening.artists, result.listening.songs]
    if result.others is not None:
        tables += [result.others.recommended, result.others.tags]
    for name, table in zip(TABLES, tables, strict=False):
        if table is not None:
            write_csv(table, folder / name)


def _write_playlist(result: Taste, folder: Path) -> None:
    table = None if result.others is None else result.others.recommended
    if table is None:
        return
    (folder / PLAYLIST).write_text(playlist(table), encoding="utf-8")
    known = table["uri"][table["uri"] != ""]
    if len(known):
        (folder / ADDRESSES).write_text("\n".join([*known, ""]), encoding="utf-8")


def playlist(recommended: pd.DataFrame) -> str:
    """Return recommendations as an extended M3U: the names, and the address where it is known.

    Args:
        recommended: see `muso_exp.tasks.taste.others.Others.recommended`.
    """
    lines = ["#EXTM3U", "#PLAYLIST:What you might like"]
    if not recommended["uri"].any():
        lines.append("# names alone: this catalogue has no addresses of songs")
    names = [name for name in ("artist", "title") if name in recommended]
    for name, uri in zip(recommended[names].to_numpy(), recommended["uri"], strict=True):
        shown = " ".join(visible(" - ".join(part for part in name if part)).split())
        lines.append(f"#EXTINF:-1,{shown}")
        if uri:
            lines.append(uri)
    return "\n".join([*lines, ""])
