"""Tag probes on published lists: the split, the tracks of another set, one item of several."""

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from muso_exp.data.recommendation.probe_items import ProbeItems
from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.listening.interactions import Interactions, ItemTags
from muso_exp.formats.listening.msd import ReadOptions, SourceOptions, with_msd
from muso_exp.tasks.tagging.probe import ChosenItems, tag_rows

N_ITEMS = 40


def tagged(msd: bool = True) -> Interactions:
    """Items 0 to 39, each with one of two tags; item n is track Tn and song Sn."""
    items = pd.DataFrame({"id": np.arange(N_ITEMS), "artist": "A", "title": "t"})
    if msd:
        items["msd"] = [f"T{n} S{n}" for n in range(N_ITEMS)]
    weights = csr_matrix(np.eye(2)[np.arange(N_ITEMS) % 2])
    plays = csr_matrix(np.ones((3, N_ITEMS), dtype=np.int64))
    return Interactions(plays, np.arange(3), items, tags=ItemTags(weights, ["a", "b"]))


def parts(chosen: ChosenItems, data: Interactions | None = None) -> dict[str, list[int]]:
    data = data or tagged()
    rows = tag_rows(data, data.plays, 50, 0, chosen)
    assert rows is not None
    return {name: rows.items[own].tolist() for name, own in rows.rows.items()}


LISTED = {f"T{n}": ("train", "val", "test")[n % 3] for n in range(30)}


def test_items_are_in_the_part_of_their_listed_track_and_others_in_none() -> None:
    found = parts(ChosenItems(LISTED))
    assert found["train"] == list(range(0, 30, 3))
    assert found["test"] == list(range(2, 30, 3))


def test_items_may_be_listed_by_their_own_id() -> None:
    listed = {name.removeprefix("T"): part for name, part in LISTED.items()}
    assert parts(ChosenItems(listed), tagged(msd=False)) == parts(ChosenItems(LISTED))


def test_validation_and_test_alone_are_restricted_to_a_set_of_tracks() -> None:
    within = frozenset(f"S{n}" for n in range(12))
    found = parts(ChosenItems(LISTED, within))
    assert found["test"] == [2, 5, 8, 11] and found["val"] == [1, 4, 7, 10]
    assert found["train"] == list(range(0, 30, 3))


def test_all_parts_are_restricted_where_both_rows_need_the_same_tracks() -> None:
    within = frozenset(f"S{n}" for n in range(12))
    assert parts(ChosenItems(LISTED, within, "all"))["train"] == [0, 3, 6, 9]


def test_lists_that_leave_a_part_empty_leave_no_rows() -> None:
    data = tagged()
    assert tag_rows(data, data.plays, 50, 0, ChosenItems({"T1": "train"})) is None


@pytest.mark.parametrize("text", ["S1\nS2\n", "user1\tS1\t3\nuser2\tS2\t1\nuser2\tS1\t1\n"])
def test_ids_are_read_from_a_list_or_from_triplets(text: str, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text(text)
    assert ProbeItems(within=str(tmp_path / "ids.txt")).read().within == {"S1", "S2"}


def test_a_list_of_another_form_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("S1\nS2 S3\n")
    with pytest.raises(DataFormatError, match=r"line 2.*an id a line, or user, song and plays"):
        ProbeItems(within=str(tmp_path / "ids.txt")).read()
    with pytest.raises(DatasetNotFoundError, match=r"gone\.txt"):
        ProbeItems(within=str(tmp_path / "gone.txt")).read()


def test_a_published_split_is_read_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("id,split\nT1,train\nT2,test\n")
    assert ProbeItems(split_list=str(tmp_path / "split.csv")).read().parts == {
        "T1": "train",
        "T2": "test",
    }


def test_an_unknown_place_of_the_restriction_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"where": "train"}, ProbeItems)


def matched(tmp_path: Path, same_name: str) -> Interactions:
    """Twelve songs, each twice in the catalogue; the second entry is played more."""
    (tmp_path / "unique_tracks.txt").write_text(
        "".join(f"T{n}<SEP>S{n}<SEP>A<SEP>Song {n}\n" for n in range(12))
    )
    titles = [f"Song {n}" for n in range(12)] + [f"song {n}" for n in range(12)]
    items = pd.DataFrame({"id": np.arange(24), "artist": "A", "title": titles})
    plays = csr_matrix(np.repeat([[1, 5]], 12, axis=1))
    data = Interactions(plays, np.arange(1), items)
    files = {"unique_tracks": tmp_path / "unique_tracks.txt"}
    return with_msd(data, files, ReadOptions(tmp_path, reading=SourceOptions(same_name=same_name)))


def test_a_track_is_the_most_played_of_the_items_of_its_name(tmp_path: Path) -> None:
    msd = matched(tmp_path, "most_played").items["msd"].tolist()
    assert msd == [""] * 12 + [f"T{n} S{n}" for n in range(12)]


def test_or_an_arbitrary_one_of_them_and_always_the_same(tmp_path: Path) -> None:
    one, two = (matched(tmp_path, "arbitrary").items["msd"].tolist() for _ in range(2))
    assert one == two
    chosen = [bool(one[n]) for n in range(12)]
    assert 0 < sum(chosen) < 12  # some first entries, some second ones
    assert all(bool(one[n]) != bool(one[n + 12]) for n in range(12))
