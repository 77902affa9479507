"""Likes of Emotify's listener groups as plays."""

from pathlib import Path

import pytest
from made import made

from muso_exp.data.plays import Plays
from muso_exp.errors import DataFormatError

HEADER = "track id, genre, liked, disliked, age, gender, mother tongue\n"
ROWS = (
    "2,classical,1,0,21,1,English\n"
    "2,classical,1,0,21,1,English\n"
    "5,rock,1,0,21,1,English\n"
    "5,rock,0,1,40,0,Dutch\n"
    "2,classical,1,0,40,0,Dutch\n"
    "9,pop,1,0,21,0,English\n"
    "7,pop,0,0,33,1,Dutch\n"
)
MANIFEST = "file,track_id,id3_artist,id3_title\na.mp3,2,NA,First\nb.mp3,9,null,Second\n"


def read(root: Path, cache: Path, **options: object) -> Plays:
    few = {"min_user_items": 1, "candidates": "all"}  # too few plays for warm items
    given = {**few, "n_tags": 0, "test_share": 0.5, **options}
    data = made("plays", root, cache, source="emotify", **given)
    data.prepare_data()
    data.setup("fit")
    return data


def write(root: Path, annotations: str, manifest: str | None = MANIFEST) -> Path:
    (root / "annotations.csv").write_text(annotations)
    if manifest is not None:
        (root / "manifest.csv").write_text(manifest)
    return root


def test_a_group_of_one_age_gender_and_tongue_is_a_user_and_a_like_a_play(
    tmp_path: Path, cache: Path
) -> None:
    data = read(write(tmp_path, HEADER + ROWS), cache).data
    assert data.items["id"].tolist() == [2, 5, 9]
    assert data.plays.toarray().tolist() == [[0, 0, 1], [2, 1, 0], [1, 0, 0]]
    assert data.names == ["NA - First", "5", "null - Second"]


def test_the_notes_say_that_a_group_may_be_several_people(tmp_path: Path, cache: Path) -> None:
    notes = {note.check: note for note in read(write(tmp_path, HEADER + ROWS), cache).data.notes}
    groups = notes["listener_groups"]
    assert groups.value == 3 and groups.level == "warning"
    assert "of 4 in 7 answers" in groups.text and "may be several people; 1 groups" in groups.text
    assert notes["unnamed_items"].value == 1


def test_names_are_not_needed(tmp_path: Path, cache: Path) -> None:
    data = read(write(tmp_path, HEADER + ROWS, None), cache).data
    assert data.names == ["2", "5", "9"]


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        (HEADER.replace("liked,", "likes,", 1) + ROWS, "line 1: no column liked"),
        (HEADER + ROWS + "3,pop,1\n", "line 9: a row has 7 comma-separated columns, this one"),
        (HEADER + ROWS + "x,pop,1,0,21,1,Dutch\n", "column track id: a whole number >= 1"),
        (HEADER + ROWS + "3,pop,7,0,21,1,Dutch\n", "line 9, column liked: 0 or 1 is needed, got"),
        (HEADER + "3,pop,0,0,21,1,Dutch\n", "column liked: no answer with a like"),
        (HEADER, "no rows below the header"),
    ],
)
def test_annotations_of_another_form_are_refused(
    annotations: str, message: str, tmp_path: Path, cache: Path
) -> None:
    with pytest.raises(DataFormatError, match=message):
        read(write(tmp_path, annotations), cache)


@pytest.mark.data
def test_the_real_annotations(real_data: Path, cache: Path) -> None:
    data = read(real_data / "emotify-audio", cache).data
    assert data.plays.sum() == 3291
    assert (data.items["artist"] != "").sum() == 100
    assert data.plays[:, (data.items["artist"] != "").to_numpy()].sum() == 1594
