"""Reading playlists, holding tracks out, and what the task reports of itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pytest import approx
from tiny_mpd import asked, playlist, ready, track, write, write_features, write_slices

from muso_exp.data.continuation.splits import CATEGORIES, SeedKind
from muso_exp.data.continuation.titles import title_vocabulary, title_words
from muso_exp.data.playlist_continuation import PlaylistContinuation
from muso_exp.errors import DataFormatError
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.tasks.base import Answer

NO_ANSWER = Answer(None, {}, Bootstrap(20))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> PlaylistContinuation:
    cache = tmp_path_factory.mktemp("cache")
    return ready(None, cache, world={"playlists": 80, "challenge": 40, "artists": 60})


def test_seeds_are_the_first_tracks_or_drawn() -> None:
    rng = np.random.default_rng(0)
    tracks = np.arange(30)
    assert SeedKind.of("title_only").choose(tracks, rng).sum() == 0
    assert np.flatnonzero(SeedKind.of("title_first_5").choose(tracks, rng)).tolist() == [
        0,
        1,
        2,
        3,
        4,
    ]
    drawn = np.flatnonzero(SeedKind.of("random_25").choose(tracks, rng))
    assert len(drawn) == 25 and drawn.tolist() != list(range(25))


def test_a_wrong_number_of_tracks_is_counted_and_the_listed_ones_are_kept(tmp_path: Path) -> None:
    lists = [playlist(p, range(p, p + 8)) for p in range(6)]
    lists[2]["num_tracks"] = 11
    write(tmp_path / "mpd.slice.0-5.json", lists)
    data = ready(tmp_path, tmp_path / "cache", seeds=["first_1"], test_share=0.4)
    assert data.data.miscounted == (2,) and len(data.data.of(2)) == 8
    (found,) = [f for f in data.task.audit(NO_ANSWER) if f.check == "miscounted_playlists"]
    assert found.value == 1 and "(pid 2)" in found.text


def test_tracks_are_held_out_of_some_playlists_once_each(tmp_path: Path) -> None:
    write_slices(tmp_path, n=20)
    data = ready(tmp_path, tmp_path / "cache", seeds=["first_1", "first_5"], test_share=0.4)
    split = data.continuation
    assert pd.Series(split.category).value_counts().to_dict() == {
        "": 12,
        "first_1": 4,
        "first_5": 4,
    }
    assert split.known.multiply(split.held_out).nnz == 0
    whole = (split.known + split.held_out).toarray()
    for row, chosen in enumerate(split.playlists):
        assert np.flatnonzero(whole[row]).tolist() == sorted(set(data.data.of(chosen).tolist()))
        n_seeds = {"": 12, "first_1": 1, "first_5": 5}[split.category[row]]
        first = data.data.of(chosen)[:n_seeds]
        assert np.flatnonzero(split.known[row].toarray()).tolist() == sorted(first.tolist())


def test_seeds_that_need_more_tracks_than_there_are_are_counted(tmp_path: Path) -> None:
    write_slices(tmp_path, n=20)
    data = ready(tmp_path, tmp_path / "cache", seeds=["first_1", "first_25"], test_share=0.4)
    assert data.continuation.n_short == 4
    assert set(data.continuation.category) == {"", "first_1"}


def test_the_challenge_is_held_against_its_truth(tmp_path: Path) -> None:
    write_slices(tmp_path)
    first = asked(100, [1, 2], 2)
    title = {key: value for key, value in asked(101, [], 1).items()}
    drawn = asked(102, [5, 6], 1)
    drawn["tracks"][1]["pos"] = 2
    del drawn["name"]
    write(tmp_path / "challenge_set.json", [first, title, drawn])
    truth = [playlist(102, [30]), playlist(100, [3, 2, 4, 4]), playlist(101, [7])]
    write(tmp_path / "challenge_truth.json", truth)
    data = ready(tmp_path, tmp_path / "cache")
    held, ids = data.task.held, data.data.tracks["id"]
    rows = np.split(held.positives.indices, held.positives.indptr[1:-1])
    assert [ids[row].tolist() for row in rows] == [["t003", "t004"], ["t007"], ["t030"]]
    kinds = data.continuation.category[held.users].tolist()
    assert kinds == ["title_first_2", "title_only", "random_2"]
    assert data.continuation.known.shape[0] == 12 + 3


def test_features_are_found_by_id_and_missing_ones_are_nan(tmp_path: Path) -> None:
    write_features(write_slices(tmp_path), numbers=[9, 4, 39])
    data = ready(tmp_path, tmp_path / "cache", seeds=["first_1"])
    ids = data.data.tracks["id"]
    assert data.file_order[ids == "t004"].tolist() == [1]
    assert data.features[ids == "t004", 0] == approx([4 / 50])
    assert np.isnan(data.features[ids == "t005"]).all()
    found = {finding.check: finding.value for finding in data.task.audit(NO_ANSWER)}
    assert found["tracks_without_features"] == approx(37 / 40)


def test_features_may_be_estimated_from_sound(tmp_path: Path) -> None:
    write_slices(tmp_path / "mpd")
    path = tmp_path / "estimates.csv"
    path.write_text("song,seconds,energy,key,energy_low\nt004,30,0.25,3.7,0.1\n")
    data = ready(tmp_path / "mpd", tmp_path / "cache", seeds=["first_1"], feature_table=str(path))
    row = data.features[data.data.tracks["id"] == "t004"][0]
    assert row[[1, 2]] == approx([0.25, 3.7])
    assert np.isnan(row).sum() == 11
    path.write_text("song,key\nt004,3.7\nt005,high\n")
    with pytest.raises(DataFormatError, match=r"line 3, column key: a number from -1 to 11 is nee"):
        ready(tmp_path / "mpd", tmp_path / "cache", seeds=["first_1"], feature_table=str(path))


def test_a_train_batch_holds_matrix_and_sound(tmp_path: Path) -> None:
    write_features(write_slices(tmp_path))
    data = ready(tmp_path, tmp_path / "cache", seeds=["first_1"])
    (batch,) = data.train_dataloader()
    assert batch["features"].shape == (40, 13)
    assert len(batch["col_indices"]) == data.continuation.known.nnz
    (test,) = data.test_dataloader()
    assert torch.equal(test["target"], data.task.target)
    counts = (data.task.target >= 0).sum(dim=1)
    assert counts.tolist() == np.diff(data.task.held.positives.indptr).tolist()


def test_the_simulated_challenge_has_all_ten_kinds_of_seeds(world: PlaylistContinuation) -> None:
    category = world.continuation.category
    assert {name: int((category == name).sum()) for name in CATEGORIES} == dict.fromkeys(
        CATEGORIES, 4
    )
    assert world.task.counts()["test_playlists"] == 40
    unseen = {finding.check: finding.value for finding in world.task.audit(NO_ANSWER)}[
        "unseen_test_entries"
    ]
    assert unseen == 0


def test_holding_out_depends_on_the_seed_alone(tmp_path: Path) -> None:
    write_slices(tmp_path, n=20)
    splits = [
        ready(tmp_path, tmp_path / f"cache{n}", seed=seed).continuation
        for n, seed in enumerate((0, 0, 1))
    ]
    same = (splits[0].known != splits[1].known).nnz == 0
    assert same and (splits[0].known != splits[2].known).nnz > 0


def test_track_zero_is_a_track_like_others(tmp_path: Path) -> None:
    write(tmp_path / "mpd.slice.0-1.json", [playlist(0, range(8)), playlist(1, range(8))])
    data = ready(tmp_path, tmp_path / "cache", seeds=["first_1"], test_share=0.5)
    assert data.data.tracks["id"][0] == track(0)["track_uri"].rpartition(":")[2]
    assert 0 in data.continuation.known.indices


def test_titles_are_words_whatever_their_case() -> None:
    titles = ["Chill OUT", "chill  out", None, "out!", "🔥", "🔥🔥", " "]
    words = title_words(titles, title_vocabulary(titles)).toarray()
    alike = words @ words.T
    assert alike[0, 1] == 3 and alike[0, 3] == 1  # chill, out, both; out
    assert alike[4, 5] == 1 and not alike[2].any() and not alike[6].any()
    assert words.sum(axis=0).min() == 2


def test_a_title_that_is_not_given_is_not_reported(tmp_path: Path) -> None:
    write_slices(tmp_path, n=20)
    kinds = ["first_1", "title_first_1"]
    data = ready(tmp_path, tmp_path / "cache", seeds=kinds, test_share=0.4)
    titles = np.array(data.continuation.titles(data.data))
    assert (titles[data.continuation.category == "first_1"] == None).all()  # noqa: E711
    assert (titles[data.continuation.category != "first_1"] == "NA").all()


@pytest.mark.data
def test_real_playlists_are_read(real_data: Path, tmp_path: Path) -> None:
    data = ready(real_data / "spotify-playlist-songs", tmp_path / "cache")
    counts = data.task.counts()
    assert (counts["playlists"], counts["tracks"]) == (471, 28356)
    assert counts["tracks_with_features"] == 28356
    assert np.isnan(data.features[:, -1]).all()  # no time signature in that table
    assert len(data.data.entries) == 32833


def test_genres_of_playlists_of_training_are_known_and_of_continued_ones_not(
    tmp_path: Path,
) -> None:
    rows = [
        f"{p},t{(p + n) % 9},X,One,{'pop' if p % 2 else 'r&b'},dance pop,0.5"
        for p in range(10)
        for n in range(7)
    ]
    header = "playlist_id,track_id,track_artist,track_name,playlist_genre,playlist_subgenre,energy"
    (tmp_path / "spotify_songs.csv").write_text("\n".join([header, *rows]) + "\n")
    data = ready(tmp_path, tmp_path / "cache", seeds=["first_1"], test_share=0.4)
    words = title_vocabulary(["pop dance_pop", "r_b dance_pop"] * 2)
    assert data.genres.shape == (10, data.dims["n_genres"]) == (10, len(words))
    train = data.continuation.category == ""
    assert (np.diff(data.genres.indptr) > 0).tolist() == train.tolist()
    (batch,) = data.train_dataloader()
    assert len(batch["genre_crow"]) == 11 and len(batch["artist"]) == 9


def test_playlists_of_the_challenge_have_no_genres(world: PlaylistContinuation) -> None:
    assert world.dims["n_genres"] == 0 and world.dims["n_artists"] > 1


def test_rows_without_a_feature_leave_a_track_without_features_and_are_counted(
    tmp_path: Path,
) -> None:
    rows = [f"{p},t{(p + n) % 9},X,One,{(p + n) % 9 or ''}" for p in range(10) for n in range(7)]
    header = "playlist_id,track_id,track_artist,track_name,tempo"
    (tmp_path / "spotify_songs.csv").write_text("\n".join([header, *rows]) + "\n")
    options = {"seeds": ["first_1"], "test_share": 0.4}
    with pytest.raises(DataFormatError, match="tempo"):
        ready(tmp_path, tmp_path / "cache", **options)
    data = ready(tmp_path, tmp_path / "cache", **options, bad_rows="drop")
    ids = data.data.tracks["id"].tolist()
    assert [name for name, place in zip(ids, data.file_order, strict=True) if place < 0] == ["t0"]
    (found,) = [f for f in data.task.audit(NO_ANSWER) if f.check == "bad_rows"]
    assert found.value == 8  # of 10 lists of 7 tracks
