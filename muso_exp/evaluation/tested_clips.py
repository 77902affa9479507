"""What finished runs on sound say of the clips that they were tested on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.errors import ConfigError
from muso_exp.evaluation.finished import FOLD, Finished, find_runs
from muso_exp.tasks.recommendation.heard_genres import JudgedClips
from muso_exp.training.checkpoint import read_checkpoint

COLUMNS = ("probabilities", "scores")  # of genres, of tags


def read_tested(places: Sequence[Path]) -> JudgedClips:
    """Return the test clips of finished runs; of a clip that several tested the mean.

    Args:
        places: folders of runs or sweeps of genres or tags of clips, such as the folds of
            genre_cnn, which test each clip once.

    Raises:
        ConfigError: no finished run, one of another kind, or runs of several kinds.
    """
    runs = find_runs(places)
    kinds = {(run.record["experiment"], _but_fold(run.record["variant"])) for run in runs}
    if len(kinds) > 1:
        named = ", ".join(" ".join(filter(None, kind)) for kind in sorted(kinds, key=str))
        raise ConfigError(f"{places[0]}: runs of several kinds ({named}); give those of one")
    names = _names(runs[0])
    parts = [_tested(run) for run in runs]
    if any(_names(run) != names for run in runs):
        raise ConfigError(f"{places[0]}: runs of other genres each; give those of one data set")
    table = pd.concat(parts).groupby(["id", "artist", "title"], sort=True)["probability"]
    found = table.agg(lambda rows: np.mean(rows.tolist(), axis=0)).reset_index()
    return JudgedClips(
        found[["id", "artist", "title"]], names, np.array(found["probability"].tolist())
    )


def _but_fold(variant: str | None) -> str:
    """Return the name of a row of a table; "" of a fold: folds are runs of one kind."""
    return "" if FOLD.fullmatch(variant or "") else variant or ""


def _tested(run: Finished) -> pd.DataFrame:
    """Return `id`, `artist`, `title` and `probability` of a run's test clips."""
    table = pd.read_parquet(run.folder / "predictions.parquet")
    column = next((name for name in COLUMNS if name in table), None)
    if column is None or "track_id" not in table:
        raise ConfigError(
            f"{run.folder}: a run of {run.record['experiment']} does not judge genres of clips; "
            "give one of +experiment=genre_cnn, genre_musicnn or tags_musicnn"
        )
    return table.rename(columns={"track_id": "id", column: "probability"})[
        ["id", "artist", "title", "probability"]
    ]


def _names(run: Finished) -> list[str]:
    """Return the names of the genres or tags of a run, by number."""
    _tested(run)
    saved = read_checkpoint(run.folder / "checkpoints" / "last.ckpt")
    return list(saved[saved["recipe"]["dataset"]["_target_"].rpartition(".")[2]]["names"])
