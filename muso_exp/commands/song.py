"""`python -m muso_exp song`: tempo, beats, key and loudness of a sound file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muso_exp.errors import ConfigError

if TYPE_CHECKING:
    from muso_exp.features.song import SongEstimate

SAMPLE_RATE = 22_050  # Hz; what librosa's beat tracker is set up for
MAX_SECONDS = 600.0  # of a file that are read


def song(
    file: Annotated[Path, typer.Argument(help="sound file: mp3, flac, ogg, wav, ...")],
    out: Annotated[
        Path | None, typer.Option(help="also draw beats and pitches: .png, .svg or .pdf")
    ] = None,
) -> None:
    """Print tempo, beats, key and loudness of a song, as estimated from its sound."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from muso_exp.data.audio.decoding import decode
    from muso_exp.features.song import estimate_song

    if out is not None and not out.name.endswith((".png", ".svg", ".pdf")):
        raise ConfigError(f"--out {out}: a name that ends in .png, .svg or .pdf is needed")
    waveform, rate = decode(file, SAMPLE_RATE, seconds=MAX_SECONDS)
    try:
        found = estimate_song(waveform, rate)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    if out is not None:
        _draw(out, file.name, found)
    table = Table("", "estimate", title=Text(file.name), title_justify="left")
    table.add_row("length", f"{found.seconds:.1f} s")
    table.add_row("loudness", f"{found.loudness:.1f} LUFS")
    table.add_row("tempo", f"{found.tempo:.1f} beats per minute" if found.tempo else "none")
    table.add_row("beats", str(len(found.beats)))
    table.add_row("key", f"{found.key}, fit {found.key_fit:.2f} (next {found.runner_up:.2f})")
    Console().print(table)
    if out is not None:
        Console().print(Text(f"figure: {out}"), soft_wrap=True)


def _draw(out: Path, name: str, found: SongEstimate) -> None:
    """Write the figure, whole or not at all."""
    import numpy as np

    from muso_exp.features.song import HOP, PITCHES
    from muso_exp.plots_song import song_figure

    times = np.arange(len(found.onsets)) * HOP / found.sample_rate
    title = f"{name}: {found.tempo:.0f} beats per minute, {found.key}".replace("$", r"\$")
    figure = song_figure(
        title, times, found.onsets, found.beats, PITCHES, found.chroma, found.tonic
    )
    partial = out.with_name(f".partial-{out.name}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(partial, dpi=120)
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error
