"""Time log-mel spectrograms: librosa, torchaudio as it comes, and the front-end of the models.

Run `python benchmarks/log_mel.py [rounds]`, 9 by default: 32 windows of 3 s at 22,050 Hz, 128
bands, window 1024, hop 512, one thread. Each way takes its turn in each round, so that other load
on the machine meets all; what counts is processor time, of the fastest turns. The bounds: the
front-end takes at most as long as librosa on the whole batch, and is within .001 dB of it. Below
the table stands where torchaudio's time goes: the same transforms on the whole batch and waveform
by waveform, where they stay in the processor's cache.
"""

import logging
import os
import sys
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import torchaudio

from muso_exp.features.mel import log_mel
from muso_exp.models.frontends import LogMel, MelOptions

RATE, SECONDS, WINDOWS = 22_050, 3, 32
log = logging.getLogger("benchmark")


def sounds() -> np.ndarray:
    """Return windows of chords over noise that fade, (WINDOWS, RATE * SECONDS) float32."""
    rng = np.random.default_rng(0)
    times = np.arange(RATE * SECONDS) / RATE
    hertz = rng.uniform(80, 4000, (WINDOWS, 6, 1))
    chords = np.sin(2 * np.pi * hertz * times).sum(axis=1) * np.exp(-times)
    return (0.1 * chords + 0.01 * rng.normal(size=chords.shape)).astype(np.float32)


def transform() -> torch.nn.Sequential:
    """Return torchaudio's own transform at the front-end's settings."""
    mel = torchaudio.transforms.MelSpectrogram(
        RATE, n_fft=1024, hop_length=512, n_mels=128, norm="slaney", mel_scale="slaney"
    )
    return torch.nn.Sequential(mel, torchaudio.transforms.AmplitudeToDB(top_db=80.0))


def fastest(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least processor time of each way, in milliseconds."""
    times = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.process_time()
            way()
            times[name] = min(times[name], 1000 * (time.process_time() - began))
    return times


def parts(x: torch.Tensor) -> dict[str, Callable[[], object]]:
    """Return the steps of torchaudio's transform, and what the front-end does instead."""
    window = torch.hann_window(1024)
    mel = transform()[0].mel_scale
    spectrum = torch.stft(x, 1024, 512, window=window, return_complex=True)
    power = spectrum.abs().pow(2)

    def one_by_one() -> None:
        for row in x:
            torch.stft(row, 1024, 512, window=window, return_complex=True)

    return {
        "torch.stft of the batch": lambda: torch.stft(
            x, 1024, 512, window=window, return_complex=True
        ),
        "  waveform by waveform": one_by_one,
        "modulus, then square": lambda: spectrum.abs().pow(2),
        "  real and imaginary part squared": lambda: torch.addcmul(
            spectrum.real.square(), spectrum.imag, spectrum.imag
        ),
        "mel filters, all bins": lambda: mel(power),
    }


def main() -> None:
    """Print seconds of sound per second of processor time, ratios, and differences in dB."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    waveforms = sounds()
    x = torch.from_numpy(waveforms)
    ours, single, theirs = LogMel(RATE), LogMel(RATE, MelOptions(precise=False)), transform()
    ways: dict[str, Callable[[], object]] = {
        "librosa, the batch at once": lambda: log_mel(waveforms, RATE),
        "librosa, one by one": lambda: [log_mel(one, RATE) for one in waveforms],
        "torchaudio as it comes": lambda: theirs(x),
        "front-end (float64, as librosa)": lambda: ours(x),
        "front-end, precise=False": lambda: single(x),
    }
    with torch.no_grad():
        times = fastest(ways, rounds)
        reference = times["librosa, the batch at once"]
        expected = log_mel(waveforms, RATE)
        for name, milliseconds in times.items():
            found = np.asarray(ways[name]())
            difference = np.abs(found - expected).max()
            speed = 1000 * SECONDS * WINDOWS / milliseconds
            log.info(
                "%-36s %7.1f ms %6.0f s of sound per CPU second, %.2f x librosa, %.6f dB off",
                name, milliseconds, speed, reference / milliseconds, difference,
            )  # fmt: skip
        for name, milliseconds in fastest(parts(x), rounds).items():
            log.info("    %-40s %7.1f ms", name, milliseconds)


if __name__ == "__main__":
    main()
