"""Trials of a search that validate worse than the others are ended early: the median rule."""

from __future__ import annotations

import logging
import math
from typing import Any

import optuna
import pytorch_lightning as pl

from muso_exp.errors import PrunedError

log = logging.getLogger(__name__)

STARTUP = 5  # trials that are never pruned, and with which others are compared
_PATIENCE = 30  # seconds that a database may be locked by another trial


def open_storage(address: str) -> Any:
    """Return Optuna's storage; one of sqlite waits for another process that writes to it.

    Args:
        address: as sqlalchemy has it, sqlite:///study.db.
    """
    options = {"connect_args": {"timeout": _PATIENCE}} if address.startswith("sqlite") else {}
    return optuna.storages.RDBStorage(address, engine_kwargs=options)


class MedianPruning(pl.Callback):
    """Report the objective after each validation; end a trial below the median of the others.

    Those are the trials that ended well and reported the same epoch; the best value so far of
    this trial is compared with the median of theirs at this epoch (Optuna's MedianPruner).

    Args:
        storage: of the study.
        study: its name.
        trial: number of the trial.
        metric: the objective, as validation logs it.
    """

    def __init__(self, storage: str, study: str, trial: int, metric: str) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP)
        self.study = optuna.load_study(
            study_name=study, storage=open_storage(storage), pruner=pruner
        )
        self.metric = metric
        self.id = self.study.get_trials(deepcopy=False)[trial]._trial_id

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report, and end the trial if it is worse than the median.

        Raises:
            PrunedError: it is.
        """
        value = trainer.callback_metrics.get(self.metric)
        if trainer.sanity_checking or trainer.state.fn != "fit" or value is None:
            return
        epoch, reached = trainer.current_epoch + 1, float(value)
        if math.isnan(reached):
            return
        storage: Any = self.study._storage
        if epoch not in storage.get_trial(self.id).intermediate_values:  # a trial that goes on
            storage.set_trial_intermediate_value(self.id, epoch, reached)
        if epoch < (trainer.max_epochs or 0) and self.study.pruner.prune(
            self.study, storage.get_trial(self.id)
        ):
            raise PrunedError(
                f"pruned after epoch {epoch}: {self.metric} {reached:.4g} is worse than the "
                "median of the other trials"
            )
