"""Bad tables and options of the clusters' data set: one line each, nothing half-written."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from damage import cut_gzip, refusal
from tiny_features import ready, table, write

from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError

message = partial(refusal, ready)


def spoiled(column: str, value: object, row: int = 4) -> pd.DataFrame:
    content = table().astype(object)
    content.loc[row, column] = value
    return content


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (spoiled("energy", np.nan), "line 6, column energy: a number from 0 to 1 is needed"),
        (spoiled("energy", "loud"), "line 6, column energy: a number from 0 to 1 is needed"),
        (spoiled("loudness", "inf"), "line 6, column loudness: a number from -60 to 5 is needed"),
        (spoiled("key", 12), "line 6, column key: a whole number from -1 to 11 is needed"),
        (spoiled("id", "track0001"), "line 6, column id: second row of the same track"),
        (table().drop(columns=["key", "mode"]), "no column for key, mode; leave the feature out"),
        (table().assign(valence=0.5), "column valence: one value in all train tracks"),
        (table().head(3), "3 clusters of 2 train tracks: 1 to 2 are possible"),
        (table().head(1), "dataset.n_train: 1 of 1 distinct tracks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_table_is_reported_in_one_line(
    content: pd.DataFrame, expected: str, tmp_path: Path
) -> None:
    assert expected in message(write(tmp_path, content), tmp_path)


def test_a_constant_feature_says_how_to_do_without_it(tmp_path: Path) -> None:
    text = message(write(tmp_path, table().assign(mode=1)), tmp_path)
    assert text.endswith("got 1.0; leave it out: 'dataset.drop=[mode]'")
    data = ready(tmp_path, tmp_path / "cache", drop=["mode"])
    assert data.dims["n_features"] == 9


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty; copy it anew"),
        (b"id,energy\n", "no rows below the header"),
        (b"id,energy\n1,0.5,7\n", "line 2: a row has 2 comma-separated columns, this one 3"),
        (b"\x89PNG\r\n\x1a\n\xff", "not utf-8"),
    ],
    ids=["empty", "header only", "long row", "no text"],
)
def test_a_bad_file_is_reported_in_one_line(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "track_features.csv").write_bytes(content)
    with pytest.raises(DataFormatError, match=r"track_features\.csv"):
        ready(tmp_path, tmp_path / "cache")
    assert expected in message(tmp_path, tmp_path)


def test_a_cut_gzip_file_is_reported_in_one_line(tmp_path: Path) -> None:
    cut_gzip("track_features.csv")(write(tmp_path))
    assert "damaged gzip file" in message(tmp_path, tmp_path)


def test_a_folder_without_the_table_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"not found: track_features.csv; put"):
        ready(tmp_path, tmp_path / "cache")
    assert "the folder itself" in message(tmp_path / "nowhere", tmp_path)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"scaling": "row"}, "scaling=row: one of none, global, per_feature, standard"),
        ({"duplicates": "last"}, "duplicates=last: one of refuse, first"),
        ({"train_share": 1.0}, "train_share=1.0: float < 1 is needed"),
        ({"curve": []}, r"dataset.curve=\[\]: different numbers of clusters are needed"),
        ({"curve": [2, 2]}, r"dataset.curve=\[2, 2\]: different numbers"),
        ({"reported": [1.0]}, "dataset.reported: a value for each of 3 numbers .*; got 1"),
        ({"n_listed": 0}, "n_listed=0: int >= 1 is needed"),
        ({"features": ["groove"]}, "dataset.features: no audio feature 'groove'"),
        ({"features": ["key"], "drop": ["key"]}, "dataset.drop leaves no feature"),
        ({"n_train": 80}, "dataset.n_train: 80 of 80 distinct tracks"),
        ({"n_clusters": 1000}, "1000 clusters of 60 train tracks: 1 to 60 are possible"),
        ({"curve": [2, 61]}, "61 clusters of 60 train tracks"),
        ({"n_clusters": 0}, "n_clusters=0: int >= 1 is needed"),
    ],
)
def test_an_impossible_option_is_refused(
    options: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=expected):
        ready(write(tmp_path), tmp_path / "cache", **options)


def test_a_world_with_too_few_tracks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such world can be simulated: 999999 tracks"):
        ready(None, tmp_path / "cache", world={"tracks": 999_999, "artists": 120})
