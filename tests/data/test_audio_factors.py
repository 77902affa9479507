"""Latent factors from sound, on twelve tones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sound_tasks import SOUND, factors, mean_of, plays
from tiny_sound import N_CLIPS, write_sound_folder

from muso_exp.data.audio_factors import AudioFactors
from muso_exp.errors import ConfigError
from muso_exp.evaluation import card as paper
from muso_exp.evaluation import outcome
from muso_exp.metrics.resampling import bootstrap_weights
from muso_exp.tasks.factor_regression.report import same_genre, table_6_1


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def test_targets_are_the_factors_of_the_played_item(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    assert data.tracks["item"].tolist() == list(range(N_CLIPS))
    norms = np.linalg.norm(data.factors, axis=1, keepdims=True)
    assert data.labels.numpy() == pytest.approx(data.factors / norms, abs=1e-6)
    assert data.head == "factors" and data.dims["n_outputs"] == 3


def test_standardised_targets_are_fitted_on_train_and_turned_back(root: Path, cache: Path) -> None:
    data = factors(root, cache, scaling="standard")
    train = data.labels[data.parts["train"]]
    assert train.mean(dim=0).numpy() == pytest.approx(np.zeros(3), abs=1e-6)
    assert train.std(dim=0, correction=0).numpy() == pytest.approx(np.ones(3), abs=1e-5)
    assert data.scaling.invert(data.labels.numpy()) == pytest.approx(data.factors, abs=1e-5)
    assert data.head == "regression"


def test_clips_are_found_by_name_up_to_case(root: Path, cache: Path) -> None:
    by_id, by_name = factors(root, cache), factors(root, cache, match="names")
    assert by_name.tracks["item"].tolist() == by_id.tracks["item"].tolist()


def test_the_artist_mean_is_of_train_clips_and_else_the_mean_of_all(
    root: Path, cache: Path
) -> None:
    data = factors(root, cache)
    test, train = data.part("test"), data.parts["train"]
    labels = data.labels.numpy()
    guessed = data.nulls()["artist_mean"]["preds"].numpy()
    for row, artist in enumerate(test["artist"]):
        own = train[(data.tracks["artist"].to_numpy()[train] == artist)]
        expected = labels[own if len(own) else train].mean(axis=0)
        assert guessed[row] == pytest.approx(expected, abs=1e-6)
    mean = data.nulls()["mean_factor"]["preds"].numpy()
    assert mean[0] == pytest.approx(labels[train].mean(axis=0), abs=1e-6)


def test_under_an_artist_split_the_artist_mean_is_the_mean(root: Path, cache: Path) -> None:
    nulls = factors(root, cache, split="artist", test_share=0.3).nulls()
    assert nulls["artist_mean"]["preds"].numpy() == pytest.approx(
        nulls["mean_factor"]["preds"].numpy(), abs=1e-6
    )


def test_users_are_known_by_train_clips_and_asked_for_test_clips(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    listening, matrix = data.listening, data.plays.data.plays.toarray()
    train, test = (data.tracks["item"].to_numpy()[data.parts[name]] for name in ("train", "test"))
    expected = np.flatnonzero((matrix[:, train] > 0).any(1) & (matrix[:, test] > 0).any(1))
    assert listening.users.tolist() == expected.tolist()
    ranked = data.ranked(data.factors)
    own = matrix[:, train][expected] @ data.factors[data.parts["train"]]
    songs = data.factors[data.parts["test"]]
    songs /= np.linalg.norm(songs, axis=1, keepdims=True)
    scores, played = own @ songs.T, matrix[:, test][expected] > 0
    for row in range(len(expected)):
        more, less = scores[row][played[row]], scores[row][~played[row]]
        wins = (more[:, None] > less[None]).mean() if len(less) else np.nan
        assert float(ranked["auc"][row]) == pytest.approx(wins, nan_ok=True)


def test_the_side_task_ranks_random_below_the_upper_bound(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    task = data.side_task(lambda batch: {"preds": mean_of(batch["x"])})
    assert task is not None and set(task.metrics) == set(data.side_metrics())
    assert set(task.nulls) == {"random", "mean_factor", "artist_mean"}
    random, alike = task.nulls["random"]["auc"], task.nulls["mean_factor"]["auc"]
    assert random.tolist() == pytest.approx([0.5] * len(random))
    assert alike.tolist() == pytest.approx(random.tolist())
    assert task.columns["upper_auc"].equal(data.ranked(data.factors)["auc"])
    names = {section.name for section in data.sections(pd.DataFrame(), None)}  # type: ignore[arg-type]
    assert {"table_6_1", "shared_genres", "neighbours", "factors"} == names


def test_the_table_has_the_intervals_of_the_card(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    task = data.side_task(lambda batch: {"preds": mean_of(batch["x"])})
    weights = bootstrap_weights(task.units, 1000, outcome.RESAMPLING_SEED)
    found = paper.score(task.metrics, {**task.columns, "target": task.target}, weights)
    row = table_6_1(data).table.set_index("row").loc["from audio"]
    k = data.cutoffs[-1]
    for label, metric in ((f"mAP@{k}", f"map_at_{k}"), ("AUC", "auc")):
        assert row[label] == pytest.approx(found.values[metric])
        low, high = found.interval(metric)
        assert row[f"{label} interval"] == f"[{low:.4g}, {high:.4g}]"


def test_nobody_who_played_both_leaves_no_side_task(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    empty = data.listening.held[:0]
    data.listening = type(data.listening)(np.empty(0, int), empty, empty, [10])
    assert data.side_task(lambda batch: {"preds": mean_of(batch["x"])}) is None
    assert set(data.absent()) == set(data.side_metrics())


def test_new_songs_are_set_beside_known_ones(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    again = AudioFactors(plays(cache), root=str(root), cache=str(cache), **SOUND)  # type: ignore[arg-type]
    again.load_state_dict(data.state_dict())
    wanted = data.factors[[4]]
    table = again.apply(root / "audio" / "4.wav", lambda batch: {"preds": torch.from_numpy(wanted)})
    assert table["nearest 1"].tolist() == ["two - song 4"]
    assert table["cosine 1"][0] == pytest.approx(1, abs=1e-5)


def test_queries_are_found_by_name_or_id_and_refused_otherwise(root: Path, cache: Path) -> None:
    assert factors(root, cache, queries=["ONE - song 2", "5"]).asked == [2, 4]
    with pytest.raises(ConfigError, match="no clip is called 'abba'"):
        factors(root, cache, queries=["abba"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"match": "sound"}, "match=sound: choose id or names"),
        ({"scaling": "log"}, "scaling=log: choose one of l2, standard, none"),
        ({"n_factors": 50}, "n_factors=50: at most 12"),
    ],
)
def test_factors_that_cannot_be_are_refused(
    options: dict, message: str, root: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        factors(root, cache, **options)


def test_sound_and_plays_that_do_not_belong_together_are_refused(
    tmp_path: Path, cache: Path
) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    manifest = (folder / "manifest.csv").read_text().replace(".wav,", ".wav,x")
    (folder / "manifest.csv").write_text(manifest)
    with pytest.raises(ConfigError, match="0 of 12 clips are among the 13 played items"):
        factors(folder, cache)


def test_neighbours_of_the_same_artist_do_not_count() -> None:
    space = np.array([[1.0, 0], [1, 0.1], [0.9, 0.2], [0, 1]])
    kinds, artists = np.array(["a", "a", "b", "a"]), np.array(["x", "x", "y", "z"])
    assert same_genre(None, kinds, artists)[0] == pytest.approx(1 / 2)
    assert same_genre(space, kinds, artists)[0] == pytest.approx(1 / 2)
    assert same_genre(space, np.array(["", "a", "a", "a"]), artists)[0] != 0  # NaN: no genre
    alone = same_genre(space, kinds, np.array(["x"] * 4))
    assert np.isnan(alone).all()
