"""Of shuffled labels no model learns more than nothing: how often a verdict says it does.

The long form (`pytest -m slow`) shuffles the labels of every experiment 20 times and writes the
table task, metric, false "better than null" of 20 to $MUSO_SHUFFLES (a CSV file), where it is set.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import REPOSITORY
from omegaconf import DictConfig, OmegaConf
from scipy.stats import binom
from shuffled import configuration, verdicts
from test_experiments import rows
from tiny_tracks import tracks, write_two

from muso_exp.evaluation.scores import BETTER
from muso_exp.experiment.listing import experiments

N_SHUFFLES = 20
RATE = 0.025  # of false "better": the upper tail of a 95 % interval
UNLIKELY = 0.0015  # 4 or more of 20 have p = .0014

SHIFTED = ["danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness"]
TASKS = {  # of the data sets; clusters of track_features have no labels to shuffle
    "audio_factors": "factor_regression",
    "audio_genres": "genre_recognition",
    "audio_tags": "tagging",
    "factor_tags": "tagging",
    "friends": "friendship",
    "hetrec": "friend_distance",
    "muso": "friend_distance",
    "playlist_continuation": "continuation",
    "playlists": "playlist_owner",
    "plays": "recommendation",
    "spectra": "feature_regression",
}
ROWS = {  # of tables, those that are shuffled; else the first
    "audio_frontends": ["mel"],
    "dos_put_right": ["all"],
    "ensemble_tags": ["sound_and_factors"],
    "friend_prediction": ["friend_fusion", "taste_svd"],
    "next_song": ["nearest_scaled"],
    "playlist_batchnorm": ["batch_norm"],
    "playlist_continuation": ["item_knn", "wmf", "cluster_members", "blend"],
    "playlist_explanation": ["put_right"],
    "playlist_models": ["dff_put_right", "logistic", "gradient_boosting"],
    "playlist_scaling": ["standard"],
    "playlist_thresholds": ["validation"],
    "playlist_variants": ["width_64"],
    "spectra_layers": ["one_layer"],
    "spectra_variants": ["ridge"],
    "wmf_baselines": ["ease", "bpr"],
    "wmf_confidence": ["log_epsilon_1"],
    "wmf_factors": ["40_factors"],
    "wmf_iterations": ["10_iterations"],
}
FURTHER = {"playlist_continuation": "dataset.split.by=holdout "}  # options


def data_set(name: str) -> str:
    """Return the name of an experiment's data set, its own or that of what it builds on."""
    tree = OmegaConf.load(REPOSITORY / "conf" / "experiment" / f"{name}.yaml")
    own = [entry["override /dataset"] for entry in tree.defaults if "override /dataset" in entry]
    return own[0] if own else data_set(next(e for e in tree.defaults if isinstance(e, str)))


def by_task() -> dict[str, list[str]]:
    """Return the experiments of each task, with their rows and options."""
    found: dict[str, list[str]] = {}
    for name in experiments():
        task = TASKS.get(data_set(name))
        own = [f"variant={row}" for row in ROWS.get(name, rows(name)[:1])] or [""]
        if task:
            options = FURTHER.get(name, "")
            found.setdefault(task, []).extend(f"{name} {options}{row}".strip() for row in own)
    return found


EXPERIMENTS = by_task()


def least_unlikely(n_trials: int) -> int:
    """Return the fewest false verdicts of so many that have a chance below UNLIKELY."""
    return next(k for k in range(n_trials + 2) if binom.sf(k - 1, n_trials, RATE) < UNLIKELY)


def test_four_false_verdicts_of_twenty_are_too_many() -> None:
    assert least_unlikely(20) == 4
    assert binom.sf(3, 20, RATE) == pytest.approx(0.0014, abs=5e-5)


def test_every_experiment_is_shuffled_but_those_without_labels() -> None:
    covered = {name.split()[0] for names in EXPERIMENTS.values() for name in names}
    assert {data_set(name) for name in set(experiments()) - covered} == {"track_features"}
    assert all(set(chosen) <= set(rows(name)) for name, chosen in ROWS.items())


def easy_lists(folder: Path) -> list[str]:
    """Two lists whose tracks differ a little in each of many features: no single one suffices."""
    lists = [tracks(120), tracks(120, 200)]
    for sign, table in zip((1, -1), lists, strict=True):
        table[SHIFTED] = (table[SHIFTED] + 0.09 * sign).clip(0, 1)
        table["primary_artist"] = "Artist of " + table["id"]
    write_two(folder, *lists)
    return [f"dataset.root={folder}", "dataset.n_tracks=null"]


def easy_plays(folder: Path) -> list[str]:
    """The simulated listeners as they are."""
    return []


@pytest.mark.parametrize(
    ("experiment", "easy"),
    [("playlist_models variant=logistic", easy_lists), ("wmf_baselines variant=ease", easy_plays)],
)
def test_a_model_is_better_than_null_on_the_true_labels_and_not_on_shuffled_ones(
    experiment: str, easy: Callable[[Path], list[str]], cache: Path, tmp_path: Path
) -> None:
    name, *overrides = experiment.split()
    cfg = configuration(name, cache, tmp_path, *overrides, *easy(tmp_path))
    assert verdicts(cfg, None, tmp_path)[headline(cfg)] == BETTER
    found = [verdicts(cfg, seed, tmp_path)[headline(cfg)] for seed in range(3)]
    assert BETTER not in found


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("task", list(EXPERIMENTS))
def test_shuffled_labels_are_seldom_better_than_null(
    task: str, cache: Path, tmp_path: Path
) -> None:
    table = pd.concat([shuffles(task, name, cache, tmp_path) for name in EXPERIMENTS[task]])
    leading = table[table["headline"]]
    assert len(leading) == len(EXPERIMENTS[task])
    assert (leading["false"] < least_unlikely(N_SHUFFLES)).all(), leading.to_string()
    pooled = table.groupby("metric")["false"].sum().mean()  # of a metric over the experiments
    assert pooled < least_unlikely(N_SHUFFLES * len(EXPERIMENTS[task])), table.to_string()


def headline(cfg: DictConfig) -> str:
    """Return the metric that leads an experiment's report."""
    return str(cfg.headline or cfg.table_metrics[0])


def shuffles(task: str, experiment: str, cache: Path, folder: Path) -> pd.DataFrame:
    """Return how often each metric of an experiment is falsely better than null."""
    name, *overrides = experiment.split()
    cfg = configuration(name, cache, folder, *overrides)
    own = folder / experiment.replace("=", "_").replace(" ", "_")
    found = pd.DataFrame([verdicts(cfg, seed, own) for seed in range(N_SHUFFLES)])
    false = (found == BETTER).sum()
    table = pd.DataFrame(
        {
            "task": task,
            "experiment": experiment,
            "metric": false.index,
            "headline": false.index == headline(cfg),
            "false": false.to_numpy(),
        }
    )
    if os.environ.get("MUSO_SHUFFLES"):  # at once: a test that is stopped leaves what it has
        path = Path(os.environ["MUSO_SHUFFLES"])
        table.to_csv(path, mode="a", header=not path.exists(), index=False)
    return table
