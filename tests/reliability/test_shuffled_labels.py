"""Of shuffled labels no model learns more than nothing: how often a verdict says it does.

The long form (`pytest -m slow`) shuffles the labels of every experiment 20 times. Where
$MUSO_SHUFFLES names a file, each trial is added to it at once, and what it holds is not run again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import REPOSITORY
from omegaconf import DictConfig, OmegaConf
from scipy.stats import binom
from shuffle_trials import (
    N_SHUFFLES,
    RATE,
    as_markdown,
    false_verdicts,
    least_unlikely,
    read_trials,
    run_trials,
    trials_file,
)
from shuffled import configuration, verdicts
from test_experiments import rows
from tiny_tracks import tracks, write_two

from muso_exp.evaluation.scores import BETTER, DESCRIBES
from muso_exp.experiment import objective
from muso_exp.experiment.listing import experiments

SHIFTED = ["danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness"]
TASKS = {  # of the data sets; clusters of track_features have no labels to shuffle
    "audio_factors": "factor_regression",
    "audio_genres": "genre_recognition",
    "audio_tags": "tagging",
    "content_plays": "recommendation",
    "factor_tags": "tagging",
    "friends": "friendship",
    "hetrec": "friend_distance",
    "muso": "friend_distance",
    "playlist_continuation": "continuation",
    "playlist_pairs": "playlist_pairs",
    "playlists": "playlist_owner",
    "plays": "recommendation",
    "song_similarity": "song_similarity",
    "spectra": "feature_regression",
}
ROWS = {  # of tables, those that are shuffled; else the first
    "audio_frontends": ["mel"],
    "dos_put_right": ["all"],
    "ensemble_tags": ["sound_and_factors"],
    "friend_prediction": ["friend_fusion", "taste_svd"],
    "genre_representations": ["svm_timbre"],
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
    "strong_generalization": ["ials", "ease_weighted", "fusion"],
    "tags_musicnn": ["svm_timbre", "musicnn"],
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


def test_four_false_verdicts_of_twenty_are_too_many() -> None:
    assert least_unlikely(20) == 4
    assert binom.sf(3, 20, RATE) == pytest.approx(0.0014, abs=5e-5)


def test_every_experiment_is_shuffled_but_those_without_labels() -> None:
    covered = {name.split()[0] for names in EXPERIMENTS.values() for name in names}
    # clusters have no labels
    assert {data_set(name) for name in set(experiments()) - covered} == {"track_features"}
    assert all(set(chosen) <= set(rows(name)) for name, chosen in ROWS.items())


def test_a_trial_that_a_file_holds_is_not_run_again(tmp_path: Path) -> None:
    path, asked = tmp_path / "trials", []

    def judged(seed: int) -> pd.Series:
        asked.append(seed)
        if seed == 12 and len(asked) == 13:
            raise KeyboardInterrupt
        auc = BETTER if seed < 3 else "no better than null"
        more = {"mse": BETTER, "coverage": DESCRIBES, "upper_bound_auc": BETTER}
        return pd.Series({"auc": auc, **more})

    with pytest.raises(KeyboardInterrupt):
        run_trials("a task", "one x=1", ["auc"], judged, path)
    found = false_verdicts(run_trials("a task", "one x=1", ["auc"], judged, path))
    assert asked == [*range(13), *range(12, N_SHUFFLES)]
    assert found[["metric", "headline", "trials", "false"]].to_numpy().tolist() == [
        ["auc", True, 20, 3],
        ["mse", False, 20, 20],
    ]
    assert as_markdown(false_verdicts(read_trials(path))).splitlines()[-1] == (
        "| a task | `one x=1` | `auc` | 3 of 20 | 20 of 20 (most: `mse` 20) |"
    )


def easy_lists(folder: Path) -> list[str]:
    """Two lists whose tracks differ a little in each of many features: no single one suffices."""
    lists = [tracks(120), tracks(120, 200)]
    for sign, table in zip((1, -1), lists, strict=True):
        table[SHIFTED] = (table[SHIFTED] + 0.09 * sign).clip(0, 1)
        table["primary_artist"] = "Artist of " + table["id"]
    write_two(folder, *lists)
    return [f"dataset.root={folder}", "dataset.n_tracks=null"]


def easy_plays(folder: Path) -> list[str]:
    """The simulated listeners of artists: of their songs the same artist's are hard to beat."""
    return ["dataset.source=hetrec"]


@pytest.mark.parametrize(
    ("experiment", "easy"),
    [("playlist_models variant=logistic", easy_lists), ("wmf_baselines variant=ease", easy_plays)],
)
def test_a_model_is_better_than_null_on_the_true_labels_and_not_on_shuffled_ones(
    experiment: str, easy: Callable[[Path], list[str]], cache: Path, tmp_path: Path
) -> None:
    name, *overrides = experiment.split()
    cfg = configuration(name, cache, tmp_path, *overrides, *easy(tmp_path))
    leading = headlines(cfg)[0]
    assert verdicts(cfg, None, tmp_path)[leading] == BETTER
    found = [verdicts(cfg, seed, tmp_path)[leading] for seed in range(3)]
    assert BETTER not in found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the trials: what one test of this module counts, another does not run again."""
    return trials_file() or tmp_path_factory.mktemp("shuffles") / "trials.jsonl"


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("task", "experiment"), [(task, one) for task, names in EXPERIMENTS.items() for one in names]
)
def test_a_headline_on_shuffled_labels_is_seldom_better_than_null(
    task: str, experiment: str, cache: Path, tmp_path: Path, kept: Path
) -> None:
    table = shuffles(task, experiment, cache, tmp_path, kept)
    leading = table[table["headline"]]
    assert not leading.empty
    assert (leading["false"] < least_unlikely(N_SHUFFLES)).all(), leading.to_string()


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("task", list(EXPERIMENTS))
def test_all_metrics_of_a_task_are_seldom_better_than_null_on_shuffled_labels(
    task: str, cache: Path, tmp_path: Path, kept: Path
) -> None:
    table = pd.concat([shuffles(task, one, cache, tmp_path, kept) for one in EXPERIMENTS[task]])
    pooled = table.groupby("metric")["false"].sum().mean()  # of a metric over the experiments
    assert pooled < least_unlikely(N_SHUFFLES * len(EXPERIMENTS[task])), table.to_string()


def headlines(cfg: DictConfig) -> list[str]:
    """Return the metrics that lead an experiment's report."""
    return objective.names("headline", cfg.headline) or [str(cfg.table_metrics[0])]


def shuffles(task: str, experiment: str, cache: Path, folder: Path, kept: Path) -> pd.DataFrame:
    """Return how often each metric of an experiment is falsely better than null."""
    name, *overrides = experiment.split()
    cfg = configuration(name, cache, folder, *overrides)
    own = folder / experiment.replace("=", "_").replace(" ", "_")
    return false_verdicts(
        run_trials(task, experiment, headlines(cfg), lambda seed: verdicts(cfg, seed, own), kept)
    )
