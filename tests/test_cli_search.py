"""A search on the command line: validation chooses, the test set is looked at once."""

import json
import sqlite3
from pathlib import Path

import optuna
import pandas as pd
import pytest
from omegaconf import DictConfig

import muso_exp.run
from muso_exp.errors import Stopped
from muso_exp.experiment import ledger
from muso_exp.training.pruning import MedianPruning

WMF = ["+experiment=wmf", "scale=smoke", "resamples=20", "logger=none", "callbacks.progress=null"]
LISTS = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "logger=none"]
LISTS += ["callbacks.progress=null", "trainer.max_epochs=2", "objective=val/loss"]
SEARCH = [*WMF, "+sweep=search", "model=ease", "hydra.sweeper.startup_trials=2"]


def trials(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "trials.csv").drop(columns="seconds")


def test_the_chosen_setting_is_tested_once_and_its_card_says_so(call: callable) -> None:
    status, out, err = call(*SEARCH, "hydra.sweeper.n_trials=4")
    assert status == 0, err
    folder = Path(out.splitlines()[-1])
    table = trials(folder)
    assert table["state"].tolist() == ["complete"] * 4
    assert table["model.regularization"][0] == 250.0  # the setting as it stands
    assert [job.state for job in ledger.read(folder)] == ["done"] * 5
    (tested,) = folder.glob("*/metrics.json")  # no trial looks at the test set
    record = json.loads(tested.read_text())
    best = float(table.loc[table["val/map_at_500"].idxmax(), "model.regularization"])
    assert tested.parent.name == "4"
    assert f"model.regularization={best!r}" in record["overrides"]
    assert not any("val_share" in one or "trial" in one for one in record["overrides"])
    (chosen,) = [line for line in record["audit"] if line["check"] == "settings_tried"]
    assert chosen["value"] == 4
    assert "among 4 settings of a search (0 pruned, 0 failed)" in chosen["text"]
    assert "among 4 settings of a search" in (tested.parent / "report.html").read_text()
    assert not list(folder.glob("[0-3]/checkpoints"))


def test_a_search_that_was_cut_off_ends_with_the_same_settings(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = [*LISTS, "+sweep=search", "hydra.sweeper.startup_trials=2", "hydra.sweeper.n_trials=4"]
    whole = trials(Path(call(*search)[1].splitlines()[-1]))
    tried = muso_exp.run.try_setting
    runs: list[int] = []

    def cut(cfg: DictConfig) -> dict[str, float]:
        runs.append(cfg.trial)
        if len(runs) == 3:
            raise Stopped(15)
        return tried(cfg)

    monkeypatch.setattr(muso_exp.run, "try_setting", cut)
    assert call(*search, "rerun=true")[0] == 143
    status, out, err = call(*search)
    assert status == 0 and "goes on: 2 jobs are done, 1 cut off" in err, err
    assert runs == [0, 1, 2, 2, 3]
    pd.testing.assert_frame_equal(trials(Path(out.splitlines()[-1])), whole)


def test_a_grid_tries_each_setting_and_tests_the_best(call: callable) -> None:
    grid = [*WMF, "+sweep=grid", "model=item_knn", "model.n_neighbours=2,50"]
    status, out, err = call(*grid)
    assert status == 0, err
    folder = Path(out.splitlines()[-1])
    table = trials(folder)
    assert table["model.n_neighbours"].tolist() == [2, 50]
    assert [path.parent.name for path in folder.glob("*/metrics.json")] == ["2"]
    assert [job.settings for job in ledger.read(folder)] == [
        "model.n_neighbours=2",
        "model.n_neighbours=50",
        f"model.n_neighbours={table.loc[table['val/map_at_500'].idxmax()]['model.n_neighbours']}",
    ]


def test_a_trial_that_fails_costs_itself_alone(call: callable) -> None:
    dos = ["+experiment=dos_classifier", "scale=smoke", "resamples=20", "logger=none"]
    grid = ["+sweep=grid", "model.lr=1e30,0.001", "objective=val/loss", "callbacks.progress=null"]
    status, out, err = call(*dos, *grid)
    folder = Path(out.splitlines()[-1])
    assert status == 0 and "1 of 3 jobs failed, the first is 0 (model.lr=1e+30)" in err
    assert trials(folder)["state"].tolist() == ["fail", "complete"]
    status, _, err = call(*dos, *grid, "model.lr=1e30,1e29")
    assert status == 1
    assert err.splitlines()[-1].startswith("muso_exp: no trial of the search ended well: 2 of 2")


class TestPruning:
    @pytest.fixture
    def callback(self, tmp_path: Path) -> MedianPruning:
        storage = f"sqlite:///{tmp_path / 'study.db'}"
        study = optuna.create_study(storage=storage, study_name="s", direction="maximize")
        for value in (0.5, 0.6, 0.7, 0.8, 0.9):
            trial = study.ask()
            trial.report(value, 1)
            study.tell(trial, value)
        study.ask()
        return MedianPruning(storage, "s", 5, "val/auc")

    @pytest.mark.parametrize(("value", "pruned"), [(0.69, True), (0.71, False), (float("nan"), 0)])
    def test_a_trial_below_the_median_ends(
        self, value: float, pruned: bool, callback: MedianPruning
    ) -> None:
        from types import SimpleNamespace

        import torch

        trainer = SimpleNamespace(
            sanity_checking=False,
            state=SimpleNamespace(fn="fit"),
            callback_metrics={"val/auc": torch.tensor(value)},
            current_epoch=0,
            max_epochs=9,
        )
        if pruned:
            with pytest.raises(Exception, match=r"pruned after epoch 1: val/auc 0\.69 is worse"):
                callback.on_validation_end(trainer, None)
        else:
            callback.on_validation_end(trainer, None)
            callback.on_validation_end(trainer, None)  # a trial that goes on reports it again


PRUNED = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "logger=none"]
PRUNED += ["+sweep=grid", "objective=val/loss", "callbacks.progress=null", "trainer.max_epochs=6"]
PRUNED += ["model.lr=0.02,0.021,0.022,0.023,0.024,1e-9"]


