"""The task of factors from sound: null models, the recommendation of new songs, the report."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from sound_tasks import Heard, factors, mean_of
from tiny_sound import write_sound_folder

from muso_exp.evaluation import scores as scoring
from muso_exp.features.ridge import fit_ridge
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.tasks.base import Answer, NotAnsweredError
from muso_exp.tasks.factor_regression.baselines import (
    STRENGTHS,
    artist_popularity,
    guesses,
    loudness_ridge,
)
from muso_exp.tasks.factor_regression.listening_test import ListeningTest
from muso_exp.tasks.factor_regression.recommendation import NewSongRecommendation
from muso_exp.tasks.factor_regression.sections import (
    nearest,
    nearest_scores,
    same_genre,
    score_spread,
    table_6_1,
)
from muso_exp.tasks.factor_regression.sections import sections as table_and_neighbours

MODEL = Heard(lambda batch: {"preds": mean_of(batch["x"])})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def test_the_artist_mean_is_of_train_clips_and_else_the_mean_of_all(
    root: Path, cache: Path
) -> None:
    data = factors(root, cache)
    test, train = data.part("test"), data.parts["train"]
    labels = data.labels.numpy()
    guessed = data.task.nulls()["artist_mean"]["preds"].numpy()
    for row, artist in enumerate(test["artist"]):
        own = train[(data.tracks["artist"].to_numpy()[train] == artist)]
        expected = labels[own if len(own) else train].mean(axis=0)
        assert guessed[row] == pytest.approx(expected, abs=1e-6)
    mean = data.task.nulls()["mean_factor"]["preds"].numpy()
    assert mean[0] == pytest.approx(labels[train].mean(axis=0), abs=1e-6)


def test_a_mean_that_is_0_but_for_rounding_points_nowhere(root: Path, cache: Path) -> None:
    task = factors(root, cache).task
    rows, known = task.rows, task.rows.known
    values = rows.clips.targets.numpy().astype(np.float32)
    values -= values[known].mean(axis=0)  # in single precision: rounding is left
    assert values[known].mean(axis=0).any()
    assert not guesses(rows, values)["mean_factor"].any()
    moved = guesses(rows, values + np.float32(0.5))["mean_factor"]
    assert moved == pytest.approx(0.5, abs=1e-5)


def test_under_an_artist_split_the_artist_mean_is_the_mean(root: Path, cache: Path) -> None:
    nulls = factors(root, cache, split={"by": "artist", "test_share": 0.3}).task.nulls()
    assert nulls["artist_mean"]["preds"].numpy() == pytest.approx(
        nulls["mean_factor"]["preds"].numpy(), abs=1e-6
    )


def test_songs_of_artists_that_are_played_most_come_first(root: Path, cache: Path) -> None:
    rows = factors(root, cache).task.rows
    train, test = rows.clips.parts["train"], rows.clips.parts["test"]
    played = np.log1p(rows.listeners[train])
    own = [rows.clips.artists[train] == artist for artist in rows.clips.artists[test]]
    expected = [played[of].mean() if of.any() else played.mean() for of in own]
    assert artist_popularity(rows) == pytest.approx(expected)
    (extra,) = factors(root, cache).task.extra
    by_artist = rows.listening.rank_by(np.array(expected))
    assert extra.nulls()["artist_popularity"]["auc"].equal(by_artist["auc"])


def test_where_a_model_is_given_vectors_those_of_other_clips_are_a_null(
    root: Path, cache: Path
) -> None:
    data = factors(root, cache, inputs="artist", scaling="standard")
    rows, train = data.task.rows, data.parts["train"]
    solution = fit_ridge(rows.shuffled[train], data.labels.numpy()[train], STRENGTHS)
    expected = rows.shuffled @ solution.weight + solution.bias
    found = data.task.nulls()["shuffled_vectors"]["preds"].numpy()
    assert found == pytest.approx(expected[data.parts["test"]], abs=1e-5)
    assert "shuffled_vectors" in data.task.extra[0].nulls()
    assert "shuffled_vectors" not in factors(root, cache).task.nulls()


def test_a_ridge_on_loudness_hears_what_follows_from_it() -> None:
    draw = np.random.default_rng(0)
    loudness = draw.normal(-20, 6, (80, 3))
    values = np.stack([0.5 * loudness[:, 0] + 3, draw.normal(size=80)], axis=1)
    preds = loudness_ridge(loudness[:60], values[:60], loudness[60:])
    assert preds[:, 0] == pytest.approx(values[60:, 0], abs=0.1)
    assert np.abs(preds[:, 1] - values[:60, 1].mean()).max() < 0.5


def test_of_clips_as_loud_as_each_other_a_ridge_says_the_mean() -> None:
    alike = loudness_ridge(np.full((3, 3), -9.0), np.eye(3), np.array([[-9.0] * 3, [-1.0] * 3]))
    assert alike.tolist() == [[pytest.approx(1 / 3)] * 3] * 2


def test_users_are_known_by_train_clips_and_asked_for_test_clips(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    listening, matrix = data.task.rows.listening, data.plays.data.plays.toarray()
    train, test = (data.tracks["item"].to_numpy()[data.parts[name]] for name in ("train", "test"))
    expected = np.flatnonzero((matrix[:, train] > 0).any(1) & (matrix[:, test] > 0).any(1))
    assert listening.users.tolist() == expected.tolist()
    ranked = data.task.rows.ranked(data.factors)
    own = matrix[:, train][expected] @ data.factors[data.parts["train"]]
    songs = data.factors[data.parts["test"]]
    songs /= np.linalg.norm(songs, axis=1, keepdims=True)
    scores, played = own @ songs.T, matrix[:, test][expected] > 0
    for row in range(len(expected)):
        more, less = scores[row][played[row]], scores[row][~played[row]]
        wins = (more[:, None] > less[None]).mean() if len(less) else np.nan
        assert float(ranked["auc"][row]) == pytest.approx(wins, nan_ok=True)


def test_the_recommendation_ranks_random_below_the_upper_bound(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    (extra,) = data.task.extra
    columns, nulls = extra.ask(MODEL), extra.nulls()
    factor_rules = {"mean_factor", "artist_mean", "pooled_loudness"}
    assert set(nulls) == {"random", "artist_popularity", *factor_rules}
    random, alike = nulls["random"]["auc"], nulls["mean_factor"]["auc"]
    assert random.tolist() == pytest.approx([0.5] * len(random))
    assert alike.tolist() == pytest.approx(random.tolist())
    assert columns["upper_auc"].equal(data.task.rows.ranked(data.factors)["auc"])
    answer = Answer(MODEL, {}, Bootstrap(10))
    names = {section.name for section in data.task.sections(pd.DataFrame(), answer)}
    assert {"table_6_1", "shared_genres", "neighbours", "score_spread", "factors"} == names


def test_the_table_has_the_intervals_of_the_card(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    (extra,) = data.task.extra
    bootstrap = Bootstrap(1000)
    columns = {**extra.ask(MODEL), "target": extra.target}
    found = scoring.score(extra.metrics(), columns, bootstrap.weights(extra.units))
    row = (
        table_6_1(data.task.rows, data.task.heard.of(MODEL), bootstrap)
        .table.set_index("row")
        .loc["from audio"]
    )
    k = data.recommendation.cutoffs[-1]
    for label, metric in ((f"mAP@{k}", f"map_at_{k}"), ("AUC", "auc")):
        assert row[label] == pytest.approx(found.values[metric])
        low, high = found.interval(metric)
        assert row[f"{label} interval"] == f"[{low:.4g}, {high:.4g}]"


def test_without_users_who_played_both_the_recommendation_is_not_answered(
    root: Path, cache: Path
) -> None:
    data = factors(root, cache)
    empty = data.task.rows.listening.held[:0]
    listening = ListeningTest(np.empty(0, int), empty, empty, [10])
    rows = replace(data.task.rows, listening=listening, users=np.empty(0, int))
    extra = NewSongRecommendation(rows, data.task.heard)
    with pytest.raises(NotAnsweredError, match="no user has played train and test clips"):
        extra.ask(MODEL)
    assert {"auc", "map_at_10", "upper_bound_auc"} <= set(extra.metrics())
    sections = table_and_neighbours(rows, data.task.heard.of(MODEL), Bootstrap(10))
    assert "table_6_1" not in {section.name for section in sections}


def test_a_query_stands_first_in_its_own_table_with_a_score_of_1(root: Path, cache: Path) -> None:
    rows = factors(root, cache).task.rows
    table = nearest(rows, rows.factors).table
    assert table is not None
    for query in rows.queries:
        own = table[table["query"] == rows.clips.names()[query]]
        assert len(own) == min(10, len(rows.factors))
        assert own["by true factors"].iloc[0].startswith(rows.clips.names()[query])
        assert own["score"].iloc[0] == 1 and own["score"].is_monotonic_decreasing
        assert own["by from audio"].tolist() == own["by true factors"].tolist()


def test_the_span_is_from_the_nearest_clip_to_the_ninth() -> None:
    angles = np.deg2rad(np.arange(0, 120, 10))  # 12 clips on a circle
    space = 7 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = nearest_scores(space, np.array([0]))
    assert found.shape == (1, 9)
    assert found[0] == pytest.approx(np.cos(angles[1:10]))


def test_a_constant_network_has_scores_without_a_span(root: Path, cache: Path) -> None:
    rows = factors(root, cache).task.rows
    table = score_spread(rows, np.ones_like(rows.factors), Bootstrap(10)).table
    assert table is not None and table["span"][1] == pytest.approx(0)
    assert table["span"][2] == pytest.approx(-table["span"][0])


def test_a_constant_network_hears_no_genre_in_files_sorted_by_genre() -> None:
    genres = np.repeat(["a", "b", "c", "d"], [8, 20, 30, 42])
    artists = np.array([f"artist {i // 2}" for i in range(100)])
    constant = np.tile(np.random.default_rng(0).normal(size=40).astype(np.float32), (100, 1))
    found, chance = (same_genre(space, genres, artists) for space in (constant, None))
    assert found == pytest.approx(chance)
    assert found[genres == "a"].mean() == pytest.approx(6 / 98)


def test_a_constant_network_recommends_at_random() -> None:
    rng = np.random.default_rng(0)
    plays = [csr_matrix(rng.random((30, n)) < 0.2) for n in (50, 70)]
    listening = ListeningTest.of(*plays, cutoffs=[5, 20])
    train = rng.normal(size=(50, 16)).astype(np.float32)
    test = np.tile(rng.normal(size=16).astype(np.float32), (70, 1))
    found, random = listening.rank(train, test), listening.rank_alike()
    for name, column in random.items():
        exact = column.dim() > 1  # lists of items
        assert found[name].tolist() == (column.tolist() if exact else approx_all(column))


def approx_all(column: torch.Tensor) -> Any:
    return pytest.approx(column.tolist(), nan_ok=True)


def test_neighbours_of_the_same_artist_do_not_count() -> None:
    space = np.array([[1.0, 0], [1, 0.1], [0.9, 0.2], [0, 1]])
    kinds, artists = np.array(["a", "a", "b", "a"]), np.array(["x", "x", "y", "z"])
    assert same_genre(None, kinds, artists)[0] == pytest.approx(1 / 2)
    assert same_genre(space, kinds, artists)[0] == pytest.approx(1 / 2)
    assert same_genre(space, np.array(["", "a", "a", "a"]), artists)[0] != 0  # NaN: no genre
    alone = same_genre(space, kinds, np.array(["x"] * 4))
    assert np.isnan(alone).all()
