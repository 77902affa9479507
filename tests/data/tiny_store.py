"""Small stores of sound: what the tests ask for."""

from pathlib import Path

import pandas as pd

from muso_exp.sound.store import StoreOptions

OPTIONS = StoreOptions(sample_rate=16_000, seconds=4.0, crop="centre", workers=1, min_seconds=2.0)
N = 64_000  # samples of a clip


def table(paths: list[Path]) -> pd.DataFrame:
    return pd.DataFrame({"track_id": [p.name for p in paths], "path": [str(p) for p in paths]})
