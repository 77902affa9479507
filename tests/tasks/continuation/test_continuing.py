"""The task of continuing playlists: null models, audit, and what the report shows."""

from pathlib import Path

import numpy as np
import pytest
from pytest import approx
from scipy.sparse import csr_matrix
from tiny_mpd import playlist, ready, write, write_features, write_slices

from muso_exp.data.playlist_continuation import PlaylistContinuation
from muso_exp.errors import ConfigError
from muso_exp.features.tracks import FEATURES
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.blend import Blend
from muso_exp.models.cooccurrence_net import CooccurrenceNet
from muso_exp.models.nearest_features import NearestFeatures
from muso_exp.models.popularity import Popularity
from muso_exp.records import Batch, Finding
from muso_exp.tasks.base import Answer, NotAnsweredError
from muso_exp.tasks.continuation.baselines import null_errors
from muso_exp.tasks.continuation.cooccurrence import CooccurrenceLoss
from muso_exp.tasks.continuation.importance import feature_importance
from muso_exp.tasks.continuation.sections import by_seeds, examples, weights_of_mix

NO_ANSWER = Answer(None, {}, Bootstrap(20))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> PlaylistContinuation:
    cache = tmp_path_factory.mktemp("cache")
    return ready(None, cache, world={"playlists": 80, "challenge": 40, "artists": 60})


def test_the_audit_counts_repeats_and_unseen_seeds(tmp_path: Path) -> None:
    lists = [playlist(p, [*range(10), 0]) for p in range(4)] + [playlist(9, range(20, 30))]
    write(tmp_path / "mpd.slice.0-9.json", lists)
    data = ready(tmp_path, tmp_path / "cache", seeds=["first_1"], test_share=0.999)
    found = {finding.check: finding.value for finding in data.task.audit(NO_ANSWER)}
    assert found["repeated_tracks"] == 4
    assert len(data.task.held.users) == 5
    assert found["unseen_seeds"] == 5  # no playlist is left to train on
    assert found["unseen_test_entries"] == 1


def test_the_audit_says_whether_no_track_or_some_lack_features(tmp_path: Path) -> None:
    write_slices(tmp_path)

    def findings() -> dict[str, Finding]:
        data = ready(tmp_path, tmp_path / "cache", seeds=["first_1"])
        return {finding.check: finding for finding in data.task.audit(NO_ANSWER)}

    none = findings()
    assert "seeds_without_features" not in none
    assert none["tracks_without_features"].text.startswith("no track has audio features")
    assert none["tracks_without_features"].level == "note"
    write_features(tmp_path, range(30))
    some = findings()
    assert "10 of 40 tracks (25.0%) are not in the" in some["tracks_without_features"].text
    assert some["tracks_without_features"].level == "warning"
    assert "seeds_without_features" in some


def test_warm_candidates_leave_out_tracks_of_no_known_playlist_and_are_counted(
    tmp_path: Path,
) -> None:
    lists = [playlist(p, range(p, p + 8)) for p in range(6)] + [playlist(9, range(20, 30))]
    write(tmp_path / "mpd.slice.0-9.json", lists)
    options = {"seeds": ["first_1"], "test_share": 0.8}
    every = ready(tmp_path, tmp_path / "cache", **options).task
    task = ready(tmp_path, tmp_path / "cache", **options, candidates="warm").task
    known = np.flatnonzero(task.popularity)
    assert task.held.candidates.tolist() == known.tolist()
    assert task.counts()["candidates"] == len(known) < len(task.popularity)
    assert set(task.target.flatten().tolist()) <= {-1, *known.tolist()}
    assert task.counts()["held_out_entries"] < every.counts()["held_out_entries"]
    table = task.predictions(task.nulls()["popularity"])
    assert {item for row in table["top"] for item in row} <= {-1, *known.tolist()}
    shown = examples(task.continued, task.held, table).table
    assert set(shown["seeds"]) <= {f"artist {n // 10} - song {n} é" for n in range(30)}
    (text,) = [f.text for f in task.audit(NO_ANSWER) if f.check == "unseen_test_entries"]
    assert f"left out, with all {len(task.popularity) - len(known)} such tracks" in text


