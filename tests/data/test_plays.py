"""Plays of every source, and their numbers on the real data."""

import mmap
from pathlib import Path

import numpy as np
import pytest
import torch
from made import made
from scipy.sparse import csr_matrix

from muso_exp.data.factor_tags import FactorTags
from muso_exp.data.plays import Plays, query_items
from muso_exp.errors import ConfigError, DatasetNotFoundError, MusoError
from muso_exp.features.als import FactorOptions, fit_factors
from muso_exp.features.interactions import item_plays
from muso_exp.formats.listening.lfm1b import read_lfm1b
from muso_exp.formats.listening.msd import ReadOptions
from muso_exp.formats.listening.sources import SOURCES
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.tasks.base import Answer

NO_ANSWER = Answer(None, {}, Bootstrap(20))
WORLD = {"users": 40, "artists": 100, "genres": 4}


def plays(cache: Path, source: str = "lfm1b", **options: object) -> Plays:
    data = made("plays", None, cache, source=source, batch_size=16, world=WORLD, **options)
    data.prepare_data()
    data.setup("fit")
    return data


SPLITS = [
    ("lfm1b", "holdout"),
    ("lfm1b", "temporal"),
    ("lfm1b", "cold_items"),
    ("lfm1b", "cold_artists"),
    ("taste_profile", "published"),
    ("hetrec", "holdout"),
    ("muso", "holdout"),
]


@pytest.mark.parametrize(("source", "split"), SPLITS)
def test_no_held_out_item_is_known_of_its_user(source: str, split: str, cache: Path) -> None:
    data = plays(cache, source, split=split, val_share=0.1)
    for held in (data.val_held, data.task.held):
        assert (np.diff(held.positives.indptr) > 0).all()
        assert held.seen.multiply(held.positives).nnz == 0
    assert len(data.task.target) == len(data.task.units) == len(data.task.held.users)
    assert {"coverage", "map_at_500", "auc"} < set(data.task.metrics())
    assert data.task.counts()["test_users"] > 0 and data.task.audit(NO_ANSWER)


@pytest.mark.parametrize(("source", "split"), SPLITS[2:5])
def test_batches_hold_lists_within_the_candidates(source: str, split: str, cache: Path) -> None:
    data = plays(cache, source, split=split)
    batches = list(data.test_dataloader())
    assert torch.cat([batch["row"] for batch in batches]).tolist() == list(
        range(len(data.task.units))
    )
    for batch in batches:
        n_items = len(batch["candidates"]) if "candidates" in batch else data.dims["n_items"]
        for name in ("seen", "positives"):
            crow, col = batch[f"{name}_crow"], batch[f"{name}_col"]
            assert len(crow) == len(batch["user"]) + 1 and crow[-1] == len(col)
            assert len(col) == 0 or col.max() < n_items
        assert (batch["target"] == batch["positives_crow"].diff()).all()


def test_the_name_of_the_data_holds_their_source(cache: Path) -> None:
    data = plays(cache, "hetrec")
    assert data.name == "plays: hetrec"
    assert factor_tags(cache).name == "factor_tags: hetrec"


def test_the_train_batch_is_the_whole_matrix(cache: Path) -> None:
    data = plays(cache)
    (batch,) = data.train_dataloader()
    parts = (batch["values"].numpy(), batch["col_indices"].numpy(), batch["crow_indices"].numpy())
    assert (csr_matrix(parts, shape=data.split.train.shape) != data.split.train).nnz == 0


def test_merging_keeps_every_play_and_finds_the_twins(cache: Path) -> None:
    apart, merged = plays(cache), plays(cache, merge=True)
    assert merged.data.plays.sum() == apart.data.plays.sum()
    assert merged.data.plays.shape[1] < apart.data.plays.shape[1]
    names = [name.lower() for name in merged.data.names]
    assert len(set(names)) == len(names)


def test_matched_items_are_in_the_million_song_dataset_and_top_items_come_on_top(
    cache: Path,
) -> None:
    matched, more = plays(cache, matched=True), plays(cache, matched=True, top_items=50)
    n_matched, n_more = matched.data.plays.shape[1], more.data.plays.shape[1]
    assert n_matched < n_more <= n_matched + 50
    assert plays(cache, top_items=50).data.plays.shape[1] == 50


