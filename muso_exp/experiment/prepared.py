"""What a run is made of, once everything is checked and built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytorch_lightning as pl

from muso_exp.evaluation.card import Claim
from muso_exp.metrics.base import WeightedMetric
from muso_exp.models.base import Model
from muso_exp.training.callbacks import LossHistory, TestPredictions
from muso_exp.training.manifest import Costs


@dataclass
class Prepared:
    """What a run is made of, before training.

    Attributes:
        data: the data set, set up; its task says what is asked and how it is judged.
        model: to be trained.
        trainer: Lightning's.
        claims: of the paper.
        changed: settings that differ from the experiment's.
        extra: metrics of the user's own, by name.
        headline: test metrics that lead the report.
        resume: checkpoint that is resumed, or None.
        history: gets the loss after each epoch.
        tested: gets the prediction columns of the test rows.
        costs: seconds and memory of each phase.
        validated: validation metrics of the weights that are tested, once it is trained.
    """

    data: Any
    model: Model
    trainer: pl.Trainer
    claims: list[Claim]
    changed: list[str]
    extra: dict[str, WeightedMetric]
    headline: list[str]
    resume: str | None
    history: LossHistory
    tested: TestPredictions
    costs: Costs = field(default_factory=Costs)
    validated: dict[str, float] = field(default_factory=dict)
