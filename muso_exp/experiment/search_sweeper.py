"""`+sweep=search`: Optuna asks, the jobs validate; the chosen setting is tested once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from muso_exp.errors import MusoError
from muso_exp.experiment import ledger
from muso_exp.experiment.objective import STORAGE, STUDY
from muso_exp.experiment.search_plan import SearchPlan, make_plan

if TYPE_CHECKING:
    from muso_exp.experiment.studies import SearchStudy


class SearchSweeper(Sweeper):
    """Hydra's sweeper of a search: trials on validation, then one job on test.

    A search that goes on counts the trials of before: `n_trials` is of all. One that was cut off
    in a trial runs that trial to its end first, so that one trial at a time leads to the same
    settings as a search that nothing cut off.

    Args:
        sampler: tpe, random or grid.
        n_trials: in all; a grid has as many as it has settings.
        startup_trials: drawn at random before TPE.
        n_jobs: trials that are asked for at once.
        prune: whether a trial that is worse than the median of the others is ended.
        storage: Optuna's, as an address; None: in the sweep's folder.
        study_name: in that storage; None: the experiment's name.
        options: what `make_plan` reads of the configuration: direction, params, hold_out.
    """

    def __init__(
        self,
        sampler: str,
        n_trials: int,
        startup_trials: int,
        n_jobs: int,
        prune: bool,
        storage: str | None,
        study_name: str | None,
        **options: Any,
    ) -> None:
        self.sampler, self.n_trials, self.startup_trials = sampler, n_trials, startup_trials
        self.n_jobs, self.prune = max(int(n_jobs), 1), prune
        self.storage, self.study_name = storage, study_name

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        """Take the configuration, and make the launcher."""
        self.config: Any = config
        self.folder = Path(config.hydra.sweep.dir)
        self.launcher: Any = Plugins.instance().instantiate_launcher(
            config=config, hydra_context=hydra_context, task_function=task_function
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run trials until there are enough, and the chosen setting once on test.

        Raises:
            MusoError: no trial ended well; a storage that cannot be used.
        """
        plan = make_plan(self.config)
        study = self._open(plan)
        self._keep_configuration()
        for trial in study.cut_off():
            self._run(plan, study, [trial])
        n_trials = study.n_settings() or self.n_trials
        while (missing := n_trials - study.n_ended()) > 0:
            self._run(plan, study, study.ask(min(self.n_jobs, missing)))
        best = study.best()
        if best is None:
            jobs = ledger.read(self.folder)
            raise MusoError(f"no trial of the search ended well: {ledger.in_words(jobs)}")
        number = study.n_asked()
        self.launcher.launch([plan.of_setting(best.params)], initial_job_idx=number)
        self._note_choice(study, number)

    def _open(self, plan: SearchPlan) -> SearchStudy:
        from muso_exp.experiment.studies import SearchStudy

        storage = self.storage or f"sqlite:///{(self.folder / ledger.STUDY_FILE).absolute()}"
        name = self.study_name or str(self.config.name)
        inert = [str(place) for place in self.config.inert]
        os.environ[STORAGE], os.environ[STUDY] = (storage, name) if self.prune else ("", "")
        return SearchStudy(
            storage,
            name,
            plan,
            plan.key(inert),
            self.sampler,
            self.config.seed,
            self.startup_trials,
        )

    def _run(self, plan: SearchPlan, study: SearchStudy, trials: Sequence[Any]) -> None:
        """Run trials, whose numbers follow each other, and report to the study how they ended."""
        jobs = [plan.of_trial(trial.number, trial.params) for trial in trials]
        returned = self.launcher.launch(jobs, initial_job_idx=trials[0].number)
        rows = {row.job: row for row in ledger.read(self.folder)}
        for trial, job in zip(trials, returned, strict=True):
            row = rows.get(trial.number)
            value = job.return_value if row and row.state == "done" else None
            study.tell(trial, value, pruned=row is not None and row.state == "pruned")
        study.write_table(self.folder / "trials.csv", rows)

    def _note_choice(self, study: SearchStudy, number: int) -> None:
        """Put into the card of the tested run how many settings were tried."""
        from muso_exp.evaluation.search import note_choice

        row = {row.job: row for row in ledger.read(self.folder)}.get(number)
        if row and row.state == "done" and row.folder:
            best = study.best()
            value = {study.plan.objective: float(best.value)} if best and best.value else None
            note_choice(self.folder / row.folder, study.in_words(), study.n_ended(), value)

    def _keep_configuration(self) -> None:
        """Write the sweep's configuration into its folder, as Hydra's own sweeper does."""
        OmegaConf.save(self.config, self.folder / "multirun.yaml")
