"""Finished runs as they lie in their folders, without a run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.evaluation.finished import Finished, find_runs
from muso_exp.evaluation.verdicts import VERSUS_NULL

NULLS = {"guess": 0.2, "prior": 0.4}
HALF = 0.05  # half width of the samples of a run


def claim(metric: str = "acc", **facts: Any) -> dict[str, Any]:
    """A row of the paper card."""
    texts = {"source": "table 1", "condition": "", "reason": "", "best_null": "guess"}
    row = {"metric": metric, "of": "model", "reported": None, "verdict": "not testable", **texts}
    numbers = {"measured": 0.5, "interval": [0.4, 0.6], "null_value": 0.2, "reported_vs_null": None}
    return row | numbers | facts


BOUNDED = {"verdict": "x", "bounds": [0.0, 1.0]}
REST = {
    "n": {"rows": 7},
    "audit": [{"check": "ties", "value": 0, "text": "no ties", "level": "note"}],
}


def versus_row(value: float, interval: list[float], null: float = 0.2) -> dict[str, Any]:
    """How a run stands to its best null model."""
    return {
        "metric": "acc",
        "measured": value,
        "interval": interval,
        "best_null": "guess",
        "null_value": null,
        "difference": value - null,
        "difference_interval": [end - null for end in interval],
        "verdict": "better than null",
        "higher_is_better": True,
    }


def make_run(
    folder: Path,
    value: float,
    units: str = "u",
    seed: int = 0,
    variant: str = "a",
    n_resamples: int = 101,
) -> None:
    """Write a run that measured `acc`, its noise the same in every run."""
    folder.mkdir(parents=True)
    around = [value - 0.1, value + 0.1]
    record = {
        "experiment": "e",
        "variant": variant,
        "data": {"name": "d", "simulated": True, "published": False},
        "scale": "desk",
        "seed": seed,
        "config": f"hash-{value}",
        "test_units": {"acc": units},
        "metrics": {"acc": value},
        "intervals": {"acc": around},
        "claims": [],
        "versus": [versus_row(value, around)],
        **REST,
    }
    (folder / "metrics.json").write_text(json.dumps(record))
    noise = np.linspace(-0.1, 0.1, n_resamples)
    samples = {"acc": value + noise, f"{VERSUS_NULL}acc": value - 0.2 + noise}
    pd.DataFrame(samples).to_parquet(folder / "samples.parquet")


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
        "claims": [],
        "versus": [
            versus_row(value, [value - HALF, value + HALF], null=0.4)
            | {"verdict": "x", "bounds": [0.0, 1.0]}
        ],
        **REST,
    }
    (folder / "metrics.json").write_text(json.dumps(record))
    noise = np.random.default_rng(7).permutation(np.linspace(-HALF, HALF, n))
    samples = {"acc": value + noise}
    samples |= {f"versus_null/acc/{name}": value - null + noise for name, null in NULLS.items()}
    pd.DataFrame(samples).to_parquet(folder / "samples.parquet")
    return find_runs([folder])[0]
