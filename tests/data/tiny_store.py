"""Small stores of sound: what the tests ask for."""

from pathlib import Path

import pandas as pd
from damaged_sound import write_good

from muso_exp.sound.store import AudioStore, StoreOptions, build_store

OPTIONS = StoreOptions(sample_rate=16_000, seconds=4.0, crop="centre", workers=1, min_seconds=2.0)
N = 64_000  # samples of a clip


def table(paths: list[Path]) -> pd.DataFrame:
    return pd.DataFrame({"track_id": [p.name for p in paths], "path": [str(p) for p in paths]})


def good_files(folder: Path) -> Path:
    """Write eight good files below a folder, in `good`; return the folder."""
    write_good(folder / "good", 8)
    return folder


def good_store(folder: Path) -> AudioStore:
    """Return the store of these files; its cache lies beside them."""
    return build_store(table(sorted((folder / "good").iterdir())), folder / "cache", OPTIONS)