def test_a_pruned_trial_is_no_failure(call: callable) -> None:
    status, out, err = call(*PRUNED)
    assert status == 0, err
    folder = Path(out.splitlines()[-1])
    assert ledger.read(folder)[5].state == "pruned"
    assert "pruned after epoch" in ledger.read(folder)[5].reason
    assert trials(folder)["state"].tolist() == ["complete"] * 5 + ["pruned"]


@pytest.mark.slow
def test_without_pruning_each_trial_is_trained_to_its_end(call: callable) -> None:
    out = call(*PRUNED, "hydra.sweeper.prune=false")[1]
    assert trials(Path(out.splitlines()[-1]))["state"].tolist() == ["complete"] * 6


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ([*WMF, "+sweep=search", "model=popularity"], "model popularity has no search space"),
        ([*SEARCH, "hydra.sweeper.n_trials=0"], "n_trials=0: at least 1 is needed"),
        ([*SEARCH, "model.nothing=1,2"], "search space: model.nothing: no such key"),
        ([*SEARCH, "objective=val/nothing"], "whether more of it is better is not known"),
        ([*SEARCH, "objective=val/roc_auc"], "no metric 'val/roc_auc' in this task"),
        ([*SEARCH, "dataset.split.val_share=0.0"], "there are no validation rows"),
        ([*SEARCH, "hydra.sweeper.storage=nonsense"], "hydra.sweeper.storage=nonsense: "),
        ([*WMF, "trial=3"], "trial=3: only +sweep=search numbers trials"),
    ],
)
def test_a_search_that_cannot_be_ends_in_one_line(
    args: list[str], problem: str, call: callable, tmp_path: Path
) -> None:
    status, out, err = call(*args)
    assert (status, out) == (2, "")
    assert problem in err.splitlines()[-1] and "Traceback" not in err
    left = [path for path in (tmp_path / "outputs").rglob("*.csv")]
    assert left == []


def test_a_storage_of_another_study_or_that_is_locked_is_refused(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = f"hydra.sweeper.storage=sqlite:///{tmp_path / 'x.db'}"
    assert call(*SEARCH, storage, "hydra.sweeper.n_trials=1")[0] == 0
    status, _, err = call(*SEARCH, storage, "model=item_knn", "hydra.sweeper.n_trials=1")
    assert status == 2
    assert "holds the study 'wmf' of another search; set hydra.sweeper.study_name" in err
    monkeypatch.setattr("muso_exp.training.pruning._PATIENCE", 0.1)
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("begin exclusive")
    status, _, err = call(*SEARCH, storage, "hydra.sweeper.n_trials=2")
    connection.close()
    assert status == 2
    assert "database is locked; another program holds it" in err.splitlines()[-1]
