"""Finished runs as they lie in their folders, without a run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.evaluation.finished import Finished, find_runs

NULLS = {"guess": 0.2, "prior": 0.4}
HALF = 0.05  # half width of the samples of a run


def make(
    folder: Path,
    value: float,
    seed: int = 0,
    units: str = "u",
    n: int = 1001,
    fold: int | None = None,
) -> Finished:
    folder.mkdir(parents=True)
    overrides = [f"dataset.split.fold={fold}"] if fold is not None else []
    record = {
        "experiment": "e",
        "variant": "a",
        "overrides": overrides,
        "data": {"name": "d", "simulated": True, "published": False},
        "scale": "desk",
        "seed": seed,
        "test_units": {"acc": units},
        "metrics": {"acc": value},
        "nulls": {name: {"acc": null} for name, null in NULLS.items()},
        "intervals": {"acc": [value - HALF, value + HALF]},
        "versus": [
            {
                "metric": "acc",
                "null_value": 0.4,
                "verdict": "x",
                "higher_is_better": True,
                "bounds": [0.0, 1.0],
            }
        ],
    }
    (folder / "metrics.json").write_text(json.dumps(record))
    noise = np.random.default_rng(7).permutation(np.linspace(-HALF, HALF, n))
    samples = {"acc": value + noise}
    samples |= {f"versus_null/acc/{name}": value - null + noise for name, null in NULLS.items()}
    pd.DataFrame(samples).to_parquet(folder / "samples.parquet")
    return find_runs([folder])[0]