def test_warm_candidates_need_a_held_out_track_that_is_known(tmp_path: Path) -> None:
    write(tmp_path / "mpd.slice.0-9.json", [playlist(p, range(10 * p, 10 * p + 9)) for p in (0, 1)])
    with pytest.raises(ConfigError, match=r"candidates=warm: no held-out track is known"):
        ready(tmp_path, tmp_path / "cache", seeds=["first_1"], candidates="warm")


def test_null_models_are_exact_and_in_row_order(world: PlaylistContinuation) -> None:
    columns = world.task.nulls()["random"]
    held = world.task.held
    n_candidates = held.n_items - np.diff(held.seen.indptr)
    expected = np.diff(held.positives.indptr) / n_candidates
    np.testing.assert_allclose(columns["r_precision"], expected)
    assert columns["top"].shape == (40, 500)


def test_units_tell_playlists_apart(world: PlaylistContinuation) -> None:
    assert len(np.unique(world.task.units)) == 40


def test_intervals_of_each_kind_of_seeds_come_from_the_bootstrap(
    world: PlaylistContinuation,
) -> None:
    table = world.task.predictions(world.task.nulls()["popularity"])
    shown = by_seeds(table, Bootstrap(200)).table
    assert set(shown["seeds"]) == set(table["seeds"]) and shown["playlists"].sum() == len(table)
    assert shown["seeds"].iloc[0] == "title_only"  # by their number
    own = table.groupby("seeds")["r_precision"].mean()
    assert shown.set_index("seeds")["r_precision"].to_dict() == pytest.approx(own.to_dict())


def test_sections_and_findings_follow_from_what_the_model_can_do(
    world: PlaylistContinuation,
) -> None:
    task = world.task
    columns = task.nulls()["popularity"]
    table = task.predictions(columns)
    sizes = {"n_users": world.dims["n_users"], "n_items": world.dims["n_items"]}
    mix = Blend(**sizes, parts=["popularity", "item_knn"])
    net = CooccurrenceNet(**sizes, hidden_size=4)
    always = {"by_seeds", "examples", "tracks"}
    heard = {"feature_importance"}
    for model, further in ((Popularity(**sizes), set()), (mix, {"blend"}), (net, heard)):
        answer = Answer(model, columns, Bootstrap(20))
        assert {section.name for section in task.sections(table, answer)} == always | further
        checks = {finding.check for finding in task.audit(answer)}
        assert ({"gradient", "weights_moved"} <= checks) is (model is net)
    (section,) = weights_of_mix(mix)
    assert list(section.table) == ["seeds", "popularity", "item_knn"]


def test_a_net_that_learned_nothing_is_a_warning(world: PlaylistContinuation) -> None:
    net = CooccurrenceNet(world.dims["n_users"], world.dims["n_items"], hidden_size=4)
    found = {f.check: f for f in world.task.audit(Answer(net, {}, Bootstrap(20)))}
    assert found["gradient"].level == "warning" and found["gradient"].value == 0
    assert "nothing was learned" in found["gradient"].text


def test_the_dev_loss_is_asked_of_models_that_predict_co_occurrences(
    world: PlaylistContinuation,
) -> None:
    (loss,) = world.task.extra
    assert list(loss.metrics()) == ["cooccurrence_mse"]
    sizes = (world.dims["n_users"], world.dims["n_items"])
    with pytest.raises(NotAnsweredError, match="this model predicts no rows of co-occurrences"):
        loss.ask(Popularity(*sizes))
    (batch,) = world.train_dataloader()
    net = CooccurrenceNet(*sizes, hidden_size=4)
    net.learn_sounds(batch)
    net.register_buffer("split", net._songs())
    columns = loss.ask(net)
    assert len(columns["squared_error"]) == len(loss.target) == len(loss.units) > 0
    errors = {name: columns["squared_error"] for name, columns in loss.nulls().items()}
    assert list(errors) == ["zeros", "mean_row", "artist_row"]
    assert all(len(error) == len(loss.target) for error in errors.values())
    assert errors["artist_row"].mean() < errors["mean_row"].mean() < errors["zeros"].mean()


