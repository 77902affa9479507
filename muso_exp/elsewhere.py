"""Predictions that were made elsewhere, judged on the test rows of a finished run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl

from muso_exp.data.base import ExperimentData
from muso_exp.errors import ConfigError
from muso_exp.evaluation.card import Claim
from muso_exp.evaluation.elsewhere import in_test_order, read_scores
from muso_exp.evaluation.finished import load_run
from muso_exp.evaluation.outcome import Facts, Outcome, judge
from muso_exp.experiment.build import build
from muso_exp.experiment.complete import set_up
from muso_exp.experiment.renamed import modern
from muso_exp.experiment.settings import paper_claims
from muso_exp.redaction import redact
from muso_exp.tasks.base import NotAnsweredError
from muso_exp.trained import find_trained
from muso_exp.training.checkpoint import read_checkpoint
from muso_exp.training.folders import abandon, begin, claim
from muso_exp.training.manifest import manifest
from muso_exp.training.run_folders import new_name, require_one_run

KEPT = ("experiment", "documents", "document", "headline", "seed", "fold")


def evaluated(scores: Path, like: Path, name: str, out: Path | None = None) -> tuple[Outcome, Path]:
    """Judge predictions on the test rows of a run, and write what they come to, as of a run.

    Args:
        scores: a parquet in the layout of predictions.parquet.
        like: folder of the run.
        name: of the predictions.
        out: folder to write; None: one beside the run's.

    Returns:
        What was concluded, and the folder.

    Raises:
        MusoError: predictions that are not of these test rows; data that are others than the run's.
    """
    require_one_run(str(like), like)
    record = load_run(like).record
    given = read_scores(scores)
    data = data_of(like, record)
    test = pd.read_parquet(like / "predictions.parquet")
    ordered = in_test_order(scores, given, test, data.task.keys)
    try:
        columns = data.task.answered(ordered)
    except NotAnsweredError as error:
        raise ConfigError(f"{scores}: {error}") from error
    folder = out or _beside(like) / new_name([str(scores), str(like)])
    claim(folder)
    try:
        outcome = judge(data.task, columns, _facts(like, record, scores, name))
        begin()
        outcome.write(folder, f"# {scores.name}, judged like {like.name}\n")
    finally:
        abandon(folder)
    return outcome, folder


def _beside(run: Path) -> Path:
    """Return the folder of a run's experiment: of a job of a sweep that is two above."""
    place = run.absolute()
    return place.parent.parent if (place.parent / "sweep.json").is_file() else place.parent


def data_of(like: Path, record: dict[str, Any]) -> Any:
    """Return the data of a finished run, set up anew.

    Args:
        like: its folder.
        record: its metrics.json.

    Raises:
        ConfigError: they are others than the run's, or the run does not say which they are.
    """
    recipe = read_checkpoint(find_trained(str(like)), "meta").get("recipe")
    if not isinstance(recipe, dict) or "dataset" not in recipe:
        raise ConfigError(f"{like}: its checkpoint does not say what data it was trained on")
    node = build(modern(recipe["dataset"]), pl.LightningDataModule)
    data = set_up(node, ExperimentData)
    if data.fingerprint != record["data"].get("fingerprint"):
        raise ConfigError(f"{like}: its data have changed since; the test rows are others")
    return data


def _facts(like: Path, record: dict[str, Any], scores: Path, name: str) -> Facts:
    """Return what is known of the predictions: of the run all but its model."""
    claims = [Claim(**claim) for claim in paper_claims(like)]
    run = {key: record[key] for key in KEPT if key in record}
    settings = {"scores": scores.name, "like": os.path.relpath(like, like.parent)}
    return Facts(
        document=record.get("document", ""),
        claims=claims,
        data={"stated": False, **record["data"]},
        scale=record["scale"],
        resamples=len(load_run(like).samples),
        changed=[f"predictions made elsewhere ({scores.name})"],
        run={
            "document": "",
            "documents": [],
            "headline": [],
            "fold": False,
            "table": None,
            "objective": {},
            **run,
            "variant": redact(name),
            "overrides": [],
            "settings": settings,
            "defaults": [],
            "parameters": None,
            "epochs": None,
            "manifest": manifest(),
        },
        seconds={},
        other_test=("predictions made elsewhere",),
    )