def test_matched_items_need_the_list_of_the_million_song_dataset(cache: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no unique_tracks\.txt .* dataset\.matched=false"):
        plays(cache, "hetrec", matched=True)


def test_spark_is_refused_where_there_is_no_log_to_sum(cache: Path) -> None:
    with pytest.raises(ConfigError, match="engine=spark reads lfm1b, taste_profile, audioscrobble"):
        plays(cache, "hetrec", reading={"engine": "spark"})


def test_a_published_list_holds_out_its_items(cache: Path, tmp_path: Path) -> None:
    listed = plays(cache, "hetrec").data.items["id"].iloc[[2, 5, 7]].astype(str)
    (tmp_path / "test.txt").write_text("\n".join([*listed, "no such id"]))
    data = plays(cache, "hetrec", split="published", test_list=str(tmp_path / "test.txt"))
    assert data.split.candidates is not None and data.split.candidates.tolist() == [2, 5, 7]
    assert data.split.train[:, [2, 5, 7]].nnz == 0


@pytest.mark.parametrize(
    ("content", "message"), [(None, r"not found: test\.txt"), ("x\n", "no line is the id")]
)
def test_a_list_that_is_missing_or_names_no_item_is_refused(
    content: str | None, message: str, cache: Path, tmp_path: Path
) -> None:
    if content:
        (tmp_path / "test.txt").write_text(content)
    with pytest.raises(MusoError, match=message):
        plays(cache, "hetrec", split="published", test_list=str(tmp_path / "test.txt"))


def test_queries_are_found_by_name_or_id_and_refused_otherwise(cache: Path) -> None:
    data = plays(cache, "hetrec")
    asked = [data.data.names[5].upper(), str(data.data.items["id"][3])]
    assert query_items(data.data, data.split.train, asked) == [5, 3]
    assert plays(cache, "hetrec", queries=asked).task.queries == [5, 3]
    with pytest.raises(ConfigError, match="no item is called 'abba'"):
        plays(cache, "hetrec", queries=["abba"])


def test_most_played_items_are_asked_for_where_none_is_named(cache: Path) -> None:
    data = plays(cache, "hetrec")
    total = np.asarray(data.split.train.sum(axis=0)).ravel()
    assert data.task.queries == np.argsort(-total, kind="stable")[:3].tolist()


def test_a_taste_profile_without_triplets_is_missing(tmp_path: Path) -> None:
    (tmp_path / "unique_tracks.txt").write_text("TR1<SEP>SO1<SEP>a<SEP>b\n")
    data = made("plays", tmp_path, tmp_path / "c", source="taste_profile")
    with pytest.raises(DatasetNotFoundError, match="train_triplets"):
        data.prepare_data()


def factor_tags(cache: Path, source: str = "hetrec", **options: object) -> FactorTags:
    inner = made("plays", None, cache, source=source, n_tags=0, world=WORLD)
    factors = FactorOptions(**{"n_factors": 4, "iterations": 2, **options})  # type: ignore[arg-type]
    return FactorTags(inner, factors, root=None, cache=str(cache), batch_size=32, seed=0)


def test_factors_of_the_first_stage_come_from_all_plays_once(cache: Path) -> None:
    data = factor_tags(cache, bias=False)
    data.prepare_data()
    data.setup("fit")
    options = FactorOptions(n_factors=4, iterations=2, bias=False)
    _, items = fit_factors(data.plays.data.plays, options)
    assert torch.equal(data.x, torch.from_numpy(items[data.rows.items]))
    batch = next(iter(data.test_dataloader()))
    assert batch["x"].shape == (len(batch["row"]), 4)
    assert batch["target"].shape[1] == data.dims["n_tags"]
    assert set(data.task.nulls()) == {"tag_prior", "popularity"}
    assert data.task.counts()["tags"] == data.dims["n_tags"] and data.task.audit(NO_ANSWER)


def test_more_factors_than_items_are_refused(cache: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.factors\.n_factors=999: at most 40"):
        factor_tags(cache, n_factors=999).prepare_data()


def test_plays_without_tags_have_no_second_stage(cache: Path) -> None:
    data = factor_tags(cache, "muso")
    with pytest.raises(ConfigError, match="too few items with tags"):
        data.setup()


REAL = [
    ("hetrec", "lastfm-hetrec2011-2k", {"users": 1892, "items": 17632, "plays": 69_183_975}),
    ("audioscrobbler", "audioscrobbler-2005-small", {"users": 50, "plays": 6_461_021}),
    ("taste_profile", "msd-taste-profile-sample", {"users": 526, "plays": 21_944}),
    ("muso", "muso-lastfm-chains", {"users": 54}),
]


@pytest.mark.data
@pytest.mark.parametrize(("source", "folder", "expected"), REAL)
def test_the_published_counts_are_found(
    source: str, folder: str, expected: dict, real_data: Path, tmp_path: Path
) -> None:
    split = "published" if source == "taste_profile" else "holdout"
    options = {"source": source, "split": split, "min_user_items": 1}
    data = made("plays", real_data / folder, tmp_path, **options)
    data.prepare_data()
    data.setup()
    assert {name: data.task.counts()[name] for name in expected} == expected


@pytest.mark.data
def test_the_aliases_of_audioscrobbler_merge_and_keep_the_total(
    real_data: Path, tmp_path: Path
) -> None:
    root = str(real_data / "audioscrobbler-2005-small")
    data = made("plays", root, tmp_path, source="audioscrobbler", merge=True)
    data.setup()
    merged = {finding.check: finding.value for finding in data.data.notes}["merged_aliases"]
    assert (merged, data.task.counts()["plays"]) == (577, 6_461_021)  # two by an alias of itself


@pytest.mark.data
def test_the_hidden_half_of_the_taste_profile_is_the_test(real_data: Path, tmp_path: Path) -> None:
    root = str(real_data / "msd-taste-profile-sample")
    options = {"source": "taste_profile", "split": "published", "min_user_items": 1}
    data = made("plays", root, tmp_path, **options)
    data.setup()
    assert data.data.plays.shape == (526, 10_108)
    assert data.split.train.nnz == 7_093 and data.split.test.nnz == 7_345
    unseen = {finding.check: finding.value for finding in data.task.audit(NO_ANSWER)}[
        "unseen_test_entries"
    ]
    assert 1 - unseen == pytest.approx(0.319, abs=0.0005)


def test_a_seeded_draw_of_users_is_evaluated(cache: Path) -> None:
    every, drawn = plays(cache), {"split": {"eval_users": 7}}
    some, again, other = plays(cache, **drawn), plays(cache, **drawn), plays(cache, **drawn, seed=3)
    assert len(some.task.held.users) == 7
    assert some.task.held.users.tolist() == again.task.held.users.tolist()
    assert some.task.held.users.tolist() != other.task.held.users.tolist()
    kept = np.isin(every.task.held.users, some.task.held.users)
    assert kept.sum() == 7
    assert (every.task.held.positives[kept] != some.task.held.positives).nnz == 0
    assert (every.split.train != some.split.train).nnz == 0
    notes = {note.check: note for note in some.task.audit(NO_ANSWER)}
    assert notes["users_not_drawn"].value == len(kept) - 7
    assert f"7 of {len(kept)} users" in notes["users_not_drawn"].text
    of_all = {note.check: note for note in every.task.audit(NO_ANSWER)}
    assert "users_not_drawn" not in of_all
    assert notes["cold_users"].value == of_all["cold_users"].value  # who was not drawn is no such


@pytest.mark.parametrize("same_name", ["most_played", "arbitrary"])
@pytest.mark.parametrize("top_items", [None, 50])
def test_matched_items_are_loaded_alone_as_if_all_had_been(
    same_name: str, top_items: int | None, cache: Path
) -> None:
    every = plays(cache, reading={"same_name": same_name}, min_user_items=0)
    files = SOURCES["lfm1b"].find(every._find()["events"].parent)
    asked = ReadOptions(cache, False, top_items, True, None, "refuse", every.options.reading)
    some, whole = read_lfm1b(files, asked), read_lfm1b(files, every.options)
    matched = (whole.items["msd"] != "").to_numpy().copy()
    if top_items:
        matched[np.argsort(-item_plays(whole.plays), kind="stable")[:top_items]] = True
    assert 0 < matched.sum() < len(matched)
    expected = whole.select(np.arange(len(whole.users)), np.flatnonzero(matched))
    assert (some.plays != expected.plays).nnz == 0
    assert some.items.to_dict("list") == expected.items.to_dict("list")
    assert some.tags is not None and expected.tags is not None
    assert (some.tags.weights != expected.tags.weights).nnz == 0
    assert some.notes == expected.notes


def test_plays_in_files_of_the_cache_give_the_same_run(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muso_exp.memory.LARGE", 1)
    inside, mapped = plays(cache), plays(cache, reading={"matrix": "disk"})
    assert mapped.fingerprint == inside.fingerprint
    for part in ("train", "test"):
        one, other = getattr(inside.split, part), getattr(mapped.split, part)
        assert (one != other).nnz == 0
        assert is_mapped(other.data) and is_mapped(other.indices) and not is_mapped(one.data)
    assert (inside.task.held.seen != mapped.task.held.seen).nnz == 0
    assert list((cache / "matrices").iterdir()) == []


def is_mapped(array: np.ndarray) -> bool:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap.mmap)


def test_more_plays_than_memory_holds_are_refused_before_they_are_loaded(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muso_exp.memory.available_memory", lambda: 2**28)
    monkeypatch.setattr("muso_exp.formats.listening.load._matrix", None)  # nothing is loaded
    fix = r"0.5 GiB of memory, and 0.2 GiB are free; set dataset.reading.matrix=disk, .*top_items"
    with pytest.raises(ConfigError, match=fix):
        plays(cache)
