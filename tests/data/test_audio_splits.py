"""Which clips are trained on and which tested."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from muso_exp.data.sound.splits import PARTS, SplitOptions, group_names, split_clips
from muso_exp.errors import ConfigError


def tracks(n: int = 60, per_artist: int = 3) -> pd.DataFrame:
    artists = [f"artist {i // per_artist}" if i % 10 else "" for i in range(n)]
    return pd.DataFrame({"track_id": [str(i) for i in range(n)], "artist": artists, "split": ""})


def split(table: pd.DataFrame, **options: object) -> dict[str, np.ndarray]:
    strata = np.arange(len(table)) % 4
    by = {"by": "artist", "list": None, "test_share": 0.2, "val_share": 0.1}
    given = {**by, "n_folds": 0, "fold": 0, **options}
    return split_clips(table, strata, msgspec.convert(given, SplitOptions), seed=0)


@pytest.mark.parametrize("options", [{}, {"n_folds": 5, "fold": 3}, {"by": "track"}])
def test_every_clip_is_in_one_part(options: dict) -> None:
    parts = split(tracks(), **options)
    assert sorted(np.concatenate([parts[name] for name in PARTS])) == list(range(60))
    assert len(parts["test"]) == pytest.approx(12, abs=3)


@pytest.mark.parametrize("options", [{}, {"n_folds": 5, "fold": 3, "val_share": 0.2}])
def test_no_artist_is_in_two_parts(options: dict) -> None:
    table = tracks()
    groups = group_names(table)
    parts = [set(groups[rows]) for rows in split(table, by="artist", **options).values()]
    assert all(one.isdisjoint(two) for i, one in enumerate(parts) for two in parts[:i])


def test_clips_of_unknown_artists_stand_alone_and_case_does_not_matter() -> None:
    table = pd.DataFrame({"track_id": ["1", "2", "3", "4"], "artist": ["", "", "ABBA", "abba "]})
    names = group_names(table)
    assert len(set(names)) == 3 and names[2] == names[3]


def test_where_an_artist_stands_does_not_hang_on_other_clips() -> None:
    table = tracks(300)
    whole = split(table)["test"]
    some = table.drop(index=[5]).reset_index(drop=True)
    fewer = split(some)["test"]
    names = set(table["track_id"].iloc[whole]), set(some["track_id"].iloc[fewer])
    assert len(names[0] ^ names[1]) <= 4  # but for the clips at the edge of the share


def test_folds_are_disjoint_and_hold_equal_shares_of_the_classes() -> None:
    table = tracks(80, per_artist=1)
    tests = [split(table, n_folds=4, fold=fold, val_share=0.0)["test"] for fold in range(4)]
    assert sorted(np.concatenate(tests)) == list(range(80))
    assert all(np.bincount(rows % 4).tolist() == [5, 5, 5, 5] for rows in tests)


def test_a_published_split_is_taken_and_validation_drawn_from_train_where_it_has_none() -> None:
    table = tracks()
    table.loc[:9, "split"] = "test"
    table.loc[20:, "split"] = "train"
    parts = split(table, by="published", val_share=0.1)
    assert parts["test"].tolist() == list(range(10))
    assert set(parts["train"]) | set(parts["val"]) == set(range(20, 60))
    table.loc[50:, "split"] = "val"
    assert split(table, by="published", val_share=0.1)["val"].tolist() == list(range(50, 60))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "album"}, "Invalid enum value 'album'"),
        ({"test_share": 1.0}, "Expected `float` < 1.0 - at `[$].test_share`"),
        ({"val_share": -0.1}, "Expected `float` >= 0.0 - at `[$].val_share`"),
        ({"n_folds": 1}, "n_folds=1: 0 or at least 2"),
        ({"n_folds": 3, "fold": 3}, "fold=3: 0 to 2 are there"),
        ({"n_folds": 70}, "n_folds=70: only 2[0-9] different artists"),
        ({"by": "published"}, "the tracks name no train and test"),
        ({"test_share": 0.001}, "no clip of 60 falls to test"),
    ],
)
def test_a_split_that_cannot_be_is_refused(options: dict, message: str) -> None:
    with pytest.raises((ConfigError, msgspec.ValidationError), match=message):
        split(tracks(), **options)
