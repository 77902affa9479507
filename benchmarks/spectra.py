"""Whole-clip spectra against numpy in float64, and what a song costs from its file.

Ratios within one run of the processor's times, best of several, one thread. Lengths: clips of a
whole number of seconds (which factor well) and mp3 previews (which do not). numpy's `rfft` is the
honest rival; the document's own `fft` is slower still. Bound: twice as fast as `rfft`.

    OMP_NUM_THREADS=1 python benchmarks/spectra.py
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table

from muso_exp.features.audio import SpectrumOptions, spectrum
from muso_exp.sound.decoding import decode

LENGTHS = {
    "30 s at 22,050 Hz": (661_500, 22_050),
    "30 s at 44,100 Hz": (1_323_000, 44_100),
    "10 s at 16,000 Hz": (160_000, 16_000),
    "5 s at 22,050 Hz": (110_250, 22_050),
    "preview, 1,321,967 samples": (1_321_967, 44_100),
    "prime, 1,323,001 samples": (1_323_001, 44_100),
}
OPTIONS = SpectrumOptions(  # the document's
    n_bins=10_000,
    top=5_000.0,
    grouping="published",
    window="none",
    magnitude="linear",
    level="keep",
)


def published(samples: np.ndarray, rate: int, transform: Callable) -> np.ndarray:
    """The document's spectrum in float64."""
    magnitudes = np.abs(transform(samples))[: len(samples) // 2]
    n_below = int(np.ceil(5_000 * len(samples) / rate))
    n = n_below // 10_000
    return (magnitudes[: 10_000 * n] / (10_000 * n)).reshape(10_000, n).mean(axis=1)


def best(call: Callable, n: int = 9) -> float:
    """Return the shortest of n times, in seconds, after one call to warm up."""
    call()
    times = []
    for _ in range(n):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return min(times)


def main() -> None:
    """Print both tables."""
    rng = np.random.default_rng(0)
    names = ("clip", "ours, ms", "rfft float64, ms", "times", "fft float64, ms", "times", "error")
    table = Table(*names, title="spectrum of a whole clip; error as a share of the rms bin")
    for name, (n_samples, rate) in LENGTHS.items():
        walk = np.cumsum(rng.normal(size=n_samples)) + 20 * rng.normal(size=n_samples)
        samples = np.round(walk / np.abs(walk).max() * 30_000)
        waveform = (samples / 32_768).astype(np.float32)
        expected = published(samples, rate, np.fft.rfft)
        error = np.abs(spectrum(waveform, rate, OPTIONS) - expected).max()
        own = best(lambda w=waveform, r=rate: spectrum(w, r, OPTIONS))
        real = best(lambda s=samples, r=rate: published(s, r, np.fft.rfft))
        whole = best(lambda s=samples, r=rate: published(s, r, np.fft.fft))
        cells = [1e3 * own, 1e3 * real, real / own, 1e3 * whole, whole / own]
        share = error / np.sqrt((expected**2).mean())
        table.add_row(name, *(f"{cell:.2f}" for cell in cells), f"{share:.1e}")
    console = Console()
    console.print(table)
    console.print(_files(rng))


def _files(rng: np.random.Generator) -> Table:
    """Return what decoding takes beside the spectrum."""
    table = Table("file of 30 s", "decode, ms", "spectrum, ms", title="from a file")
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("wav", "flac", "mp3"):
            path = Path(folder) / f"song.{suffix}"
            soundfile.write(path, 0.1 * rng.normal(size=661_500), 22_050)
            waveform, rate = decode(path)
            read = best(lambda p=path: decode(p))
            own = best(lambda w=waveform, r=rate: spectrum(w, r, OPTIONS))
            table.add_row(suffix, f"{1e3 * read:.1f}", f"{1e3 * own:.1f}")
    return table


if __name__ == "__main__":
    main()
