"""What the simulated sound costs, what can be heard in it, and how it compares with real music.

    python benchmarks/render_sound.py [--clips 480] [--genres 8] [--real FOLDER]

Cost: clips of 30 s a minute of processor time, with FLAC; time and size of other formats.
Heard: tempo (librosa), key and mode (Krumhansl's templates on librosa's chroma), and what linear
models make of mean and standard deviation of 20 MFCC, and of 1,000 bins of the spectrum below
5 kHz, with artists disjoint. Compared: four statistics beside those of mp3 files below FOLDER.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import soundfile
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from muso_exp.simulation.sound import choose_tracks, track_genres, write_sounds
from muso_exp.simulation.world import simulate_world

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
FEATURES = (
    *("danceability", "energy", "key", "loudness", "mode", "speechiness"),
    *("acousticness", "instrumentalness", "liveness", "valence", "tempo"),
)
FORMATS = (("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"))


def cost(folder: Path) -> str:
    """Return time and size of formats for one clip."""
    waveform, rate = soundfile.read(next((folder / "audio").iterdir()), dtype="float32")
    lines = []
    for name, subtype in FORMATS:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "clip"
            began = time.process_time()
            with soundfile.SoundFile(path, "w", rate, 1, subtype, format=name) as file:
                for first in range(0, len(waveform), 65536):
                    file.write(waveform[first : first + 65536])
            spent = 1000 * (time.process_time() - began)
            lines.append(f"{name} {spent:.0f} ms, {path.stat().st_size / 1000:.0f} kB")
    return "; ".join(lines)


def statistics(waveform: np.ndarray, rate: int) -> dict[str, float]:
    """Return level, brightness, noisiness and density of a clip."""
    strength = librosa.onset.onset_strength(y=waveform, sr=rate)
    onsets = librosa.onset.onset_detect(onset_envelope=strength, sr=rate)
    return {
        "level, dB": 20 * np.log10(np.sqrt(np.mean(waveform**2)) + 1e-9),
        "spectral centroid, Hz": librosa.feature.spectral_centroid(y=waveform, sr=rate).mean(),
        "zero crossings, share": librosa.feature.zero_crossing_rate(waveform).mean(),
        "onsets per s": len(onsets) * rate / len(waveform),
        "tempo": float(librosa.feature.tempo(onset_envelope=strength, sr=rate)[0]),
    }


def heard_key(waveform: np.ndarray, rate: int) -> tuple[int, int]:
    """Return pitch class and mode."""
    power = np.abs(librosa.stft(waveform, n_fft=4096, hop_length=2048)) ** 2
    chroma = librosa.feature.chroma_stft(S=power, sr=rate, tuning=0).mean(axis=1)
    fits = [
        [np.corrcoef(np.roll(template, key), chroma)[0, 1] for key in range(12)]
        for template in (MINOR, MAJOR)
    ]
    mode, key = np.unravel_index(int(np.argmax(fits)), (2, 12))
    return int(key), int(mode)


def inputs(waveform: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of 20 MFCC, (40,), and the spectrum below 5 kHz, (1000,)."""
    mfcc = librosa.feature.mfcc(y=waveform, sr=rate, n_mfcc=20, n_fft=1024, hop_length=512)
    spectrum = np.abs(np.fft.rfft(waveform))[: int(5000 * len(waveform) / rate) // 1000 * 1000]
    return np.array([*mfcc.mean(axis=1), *mfcc.std(axis=1)]), spectrum.reshape(1000, -1).mean(1)


def left_over(values: np.ndarray, target: np.ndarray, artists: np.ndarray) -> np.ndarray:
    """Return ridge regression's squared error on other artists, share of variance, (n_targets,)."""
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 5, 13)))
    preds = cross_val_predict(model, values, target, groups=artists, cv=GroupKFold(5))
    return ((preds - target) ** 2).sum(axis=0) / ((target - target.mean(axis=0)) ** 2).sum(axis=0)


def write(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


def main() -> None:
    """Render, listen and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--clips", type=int, default=480)
    options.add_argument("--genres", type=int, default=8)
    options.add_argument("--real", type=Path)
    given = options.parse_args()
    world = simulate_world(n_users=400, n_artists=2000, n_genres=given.genres)
    tracks = choose_tracks(world, given.clips)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.process_time()
        write_sounds(world, tracks, folder)
        spent = time.process_time() - began
        write(f"{60 * len(tracks) / spent:.0f} clips of 30 s a minute of one core's time")
        write(cost(folder))
        features = pd.read_csv(folder / "track_features.csv", keep_default_na=False)
        paths = [folder / "audio" / f"{track + 1}.flac" for track in tracks]
        clips = [soundfile.read(path, dtype="float32") for path in paths]
    heard = pd.DataFrame([statistics(*clip) for clip in clips])
    ratio = np.log2(heard["tempo"] / features["tempo"])
    write(f"tempo within 5 %: {np.mean(np.abs(ratio) < np.log2(1.05)):.2f}; with octaves "
          f"{np.mean(np.abs(ratio - ratio.round()) < np.log2(1.05)):.2f}")  # fmt: skip
    keys = np.array([heard_key(*clip) for clip in clips])
    right = keys == features[["key", "mode"]].to_numpy()
    write(f"key {right[:, 0].mean():.2f} (chance .08), with mode {right.all(axis=1).mean():.2f}")
    artists, genres = world.catalogue.track_artist[tracks], track_genres(world, tracks)
    mfcc, spectra = (
        np.array(part) for part in zip(*(inputs(*clip) for clip in clips), strict=True)
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    preds = cross_val_predict(model, mfcc, genres, groups=artists, cv=GroupKFold(5))
    write(f"genre {np.mean(preds == genres):.2f} (chance {1 / given.genres:.2f})")
    explained = 1 - left_over(mfcc, world.catalogue.track_factors[tracks], artists)
    write("factors, R2: " + ", ".join(f"{share:.2f}" for share in explained))
    target = features[list(FEATURES)].to_numpy(dtype=float)
    for kind, values in (("spectrum", spectra), ("log-spectrum", np.log(spectra + 1e-3))):
        errors = left_over(values, target, artists)
        each = ", ".join(f"{n} {e:.2f}" for n, e in zip(FEATURES, errors, strict=True))
        write(f"{kind} to features, squared error {errors.mean():.2f}: {each}")
    tables = {"simulated": heard}
    if given.real:
        found = sorted(given.real.rglob("*.mp3"))
        tables["real"] = pd.DataFrame([statistics(*librosa.load(p, sr=22050)) for p in found])
    for kind, table in tables.items():
        write(f"{kind}: 5 %, half, 95 %")
        write(table.drop(columns="tempo").quantile([0.05, 0.5, 0.95]).T.round(3).to_string())


if __name__ == "__main__":
    main()
