"""Integrated loudness of a song, as broadcasters measure it."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

BLOCK, STEP = 0.4, 0.1  # seconds of a block, and between two
ABSOLUTE, RELATIVE = -70.0, -10.0  # gates: LUFS, and LU below the mean of what passes the first
OFFSET = -0.691  # of a sine of 997 Hz at full scale in one channel: -3.01 LUFS


def integrated_loudness(waveform: np.ndarray, sample_rate: int) -> float:
    """Return the integrated loudness in LUFS; NaN where no block is above -70 LUFS.

    Args:
        waveform: mono, shape (n_samples,), of at least 0.4 s.
        sample_rate: in Hz.

    Raises:
        ValueError: a waveform shorter than a block.

    Source: ITU-R BS.1770-4. Deviation: the two filters of its annex are given for 48 kHz; at any
    rate they are a shelf of 4 dB above 1,500 Hz and a high pass at 38 Hz, as in torchaudio, which
    also cuts what exceeds full scale between the filters: here nothing is cut.
    """
    n_block, n_step = round(BLOCK * sample_rate), round(round(BLOCK * sample_rate) * STEP / BLOCK)
    if len(waveform) < n_block:
        raise ValueError(f"at least {BLOCK} s are needed, got {len(waveform) / sample_rate:.2f} s")
    x = np.asarray(waveform, dtype=np.float64)
    x = lfilter(*_shelf(sample_rate, 4.0, 1500.0, 1 / np.sqrt(2)), x)
    x = lfilter(*_high_pass(sample_rate, 38.0, 0.5), x)
    sums = np.concatenate([[0.0], np.cumsum(x**2)])
    starts = np.arange(0, len(x) - n_block + 1, n_step)
    power = (sums[starts + n_block] - sums[starts]) / n_block  # (n_blocks,)
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = OFFSET + 10 * np.log10(power)
        passing = levels > ABSOLUTE
        if not passing.any():
            return float("nan")
        gate = OFFSET + 10 * np.log10(power[passing].mean()) + RELATIVE
        return float(OFFSET + 10 * np.log10(power[passing & (levels > gate)].mean()))


def _shelf(rate: int, gain: float, frequency: float, q: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a high shelf's numerator and denominator, (3,) each; gain in dB."""
    w, a = 2 * np.pi * frequency / rate, 10 ** (gain / 40)
    cos, alpha = np.cos(w), np.sin(w) / (2 * q)
    root = 2 * np.sqrt(a) * alpha
    b = [
        a * ((a + 1) + (a - 1) * cos + root),
        -2 * a * ((a - 1) + (a + 1) * cos),
        a * ((a + 1) + (a - 1) * cos - root),
    ]
    over = [
        (a + 1) - (a - 1) * cos + root,
        2 * ((a - 1) - (a + 1) * cos),
        (a + 1) - (a - 1) * cos - root,
    ]
    return np.array(b), np.array(over)


def _high_pass(rate: int, frequency: float, q: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a high pass's numerator and denominator, (3,) each."""
    w = 2 * np.pi * frequency / rate
    cos, alpha = np.cos(w), np.sin(w) / (2 * q)
    return np.array([(1 + cos) / 2, -1 - cos, (1 + cos) / 2]), np.array(
        [1 + alpha, -2 * cos, 1 - alpha]
    )