def test_the_null_models_of_the_dev_loss_by_hand() -> None:
    playlists = csr_matrix(np.array([[1, 1, 0, 1], [1, 1, 1, 0], [1, 0, 0, 1]], dtype=np.int64))
    artists = np.array(["a", "b", "a", ""])
    asked = np.array([2, 3])  # their rows are 1 1 0 0 and 2 1 0 0
    errors = null_errors(playlists, artists, np.array([0, 1]), asked)
    assert errors["zeros"].tolist() == [2 / 4, 5 / 4]
    mean = np.array([2, 2, 2, 3]) / 2  # of 0 2 1 2 and 2 0 1 1
    assert errors["mean_row"].tolist() == approx([(1 + 9 / 4) / 4, (1 + 1 + 9 / 4) / 4])
    own = (np.array([0, 2, 1, 2]) + mean) / 2  # the unknown artist has no songs, and the mean
    by_artist = np.square(own - [1, 1, 0, 0]).mean()
    assert errors["artist_row"].tolist() == approx([by_artist, (1 + 1 + 9 / 4) / 4])
    assert set(null_errors(playlists, np.array(["a", "b", "c", ""]), asked[:1], asked[1:])) == {
        "zeros",
        "mean_row",
    }


def test_a_net_that_held_out_no_songs_has_no_dev_loss(world: PlaylistContinuation) -> None:
    net = CooccurrenceNet(world.dims["n_users"], world.dims["n_items"], hidden_size=4, dev_share=0)
    (batch,) = world.train_dataloader()
    net.learn_sounds(batch)
    net.register_buffer("split", net._songs())
    with pytest.raises(NotAnsweredError, match="the model held out no songs"):
        CooccurrenceLoss(csr_matrix((1, 1)), np.array([""])).ask(net)


def test_a_feature_that_no_track_differs_in_is_of_no_importance(
    world: PlaylistContinuation,
) -> None:
    model = NearestFeatures(world.dims["n_users"], world.dims["n_items"])
    (batch,) = world.train_dataloader()
    same = batch | {"features": batch["features"].clone()}
    same["features"][:, list(FEATURES).index("key")] = 5.0
    model.training_step(same, 0)
    columns = world.task.nulls()["popularity"]
    answer = Answer(model, columns, Bootstrap(20))
    (section,) = feature_importance(answer, world.task.rows, len(world.task.held.users), 100)
    assert section.table is not None
    fall = section.table.set_index("feature")["fall of nDCG at 100"]
    assert fall["key"] == 0
    assert (fall.drop("key") != 0).any()


def test_of_many_playlists_some_of_every_kind_are_asked_about(
    world: PlaylistContinuation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muso_exp.tasks.continuation.importance.N_ROWS", 3)
    model = NearestFeatures(world.dims["n_users"], world.dims["n_items"])
    (batch,) = world.train_dataloader()
    model.training_step(batch, 0)
    asked: list[list[int]] = []

    def rows(numbers: list[int]) -> Batch:
        asked.append(numbers)
        return world.task.rows(numbers)

    n_rows = len(world.task.held.users)
    answer = Answer(model, world.task.nulls()["popularity"], Bootstrap(20))
    (section,) = feature_importance(answer, rows, n_rows, 100)
    assert asked == [[0, (n_rows - 1) // 2, n_rows - 1]]
    assert "over 3 test playlists" in section.text


def test_of_too_many_tracks_the_importance_is_left_out(
    world: PlaylistContinuation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muso_exp.tasks.continuation.importance.MAX_TRACKS", 1)
    model = NearestFeatures(world.dims["n_users"], world.dims["n_items"])
    answer = Answer(model, world.task.nulls()["popularity"], Bootstrap(20))
    (section,) = feature_importance(answer, world.task.rows, 1, 100)
    assert section.table is None and "Left out" in section.text
