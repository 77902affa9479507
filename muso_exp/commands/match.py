"""`python -m muso_exp match`: which songs of one catalogue are in another."""

from pathlib import Path
from typing import Annotated

import typer


def match(
    queries: Annotated[Path, typer.Argument(help="unique_tracks.txt, a folder of LFM-1b, or CSV")],
    catalogue: Annotated[Path, typer.Argument(help="the same; where the songs are looked up")],
    out: Annotated[Path | None, typer.Option(help="folder for the line-aligned files")] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="case, unicode, punctuation, versions, fuzzy; in order, all by default"),
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="least likeness of fuzzy titles", min=0, max=100)
    ] = 90,
    sample: Annotated[int, typer.Option(help="matches of each method to spot-check", min=0)] = 5,
    seed: Annotated[int, typer.Option(help="of the sample", min=0)] = 0,
) -> None:
    """Match the songs of two catalogues by artist and title, and report the coverage by method.

    Beside it: how many artists are in both, and how many songs are by them.

    A CSV has the columns id, artist, title. The thesis' matching is `--method case`.
    """
    from muso_exp.formats.listening.song_matching import (
        artist_coverage,
        coverage,
        match_catalogues,
        read_songs,
        spot_check,
    )
    from muso_exp.formats.listening.song_matching import write_matching as write
    from muso_exp.terminal import console

    matched = match_catalogues(read_songs(queries), read_songs(catalogue), method, threshold)
    terminal = console()
    terminal.print(coverage(matched).to_string(index=False, float_format="{:.4f}".format))
    table = artist_coverage(matched)
    terminal.print(table.to_string(index=False, float_format="{:.4f}".format))
    checked = spot_check(matched, sample, seed)
    if not checked.empty:
        terminal.print(checked.to_string(index=False), soft_wrap=True)
    elif sample:
        terminal.print("no pair found")
    if out is not None:
        write(matched, out)
        terminal.print(f"written to {out}", soft_wrap=True)
