"""`python -m muso_exp predict`: a finished run, applied to new input."""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from muso_exp.errors import ConfigError
from muso_exp.trained import (
    apply,
    as_file,
    estimated_features,
    find_trained,
    judged_by_sound,
    load_trained,
    single,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

_SHOWN = 10  # rows of the result that the terminal shows
_UPRIGHT = 3  # so few rows stand upright, if they are wide
_WIDE = 12  # columns that the terminal shows of more rows


def predict(
    run: Annotated[str, typer.Argument(help="run folder, MLflow run id, or a .ckpt file of a run")],
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="new input: table of tracks, song, folder of songs, or listening histories",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="also write the result: .csv, .csv.gz or .parquet")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(help="run on spectra that estimates the audio features which RUN reads"),
    ] = None,
    min_seconds: Annotated[
        float | None,
        typer.Option(help="of a history: plays of which fewer seconds are known are left out"),
    ] = None,
    genre: Annotated[
        str | None, typer.Option(help="of a recommender with genres: items of this one alone")
    ] = None,
    genres_from: Annotated[
        list[Path] | None,
        typer.Option(
            help="of a recommender with genres: runs or sweeps on the sound of its songs "
            "(genre_cnn, genre_musicnn, tags_musicnn) that say how sure a genre is"
        ),
    ] = None,
    number: Annotated[
        int | None, typer.Option("-n", "--number", min=1, help="the first so many rows alone")
    ] = None,
) -> None:
    """Apply a finished run to new input: tracks ranked by fit, songs estimated from their sound.

    A run of a recommender continues a playlist, or what one person plays:
    exports of Spotify, Last.fm or ListenBrainz (files, folders, a zip), a
    CSV with artist and track, or track_id, and maybe plays, or names or
    ids, one a line.

    A run on plays with content (+experiment=hybrid) recommends under a genre:
    --genre rock -n 20. How sure a genre is comes from a regression on tags, sound and
    listeners; with --genres-from from networks that heard the songs.

    A run that reads tables of audio features takes songs too, with --features.
    """
    from muso_exp.redaction import Formatter
    from muso_exp.terminal import console
    from muso_exp.text import counted

    check_out(out, [*sources, *(genres_from or [])])
    lines = logging.StreamHandler()
    lines.setFormatter(Formatter())
    logging.basicConfig(handlers=[lines])
    logging.getLogger("muso_exp").setLevel(logging.INFO)
    data, model = load_trained(find_trained(run))
    if genres_from:
        data.genres = judged_by_sound(data, genres_from)
    if features is None:
        _refuse_sound(data, sources[0])
        result = apply(data, model, *sources, **_reading(data, min_seconds, genre))
    else:
        _refuse_features(data, features)
        songs = single(data, sources)
        with as_file(estimated_features(features, songs), songs) as table:
            result = apply(data, model, table)
    result = result if number is None else result.head(number)
    if out is not None:
        write_table(out, result)
    terminal = console()
    terminal.print(shown(sources[0].name, result, number or _SHOWN))
    place = "give --out FILE to keep them" if out is None else str(out)
    terminal.print(f"{counted(len(result), 'row')}: {place}", soft_wrap=True)


def _refuse_sound(data: Any, source: Path) -> None:
    from muso_exp.sound.suffixes import is_sound

    if data.reads_feature_tables and (is_sound(source) or source.is_dir()):
        raise ConfigError(
            f"{source}: a table of tracks with audio features is needed; of sound they are "
            "estimated: --features <run of spectra_features>"
        )


def _refuse_features(data: Any, features: str) -> None:
    if not data.reads_feature_tables:
        raise ConfigError(
            f"--features {features}: a run on {data.name} reads no table of audio features; "
            "leave --features out"
        )


def check_out(out: Path | None, inputs: Sequence[Path] = ()) -> None:
    """Raise ConfigError if no table can be written under this name, or if it is an input's."""
    if out is not None and not out.name.endswith((".csv", ".csv.gz", ".parquet")):
        raise ConfigError(f"--out {out}: a name that ends in .csv, .csv.gz or .parquet is needed")
    if (
        out is not None
        and out.exists()
        and any(one.exists() and out.samefile(one) for one in inputs)
    ):
        raise ConfigError(f"--out {out}: that is what is read; give another name")


def shown(name: str, result: pd.DataFrame, n_rows: int = _SHOWN) -> Table:
    """Return the first n_rows as a terminal table; a few wide rows stand upright, one a column."""
    from rich.table import Table

    from muso_exp.evaluation.applied import result_cells

    cells = result_cells(result.head(n_rows))
    title = f"{name}: first rows"
    if len(cells) <= _UPRIGHT < len(cells.columns):
        cells = cells.T.reset_index().set_axis(["", *cells.iloc[:, 0]], axis=1)
    elif len(cells.columns) > _WIDE:
        title += f", {_WIDE} of {len(cells.columns)} columns"
        cells = cells.iloc[:, :_WIDE]
    table = Table(*map(str, cells.columns), title=title, title_justify="left")
    for row in cells.itertuples(index=False):
        table.add_row(*row)
    return table


def _reading(data: Any, min_seconds: float | None, genre: str | None) -> dict[str, Any]:
    """Return what the data set gets about reading.

    Raises:
        ConfigError: it reads no histories, knows no genres, or less than 0 s.
    """
    if genre is not None and "genre" not in signature(data.read_new).parameters:
        raise ConfigError(
            f"--genre {genre}: a run on the data set {data.name} recommends under no genre; take "
            "one on content_plays (+experiment=hybrid), or leave it out"
        )
    options = {} if genre is None else {"genre": genre}
    if min_seconds is None:
        return options
    if "min_seconds" not in signature(data.read_new).parameters:
        raise ConfigError(
            f"--min-seconds {min_seconds:g}: a run on the data set {data.name} reads no listening "
            "history; leave it out"
        )
    if not 0 <= min_seconds < math.inf:
        raise ConfigError(f"--min-seconds {min_seconds:g}: 0 or more seconds are needed")
    return options | {"min_seconds": min_seconds}


def write_table(out: Path, result: pd.DataFrame) -> None:
    """Write a table, whole or not at all; the suffix says in which format."""
    from muso_exp.csv_cells import write_csv

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".partial-") as folder:
            partial = Path(folder) / out.name
            if out.suffix == ".parquet":
                result.to_parquet(partial, index=False)
            else:
                write_csv(result, partial)
            partial.replace(out)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error
