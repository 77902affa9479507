"""Two tiny lists of tracks in the real files' format, and the data set over them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from conftest import REPOSITORY
from made import made

from muso_exp.data.playlists import Playlists

CONF = yaml.safe_load((REPOSITORY / "conf" / "dataset" / "playlists.yaml").read_text())


def tracks(n: int, first: int = 0, loudness: float = -8.0, seed: int = 0) -> pd.DataFrame:
    """Tracks with plausible features, as one of the real files has them."""
    rng = np.random.default_rng([seed, first])
    shares = ["danceability", "energy", "speechiness", "acousticness"]
    shares += ["instrumentalness", "liveness", "valence"]
    table = pd.DataFrame({name: rng.uniform(0.1, 0.9, n).round(3) for name in shares})
    table["key"] = rng.integers(0, 12, n)
    table["mode"] = np.arange(n) % 2
    table["time_signature"] = 3 + np.arange(n) % 2
    table["loudness"] = rng.normal(loudness, 1, n).round(3)
    table["tempo"] = rng.uniform(80, 160, n).round(3)
    table["duration_ms"] = rng.integers(100_000, 400_000, n)
    ids = np.arange(first, first + n)
    table.insert(0, "id", [f"track{i:04d}" for i in ids])
    table.insert(1, "track.name", [f'Song "{i}", live' for i in ids])
    table.insert(2, "primary_artist", [f"Artist {i % 7}" for i in ids])
    return table


def write_two(folder: Path, a: pd.DataFrame | None = None, b: pd.DataFrame | None = None) -> Path:
    (tracks(30) if a is None else a).to_csv(folder / "a.csv", index=False)
    (tracks(24, 100, -12.0) if b is None else b).to_csv(folder / "b.csv", index=False)
    return folder


def dataset(root: Path | None, cache: Path, **options: Any) -> Playlists:
    return made("playlists", root, cache, **options)


def ready(root: Path | None, cache: Path, **options: Any) -> Playlists:
    data = dataset(root, cache, **options)
    data.prepare_data()
    data.setup()
    return data


def estimates(n: int, first: int = 0, seed: int = 0) -> pd.DataFrame:
    """Tracks as `predict` estimates them from sound: no whole numbers, with intervals."""
    table = tracks(n, first, seed=seed).drop(columns=["duration_ms", "time_signature"])
    table = table.drop(columns=["track.name", "primary_artist"]).rename(columns={"id": "song"})
    table["key"] = (table["key"] * 0.9 + 0.37).round(2)
    table["mode"] = table["mode"] * 0.5 + 0.2
    for name in [name for name in table if name != "song"]:
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.1, table[name] + 0.1
    return table
