"""Run folders as `find_runs` finds them, written by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.evaluation.scores import VERSUS_NULL


def claim(metric: str = "acc", **facts: Any) -> dict[str, Any]:
    """A row of the paper card."""
    texts = {"source": "table 1", "condition": "", "reason": "", "best_null": "guess"}
    row = {"metric": metric, "of": "model", "reported": None, "verdict": "not testable", **texts}
    numbers = {"measured": 0.5, "interval": [0.4, 0.6], "null_value": 0.2, "reported_vs_null": None}
    return row | numbers | facts


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
    versus = {
        "metric": "acc",
        "measured": value,
        "interval": around,
        "best_null": "guess",
        "null_value": 0.2,
        "difference": value - 0.2,
        "difference_interval": [value - 0.3, value - 0.1],
        "verdict": "better than null",
        "higher_is_better": True,
    }
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
        "versus": [versus],
        "n": {"rows": 7},
        "audit": [{"check": "ties", "value": 0, "text": "no ties", "level": "note"}],
    }
    (folder / "metrics.json").write_text(json.dumps(record))
    noise = np.linspace(-0.1, 0.1, n_resamples)
    samples = {"acc": value + noise, f"{VERSUS_NULL}acc": value - 0.2 + noise}
    pd.DataFrame(samples).to_parquet(folder / "samples.parquet")
