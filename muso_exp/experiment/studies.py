"""The study of a search: what Optuna proposed and what each trial gave, kept in a database."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from muso_exp.csv_cells import write_csv
from muso_exp.errors import ConfigError
from muso_exp.evaluation.numbers import number as shown
from muso_exp.experiment.ledger import Job
from muso_exp.experiment.search_plan import SearchPlan
from muso_exp.redaction import redact
from muso_exp.training.pruning import open_storage

log = logging.getLogger("muso_exp")

ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_PLAN = "muso_exp plan"  # attribute of a study: what it is of
_STANDS = "as it stands"  # attribute of the trial of the setting that nothing has changed


class SearchStudy:
    """A study of Optuna, made or gone on with.

    Args:
        storage: address of the database.
        name: of the study in it.
        plan: what is tried.
        key: hash of the plan; a study of another one is refused.
        sampler: tpe, random or grid.
        seed: of the run; each trial draws by (seed, its number) alone.
        startup_trials: drawn at random before TPE.

    Raises:
        ConfigError: a storage that cannot be used, or that holds another study of this name.
    """

    def __init__(
        self,
        storage: str,
        name: str,
        plan: SearchPlan,
        key: str,
        sampler: str,
        seed: int,
        startup_trials: int,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.storage, self.plan, self.sampler = storage, plan, sampler
        self.seed, self.startup_trials = seed, startup_trials
        with in_words(storage):
            self.study = optuna.create_study(
                storage=open_storage(storage),
                study_name=name,
                direction=plan.direction,
                load_if_exists=True,
            )
            known = self.study.user_attrs.get(_PLAN)
            if known is None and not self.study.trials:
                self.study.set_user_attr(_PLAN, key)
                self._enqueue()
            elif known != key:
                raise ConfigError(
                    f"hydra.sweeper.storage={redact(storage)}: holds the study {name!r} of another "
                    "search; set hydra.sweeper.study_name, or another storage"
                )

    def _enqueue(self) -> None:
        """Let the setting as it stands come first, then those of a grid in their order."""
        if self.plan.stands:
            self.study.enqueue_trial(self.plan.default, user_attrs={_STANDS: True})
        for setting in self.plan.grid:
            self.study.enqueue_trial(dict(setting))

    def ask(self, n: int) -> list[Trial]:
        """Return the next trials, with their parameters."""
        with in_words(self.storage):
            return [self._ask() for _ in range(n)]

    def _ask(self) -> Trial:
        number = sum(trial.state != TrialState.WAITING for trial in self._trials())
        draw = int(np.random.SeedSequence((self.seed, number)).generate_state(1)[0])
        self.study.sampler = (
            optuna.samplers.TPESampler(seed=draw, n_startup_trials=self.startup_trials)
            if self.sampler == "tpe"
            else optuna.samplers.RandomSampler(seed=draw)
        )
        trial = self.study.ask()
        stands = _STANDS in trial.user_attrs
        for key, distribution in self._distributions().items():
            if not stands or key in self.plan.default:
                trial._suggest(key, distribution)
        return trial

    def _distributions(self) -> dict[str, Any]:
        if not self.plan.grid:
            return dict(self.plan.distributions)
        values = {key: [setting[key] for setting in self.plan.grid] for key in self.plan.space}
        return {
            key: optuna.distributions.CategoricalDistribution(list(dict.fromkeys(listed)))
            for key, listed in values.items()
        }

    def n_settings(self) -> int | None:
        """Return how many settings a grid has; None: this is no grid."""
        return len(self.plan.grid) + bool(self.plan.stands) if self.plan.grid else None

    def cut_off(self) -> list[FrozenTrial]:
        """Return the trials that were asked for and never ended."""
        return [trial for trial in self._trials() if trial.state == TrialState.RUNNING]

    def tell(self, trial: Trial | FrozenTrial, value: Any, pruned: bool) -> None:
        """Note how a trial ended.

        Args:
            trial: of `ask` or `cut_off`.
            value: of the objective; None or not finite: it failed.
            pruned: whether it was ended before.
        """
        good = isinstance(value, float) and np.isfinite(value)
        state = TrialState.COMPLETE if good else TrialState.FAIL
        with in_words(self.storage), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.study.tell(
                trial.number,
                value if good and not pruned else None,
                state=TrialState.PRUNED if pruned else state,
            )

    def n_ended(self) -> int:
        """Return how many trials have ended, well or not."""
        return sum(trial.state in ENDED for trial in self._trials())

    def n_asked(self) -> int:
        """Return how many trials there are: the number of the next job."""
        return len(self._trials())

    def best(self) -> FrozenTrial | None:
        """Return the best trial that ended well; the first of several as good. None if none did."""
        done = [trial for trial in self._trials() if trial.state == TrialState.COMPLETE]
        sign = -1 if self.plan.direction == "maximize" else 1
        return min(
            done, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None
        )

    def in_words(self) -> str:
        """Return what was chosen among how many, for the card of the chosen setting."""
        best, trials = self.best(), self._trials()
        if best is None:
            return ""
        values = self._setting(best).items()
        setting = " ".join(f"{key}={_short(value)}" for key, value in values)
        stands = " (as it stood)" if _STANDS in best.user_attrs else ""
        pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
        failed = sum(trial.state == TrialState.FAIL for trial in trials)
        return (
            f"{setting}{stands}: chosen by {self.plan.objective} {shown(best.value)} among "
            f"{self.n_ended()} settings of a search ({pruned} pruned, {failed} failed), "
            "on validation alone"
        )

    def write_table(self, path: Path, jobs: Mapping[int, Job]) -> None:
        """Write trials.csv: a row per trial, with its setting, value and seconds."""
        rows = [
            {
                "trial": trial.number,
                "state": trial.state.name.lower(),
                self.plan.objective: trial.value,
                **self._setting(trial),
                "seconds": jobs[trial.number].seconds if trial.number in jobs else None,
            }
            for trial in self._trials()
            if trial.state != TrialState.WAITING
        ]
        partial = path.with_name(f".{path.name}.partial")
        write_csv(pd.DataFrame(rows), partial)
        partial.replace(path)

    def _setting(self, trial: FrozenTrial) -> dict[str, Any]:
        """Return all values of a trial, those that it has left as they stand included."""
        stands = self.plan.stands if _STANDS in trial.user_attrs else {}
        return {**stands, **trial.params}

    def _trials(self) -> Sequence[FrozenTrial]:
        with in_words(self.storage):
            return self.study.get_trials(deepcopy=False)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def in_words(storage: str) -> Iterator[None]:
    """Turn what a database raises into one line.

    Raises:
        ConfigError: a storage that is locked, is none, or cannot be reached.
    """
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.OptunaError, ImportError) as error:
        cause = getattr(error, "orig", None) or error.__cause__ or error
        cause = getattr(cause, "orig", None) or cause
        reason = str(cause).strip().splitlines()[0]
        hint = "; another program holds it" if "locked" in reason else ""
        raise ConfigError(f"hydra.sweeper.storage={redact(storage)}: {reason}{hint}") from error
