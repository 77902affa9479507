from pathlib import Path

import pytest
import torch
from pytest import approx
from tiny_files import hetrec, muso, write_hetrec_files, write_muso_files
from torch import Tensor
from torch.nn.functional import one_hot

from muso_exp.data.friend_distance.friend_distance_data import FriendDistanceData
from muso_exp.records import Batch, Section
from muso_exp.tasks.friend_distance.sensitivity import (
    Predict,
    Probe,
    category_changes,
    item_table,
    sensitivity_sections,
)

PUT_RIGHT = {"nan": "repaired", "tag_order": "fixed"}


@pytest.fixture
def data(tmp_path: Path) -> FriendDistanceData:
    return muso(write_muso_files(tmp_path / "muso"), **PUT_RIGHT)


def only(category: str, data: FriendDistanceData) -> Predict:
    """A model that looks at one category: it decides by the sign of user 1's first item."""
    sizes = dict(zip(data.pairs.vectoriser.categories, data.dims["block_sizes"], strict=True))
    start = 0
    for name, size in sizes.items():
        if name == category:
            break
        start += 2 * size

    def predict(batch: Batch) -> dict[str, Tensor]:
        first = batch["x"][:, start]
        decided = (first > 0).long() * (data.dims["n_classes"] - 1)
        strategy = one_hot(decided, data.dims["n_classes"]).float()
        return {"strategy": strategy, "friend": first.sigmoid()}

    return predict


def sections(data: FriendDistanceData, predict: Predict, **options: int) -> list[Section]:
    return sensitivity_sections(data.pairs, predict, data.task.metrics(), **options)


@pytest.mark.parametrize("category", ["artist", "album", "track", "tag"])
def test_the_only_category_that_a_model_looks_at_ranks_first(
    data: FriendDistanceData, category: str
) -> None:
    table = sections(data, only(category, data), n_repeats=10)[0].table
    assert table["category"][0] == category
    assert table["change of DOS"][0] > 0
    assert (table["change of DOS"][1:] == 0).all()
    assert (table.filter(like="change of acc")[1:] == 0).all(axis=None)


@pytest.mark.parametrize("category", ["artist", "tag"])
def test_the_strongest_item_is_one_that_the_model_looks_at(
    data: FriendDistanceData, category: str
) -> None:
    table = sections(data, only(category, data))[1].table
    strongest = table.sort_values("change of friend score").iloc[-1]
    assert strongest["category"] == category
    assert strongest["item"] == data.pairs.listeners.items[category][0]


def test_an_item_is_tried_on_the_pairs_in_which_one_user_plays_it(data: FriendDistanceData) -> None:
    probe = Probe.of(data.pairs, only("artist", data), max_pairs=400)
    table = item_table(probe, probe.columns(), data.pairs.listeners.items, n_items=20)
    table = table.set_index("item")
    users = [data.pairs.listeners.users[user] for user in data.pairs.vectors["test"].pairs.ravel()]
    with_e = sum("e" in users[i : i + 2] for i in range(0, len(users), 2))
    assert table.loc["NA", "pairs"] == with_e  # of the test users only e plays "NA"
    assert "jazz" not in table.index  # no test user plays it


def test_taking_an_item_out_is_a_new_vector_not_a_zero_in_the_old_one(
    data: FriendDistanceData,
) -> None:
    predict = only("artist", data)
    probe = Probe.of(data.pairs, predict, max_pairs=400)
    before = probe.columns()
    table = item_table(probe, before, data.pairs.listeners.items, n_items=20).set_index("item")
    counts = probe.plays["artist"].tolil()
    item = data.pairs.listeners.items["artist"].index("null")
    rows = (counts[:, [item]].toarray().ravel() > 0)[probe.split.pairs].any(axis=1)
    counts[:, item] = 0
    split = probe.split.with_listening({**probe.plays, "artist": counts.tocsr()})
    after = predict(split[list(range(len(split)))])
    change = (after["friend"] - before["friend"]).abs()[torch.from_numpy(rows)].mean()
    assert table.loc["null", "change of friend score"] == approx(float(change))


def test_the_probe_of_all_pairs_predicts_what_the_test_split_gives(tmp_path: Path) -> None:
    published = muso(write_muso_files(tmp_path / "muso"))
    probe = Probe.of(published.pairs, lambda batch: {"x": batch["x"]}, max_pairs=400)
    test = published.pairs.vectors["test"]
    whole = test[list(range(len(test)))]["x"]
    torch.testing.assert_close(probe.columns()["x"], whole, equal_nan=True)


def test_at_most_so_many_pairs_are_probed_and_the_seed_draws_them(tmp_path: Path) -> None:
    data = hetrec(write_hetrec_files(tmp_path / "hetrec"), test_users=0.5, val_users=0.0)
    predict = only("artist", data)
    first, again = (Probe.of(data.pairs, predict, max_pairs=3) for _ in range(2))
    assert len(first.split) == 3 < len(data.pairs.vectors["test"])
    assert first.columns()["friend"].equal(again.columns()["friend"])


def test_permutations_repeat_with_the_seed(data: FriendDistanceData) -> None:
    probe = Probe.of(data.pairs, only("artist", data), max_pairs=400)
    before = probe.columns()
    first, _ = category_changes(probe, "artist", before, n_repeats=6, seed=1)
    again, _ = category_changes(probe, "artist", before, n_repeats=6, seed=1)
    assert first.tolist() == again.tolist()
    assert len(set(first)) > 1


def test_sections_have_a_table_and_a_figure(data: FriendDistanceData) -> None:
    found = sections(data, only("tag", data), n_repeats=1, n_items=1)
    assert [section.name for section in found] == [
        "sensitivity_categories",
        "sensitivity_items",
    ]
    assert all(section.table is not None and section.figure() for section in found)
    assert len(found[1].table) <= 4


@pytest.mark.parametrize(("order", "warned"), [("shuffled", True), ("fixed", False)])
def test_shuffled_tags_are_said_to_have_no_meaning(
    tmp_path: Path, order: str, warned: bool
) -> None:
    data = muso(write_muso_files(tmp_path / "muso"), nan="repaired", tag_order=order)
    for section in sections(data, only("artist", data)):
        assert "no better than null" in section.text
        assert ("no tag has a meaning" in section.text) == warned
