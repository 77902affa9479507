"""Songs with sound and features, in both of the forms that the data set of spectra reads."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import soundfile
import torch
import yaml
from conftest import REPOSITORY
from omegaconf import OmegaConf
from tiny_tracks import tracks
from torch import Tensor

from muso_exp.data.spectra import Spectra
from muso_exp.experiment.build import build
from muso_exp.features.audio import SpectrumOptions
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.records import Batch
from muso_exp.tasks.base import Answer

CONF = yaml.safe_load((REPOSITORY / "conf" / "dataset" / "spectra.yaml").read_text())
RATE, SECONDS, N_BINS = 11_025, 0.5, 100
SOUND = {"sample_rate": RATE, "seconds": SECONDS}  # what waveforms need
SMALL = {"batch_size": 8, "spectrum": {"n_bins": N_BINS}, "store": {"workers": 1}}


def dataset(root: Path | None, cache: Path, **options: Any) -> Spectra:
    places = {"root": root and str(root), "cache": str(cache), "seed": 0}
    return build(OmegaConf.merge(CONF, places, SMALL, options), Spectra)


def spectrum_options(**options: Any) -> SpectrumOptions:
    """Return the document's spectrum, but for these options."""
    return msgspec.convert(CONF["spectrum"] | options, SpectrumOptions)


def ready(root: Path | None, cache: Path, **options: Any) -> Spectra:
    data = dataset(root, cache, **options)
    data.prepare_data()
    data.setup()
    return data


def table(n_rows: int = 30) -> pd.DataFrame:
    return tracks(n_rows)


def waveform(number: int, seconds: float = SECONDS) -> np.ndarray:
    """Noise of a colour and loudness of its own, as 16-bit whole numbers."""
    noise = np.random.default_rng(number).normal(size=int(seconds * RATE))
    smooth = np.convolve(noise, np.ones(1 + number % 5), mode="same")
    return np.round(smooth / np.abs(smooth).max() * 3000 * (1 + number % 7)).astype(np.int16)


def write_matrix(folder: Path, n_rows: int = 30, content: pd.DataFrame | None = None) -> Path:
    """Write a ready matrix, its ids and the feature table."""
    folder.mkdir(parents=True, exist_ok=True)
    content = table(n_rows) if content is None else content
    content.to_csv(folder / "track_features.csv", index=False)
    values = np.random.default_rng(0).gamma(2, 10, size=(len(content), N_BINS))
    np.save(folder / "spectra.npy", values.astype(np.float32))
    (folder / "spectra_ids.txt").write_text("\n".join(content["id"]) + "\n")
    return folder


def write_songs(folder: Path, n_rows: int = 30) -> Path:
    """Write wav files, their manifest, and the feature table; two songs of each artist."""
    folder.mkdir(parents=True, exist_ok=True)
    content = table(n_rows)
    content.to_csv(folder / "track_features.csv", index=False)
    for number in range(n_rows):
        soundfile.write(folder / f"{number}.wav", waveform(number), RATE)
    manifest = pd.DataFrame(
        {
            "path": [f"{number}.wav" for number in range(n_rows)],
            "track_id": content["id"],
            "artist": [f"artist {number // 2}" for number in range(n_rows)],
            "title": [f"title {number}" for number in range(n_rows)],
            "genre": ["rock" if number % 2 else "classical" for number in range(n_rows)],
        }
    )
    manifest.to_csv(folder / "manifest.csv", index=False)
    return folder


class Zeros:
    """A stand-in for a model that estimates the train mean of every feature."""

    def columns(self, batch: Batch) -> dict[str, Tensor]:
        return {"preds": torch.zeros(len(batch["x"]), 11)}


ANSWER = Answer(Zeros(), {}, Bootstrap(10))
