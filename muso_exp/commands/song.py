"""`python -m muso_exp song`: tempo, beats, key and loudness of a sound file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muso_exp.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from muso_exp.features.song import SongEstimate

SAMPLE_RATE = 22_050  # Hz; what librosa's beat tracker is set up for
N_MELS, MEL_WINDOW = 160, 512  # thesis, figure 2.1: half-overlapping windows of 512 samples
MAX_SECONDS = 600.0  # of a file that are read


def song(
    file: Annotated[Path, typer.Argument(help="sound file: mp3, flac, ogg, wav, ...")],
    out: Annotated[
        Path | None, typer.Option(help="also draw beats and pitches: .png, .svg or .pdf")
    ] = None,
    spectrogram: Annotated[
        Path | None, typer.Option(help="also draw waveform and log-mel bands: .png, .svg or .pdf")
    ] = None,
) -> None:
    """Print tempo, beats, key and loudness of a song, as estimated from its sound."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from muso_exp.features.mel import empty_bands
    from muso_exp.features.song import estimate_song
    from muso_exp.sound.decoding import decode

    for option, place in (("--out", out), ("--spectrogram", spectrogram)):
        if place is not None and not place.name.endswith((".png", ".svg", ".pdf")):
            raise ConfigError(f"{option} {place}: a name that ends in .png, .svg or .pdf is needed")
    if out is not None and spectrogram is not None and out.absolute() == spectrogram.absolute():
        raise ConfigError(f"--spectrogram {spectrogram}: that is --out; give another name")
    waveform, rate = decode(file, SAMPLE_RATE, seconds=MAX_SECONDS)
    try:
        found = estimate_song(waveform, rate)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    if out is not None:
        _draw(out, file.name, found)
    if spectrogram is not None:
        _draw_spectrogram(spectrogram, file.name, waveform)
    table = Table("", "estimate", title=Text(file.name), title_justify="left")
    table.add_row("length", f"{found.seconds:.1f} s")
    table.add_row("loudness", f"{found.loudness:.1f} LUFS")
    table.add_row("tempo", f"{found.tempo:.1f} beats per minute" if found.tempo else "none")
    table.add_row("beats", str(len(found.beats)))
    table.add_row("key", f"{found.key}, fit {found.key_fit:.2f} (next {found.runner_up:.2f})")
    Console().print(table)
    if spectrogram is not None and (empty := empty_bands(SAMPLE_RATE, N_MELS, MEL_WINDOW)):
        why = f"no frequency of a window of {MEL_WINDOW} samples, and stay empty"
        Console().print(f"{empty} of {N_MELS} mel bands hold {why}", soft_wrap=True)
    for place in (out, spectrogram):
        if place is not None:
            Console().print(Text(f"figure: {place}"), soft_wrap=True)


def _draw(out: Path, name: str, found: SongEstimate) -> None:
    """Write the figure, whole or not at all."""
    import numpy as np

    from muso_exp.features.song import HOP, PITCHES
    from muso_exp.figures.song import song_figure

    times = np.arange(len(found.onsets)) * HOP / found.sample_rate
    title = f"{name}: {found.tempo:.0f} beats per minute, {found.key}".replace("$", r"\$")
    figure = song_figure(
        title, times, found.onsets, found.beats, PITCHES, found.chroma, found.tonic
    )
    _save(figure, "--out", out)


def _draw_spectrogram(out: Path, name: str, waveform: np.ndarray) -> None:
    """Draw figure 2.1 of the thesis: waveform and log-mel spectrogram."""
    from muso_exp.features.mel import log_mel
    from muso_exp.figures.song import waveform_figure

    window, hop = MEL_WINDOW, MEL_WINDOW // 2
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters")  # counted below
        bands = log_mel(waveform, SAMPLE_RATE, n_mels=N_MELS, n_fft=window, hop_length=hop)
    figure = waveform_figure(name.replace("$", r"\$"), waveform, bands, SAMPLE_RATE, hop)
    _save(figure, "--spectrogram", out)


def _save(figure: Figure, option: str, out: Path) -> None:
    partial = out.with_name(f".partial-{out.name}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(partial, dpi=120)
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{option} {out}: cannot be written: {error.strerror or error}"
        ) from error
