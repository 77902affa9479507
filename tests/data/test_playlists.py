"""Two lists of tracks: formats, options, splits, nulls, audit and report."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from tiny_tracks import estimates, ready, tracks, write_two

from muso_exp.data.playlist_owner.splits import class_weights, split_groups, split_rows
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.tracks import FEATURES


def test_a_table_per_list_is_cut_to_the_shorter_and_split_alike(tmp_path: Path) -> None:
    data = ready(write_two(tmp_path), tmp_path)
    assert data.lists.names == ("a", "b")
    assert data.lists.tracks["id"].tolist()[:24] == tracks(30)["id"].tolist()[:24]
    assert data.task.counts() == {
        "positive_tracks": 30,
        "negative_tracks": 24,
        "train_rows": 26,
        "val_rows": 6,
        "test_rows": 16,
        "features": 12,
    }
    assert data.task.target.sum() == 8


def test_rows_without_features_are_left_out_and_counted_if_so_wished(tmp_path: Path) -> None:
    gaps = tracks(30).astype(object)
    gaps.loc[:1, [name for name in FEATURES if name in gaps]] = ""
    gaps.loc[2, "energy"] = 7
    folder = write_two(tmp_path, gaps)
    with pytest.raises(DataFormatError, match=r"line 2, .*set dataset\.bad_rows=drop"):
        ready(folder, tmp_path)
    data = ready(folder, tmp_path, bad_rows="drop")
    assert data.lists.n_read[0] == 27
    finding = {f.check: f for f in data.task.audit(None)}["bad_rows"]
    assert finding.value == 3
    assert finding.text.endswith("2 without audio features, 1 without a valid energy")


def test_the_published_split_of_363_tracks_tests_242() -> None:
    target = np.repeat([1, 0], 363)
    rows = split_rows(target, {"test": 1 / 3, "val": 0.0}, np.random.default_rng(0))
    assert len(rows["test"]) == 242 and target[rows["test"]].sum() == 121
    assert len(rows["val"]) == 0
    assert sorted(np.concatenate(list(rows.values()))) == list(range(726))


def test_no_artist_is_in_two_splits_and_intervals_resample_artists(tmp_path: Path) -> None:
    data = ready(write_two(tmp_path), tmp_path, group="artist")
    artists = {name: set(data.task.lists.part(name)["artist"]) for name in ("train", "val", "test")}
    assert sum(map(len, artists.values())) == len(set.union(*artists.values())) == 7
    assert all(len(set(data.task.lists.part(name)["target"])) == 2 for name in artists)
    assert len(np.unique(data.task.units)) == len(artists["test"])
    finding = {f.check: f for f in data.task.audit(None)}["test_tracks_by_train_artists"]
    assert finding.value == 0 and "the intervals resample artists" in finding.text


def test_groups_come_as_near_to_the_shares_as_they_can() -> None:
    target = np.repeat([1, 0], 300)
    groups = np.random.default_rng(0).integers(0, 100, 600)
    rows = split_groups(target, groups, {"test": 1 / 3, "val": 0.2}, np.random.default_rng(1))
    assert sorted(np.concatenate(list(rows.values()))) == list(range(600))
    for name, share in (("test", 1 / 3), ("val", 2 / 3 * 0.2)):
        for label in (0, 1):
            wanted = 300 * share
            assert (target[rows[name]] == label).sum() == approx(wanted, rel=0.15)


def test_a_track_without_an_artist_stands_for_itself(tmp_path: Path) -> None:
    nameless = tracks(30)
    nameless.loc[:19, "primary_artist"] = ""
    data = ready(write_two(tmp_path, nameless), tmp_path, group="artist")
    units = data.task.units[data.task.lists.part("test")["artist"] == ""]
    assert len(np.unique(units)) == len(units) > 0


def test_artists_are_needed_to_keep_them_apart(tmp_path: Path) -> None:
    folder = write_two(tmp_path, *(tracks(30, k).drop(columns="primary_artist") for k in (0, 50)))
    with pytest.raises(ConfigError, match=r"no track has an artist; set dataset.split=track"):
        ready(folder, tmp_path, group="artist")


def test_a_list_by_one_artist_cannot_be_split_by_artists(tmp_path: Path) -> None:
    folder = write_two(tmp_path, tracks(30).assign(primary_artist="the one"))
    with pytest.raises(ConfigError, match=r"none is left for a list in (train|val|test)"):
        ready(folder, tmp_path, group="artist")


def test_by_weights_all_tracks_are_kept_and_both_classes_weigh_the_same(tmp_path: Path) -> None:
    data = ready(write_two(tmp_path), tmp_path, balance="weights")
    train = data.splits["train"]
    assert len(data.lists.tracks) == 54
    assert train.weight[train.target == 1].sum() == approx(float(len(train)) / 2)
    assert class_weights(np.array([1, 0, 0, 0]), np.arange(4)) == approx([2, 2 / 3, 2 / 3, 2 / 3])


def test_a_sample_is_drawn_by_the_seed_and_not_the_head(tmp_path: Path) -> None:
    folder = write_two(tmp_path)
    first = ready(folder, tmp_path, balance="sample").lists.tracks["id"].tolist()
    assert first == ready(folder, tmp_path, balance="sample").lists.tracks["id"].tolist()
    assert first[:24] != tracks(30)["id"].tolist()[:24]
    assert first[24:] == tracks(24, 100)["id"].tolist()


def test_tracks_in_both_lists_are_dropped_or_kept(tmp_path: Path) -> None:
    folder = write_two(tmp_path, b=tracks(24, 26))
    dropped = ready(folder, tmp_path, overlap="drop")
    kept = ready(folder, tmp_path, overlap="keep")
    assert dropped.lists.n_shared == kept.lists.n_shared == 4
    assert not dropped.lists.tracks["id"].duplicated().any()
    assert len(kept.lists.tracks) - len(dropped.lists.tracks) == 2 * 4
    finding = {f.check: f for f in kept.task.audit(None)}["tracks_in_both_lists"]
    assert (finding.value, finding.level) == (4, "warning")


def test_one_table_tells_the_lists_by_a_column(tmp_path: Path) -> None:
    table = pd.concat(
        [part.assign(genre=name) for name, part in (("rock", tracks(20)), ("rap", tracks(20, 50)))]
    )
    table.to_csv(tmp_path / "songs.csv.gz", index=False)
    data = ready(tmp_path, tmp_path, column="genre", values=["rap", "rock"])
    assert data.lists.names == ("rap", "rock")
    assert data.lists.tracks.loc[0, "id"] == "track0050"


def test_one_table_tells_the_lists_by_zero_and_one(tmp_path: Path) -> None:
    table = tracks(40).assign(target=[0.0, 1.0] * 20)
    table.to_csv(tmp_path / "songs.csv", index=False)
    data = ready(tmp_path / "songs.csv", tmp_path, column="target")
    assert data.lists.tracks.loc[0, "id"] == "track0001"


def test_exportify_and_the_end_point_give_the_same_tracks_as_plain_csv(tmp_path: Path) -> None:
    plain = ready(write_two(tmp_path), tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    names = {name: name.replace("_", " ").title() for name in FEATURES} | {
        "id": "Track URI",
        "track.name": "Track Name",
        "primary_artist": "Artist Name(s)",
        "duration_ms": "Duration (ms)",
    }
    exported = tracks(30).assign(id=lambda t: "spotify:track:" + t["id"]).rename(columns=names)
    exported.to_csv(other / "a.csv", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    answers = tracks(24, 100, -12.0).drop(columns=["track.name", "primary_artist"])
    answers = [{**row, "uri": "spotify:track:" + row["id"]} for row in answers.to_dict("records")]
    content = json.dumps({"audio_features": [*answers, None]})
    (other / "b.json").write_text(content)
    again = ready(other, tmp_path)
    assert again.fingerprint == plain.fingerprint
    assert again.lists.tracks["title"].iloc[0] == 'Song "0", live'


def test_tracks_without_an_id_are_known_by_artist_and_title(tmp_path: Path) -> None:
    table = tracks(40).drop(columns="id").assign(target=[0, 1] * 20)
    table.to_csv(tmp_path / "songs.csv", index=False)
    data = ready(tmp_path, tmp_path, column="target")
    assert data.lists.tracks.loc[0, "id"] == 'Artist 1: Song "1", live'


def test_the_first_of_repeated_tracks_is_kept_if_asked(tmp_path: Path) -> None:
    folder = write_two(tmp_path, a=pd.concat([tracks(30), tracks(5)]))
    assert ready(folder, tmp_path, duplicates="first").lists.n_read == (30, 24)


def test_features_can_be_dropped_and_added(tmp_path: Path) -> None:
    folder = write_two(tmp_path)
    data = ready(folder, tmp_path, drop=["time_signature"])
    assert data.dims["input_dim"] == 11 and "time_signature" not in data.features
    more = ready(folder, tmp_path, features=["valence", "key"])
    assert more.splits["train"].x.shape[1] == 2


def test_the_scaling_is_fitted_on_train_only(tmp_path: Path) -> None:
    data = ready(write_two(tmp_path), tmp_path, scaling="standard")
    train = data.splits["train"].x.double()
    assert train.mean(dim=0).abs().max() < 1e-6
    assert data.splits["test"].x.double().mean(dim=0).abs().max() > 1e-3


def test_the_fingerprint_knows_content_and_not_names(tmp_path: Path) -> None:
    folder = write_two(tmp_path)
    first = ready(folder, tmp_path).fingerprint
    (folder / "a.csv").rename(folder / "a_renamed.csv")
    assert ready(folder, tmp_path).fingerprint == first
    changed = tracks(30)
    changed.loc[3, "tempo"] += 1
    changed.to_csv(folder / "a_renamed.csv", index=False)
    assert ready(folder, tmp_path).fingerprint != first


def test_test_units_are_the_same_artists_whatever_the_scaling(tmp_path: Path) -> None:
    folder = write_two(tmp_path)
    one, other = (ready(folder, tmp_path, scaling=how) for how in ("row", "standard"))
    assert np.array_equal(one.task.units, other.task.units)
    artists = one.task.lists.part("test")["artist"]
    assert len(np.unique(one.task.units)) == artists.nunique() == 7


def test_without_artists_the_units_are_tracks_and_the_audit_warns(tmp_path: Path) -> None:
    folder = write_two(tmp_path, *(tracks(30, k).drop(columns="primary_artist") for k in (0, 50)))
    task = ready(folder, tmp_path).task
    assert len(np.unique(task.units)) == len(task.target) == 20
    assert "artist" not in task.nulls()
    finding = {f.check: f for f in task.audit(None)}["test_tracks_by_train_artists"]
    assert finding.level == "warning" and "no track has an artist" in finding.text


def test_a_whole_split_is_one_batch(tmp_path: Path) -> None:
    data = ready(write_two(tmp_path), tmp_path, batch_size=4)
    (batch,) = data.test_dataloader()
    assert batch["row"].tolist() == list(range(16))
    assert len(list(data.train_dataloader())) == 7
    assert ready(tmp_path, tmp_path, val_share=0.0, threshold="half").val_dataloader() == []


def test_the_simulated_lists_are_written_once_and_distinguished_by_sound(cache: Path) -> None:
    data = ready(None, cache, world={"users": 30, "artists": 400, "liked": [80, 60]})
    assert data.simulated and data.lists.n_read[1] <= 60
    again = ready(None, cache, world={"users": 30, "artists": 400, "liked": [80, 60]})
    assert again.fingerprint == data.fingerprint


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "options", "n_tracks", "shared"),
    [
        ("spotify-two-users-likes", {"overlap": "keep"}, (3219, 500), 32),
        ("spotify-like-dislike", {"column": "target", "duplicates": "first"}, None, None),
        (
            "spotify-playlist-songs",
            {
                "column": "playlist_genre",
                "values": ["rock", "edm"],
                "drop": ["time_signature"],
                "duplicates": "first",
            },
            None,
            None,
        ),
    ],
)
def test_the_real_files_are_read(
    folder: str,
    options: dict,
    n_tracks: tuple[int, int] | None,
    shared: int | None,
    real_data: Path,
    tmp_path: Path,
) -> None:
    data = ready(real_data / folder, tmp_path, **options)
    assert len(data.splits["test"]) > 300
    if n_tracks:
        assert (data.lists.n_read, data.lists.n_shared) == (n_tracks, shared)
        assert len(data.lists.tracks) == 1000


DROPPED = ["duration_ms", "time_signature"]


def test_features_estimated_from_sound_are_read_and_their_songs_known(tmp_path: Path) -> None:
    folder = write_two(tmp_path, estimates(20), estimates(20, 100))
    data = ready(folder, tmp_path, drop=DROPPED)
    assert data.lists.estimated == (True, True)
    assert data.lists.tracks["id"].tolist()[:2] == ["track0000", "track0001"]
    assert data.lists.tracks["key"].tolist()[:20] == estimates(20)["key"].tolist()
    finding = {f.check: f for f in data.task.audit(None)}["lists_with_estimated_features"]
    assert (finding.value, finding.level) == (2, "note")


@pytest.mark.parametrize("first", [True, False])
def test_lists_with_features_of_different_sources_are_warned_of(
    first: bool, tmp_path: Path
) -> None:
    lists = [estimates(20), tracks(20, 100)]
    data = ready(write_two(tmp_path, *(lists if first else lists[::-1])), tmp_path, drop=DROPPED)
    finding = {f.check: f for f in data.task.audit(None)}["lists_with_estimated_features"]
    assert (finding.value, finding.level) == (1, "warning")
    names = ("a", "b") if first else ("b", "a")
    assert finding.text.startswith(
        "the features of {} were estimated from sound, those of {}".format(*names)
    )


def test_estimates_and_others_in_one_table_are_told_apart_by_their_rows(tmp_path: Path) -> None:
    table = pd.concat([tracks(20), estimates(20, 100).rename(columns={"song": "id"})])
    for name, mine in (("source", [1] * 20 + [0] * 20), ("mixed", [1] * 10 + [0] * 20 + [1] * 10)):
        table.assign(mine=mine).to_csv(tmp_path / f"{name}.csv", index=False)
        options = {"column": "mine", "drop": [*DROPPED, "key", "mode"]}
        data = ready(tmp_path / f"{name}.csv", tmp_path / name, **options)
        finding = {f.check: f for f in data.task.audit(None)}["lists_with_estimated_features"]
        assert finding.level == ("warning" if name == "source" else "note")
    assert data.lists.estimated == (0.5, 0.5)


def test_an_estimate_without_its_interval_is_no_estimate(tmp_path: Path) -> None:
    folder = write_two(tmp_path, estimates(20).drop(columns="key_low"), estimates(20, 100))
    with pytest.raises(DataFormatError, match=r"a.csv, line 2, column key: a whole number from -1"):
        ready(folder, tmp_path, drop=DROPPED)
    spoiled = estimates(20).assign(key=11.5)
    with pytest.raises(DataFormatError, match=r"column key: a number from -1 to 11 is needed"):
        ready(write_two(tmp_path, spoiled), tmp_path, drop=DROPPED)


def test_a_folder_of_tables_with_tabs_is_read(tmp_path: Path) -> None:
    for name, first in (("a", 0), ("b", 100)):
        tracks(20, first).to_csv(tmp_path / f"{name}.tsv", index=False, sep="\t", quoting=3)
    data = ready(tmp_path, tmp_path / "cache")
    assert data.lists.names == ("a", "b") and data.lists.n_read == (20, 20)
