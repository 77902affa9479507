"""Listening tables in Parquet: the same plays as of the same rows in CSV, and what is refused."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from made import made
from pyarrow.parquet import write_table

from muso_exp.errors import DataFormatError
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.formats.listening.msd import ReadOptions
from muso_exp.formats.listening.sources import SOURCES

ROWS = {
    "user_id": [7, 7, 12, 12, 3, 7],
    "artist": ["NA", "'quoted", "NA", "a\tb".replace("\t", " "), "Ö", "NA"],
    "track_name": ["one", "two", "one", "three", "one", "one"],
    "plays": [3, 1, 2, 4, 1, 5],
}


def read(root: Path, **options: object) -> Interactions:
    source = SOURCES["table"]
    return source.read(source.find(root), ReadOptions(root / "cache", **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.float64(), pa.string()])
def test_parquet_holds_the_same_plays_as_csv(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.table(ROWS)
    column = table["plays"].cast(pa.int64()).cast(kind)
    (tmp_path / "p").mkdir(), (tmp_path / "c").mkdir()
    write_table(table.set_column(3, "plays", column), tmp_path / "p" / "listens.parquet")
    rows = zip(*ROWS.values(), strict=True)
    lines = ["\t".join(map(str, row)) for row in [tuple(ROWS), *rows]]
    (tmp_path / "c" / "listens.tsv").write_text("\n".join(lines) + "\n")
    ours, same = read(tmp_path / "p"), read(tmp_path / "c")
    assert ours.plays.toarray().tolist() == same.plays.toarray().tolist()
    assert ours.plays.sum() == 16 and ours.plays.max() == 8
    assert ours.items.to_dict("list") == same.items.to_dict("list")
    assert ours.fingerprint() == same.fingerprint()


def test_a_data_set_is_read_from_a_parquet_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    user, item = (pa.array(rng.integers(0, 30, 600)) for _ in range(2))
    path = tmp_path / "listens.parquet"
    write_table(pa.table({"user": user, "artist": item}), path)
    data = made("plays", path, tmp_path / "cache", source="table")
    data.setup()
    assert data.data.plays.sum() == 600
    assert data.task.counts()["users"] == 30


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"plays": [3, 1, 0, 4, 1, 5]}, r"line 3, column plays.*from 1 to"),
        ({"plays": [3, 1, None, 4, 1, 5]}, r"line 3, column plays"),
        ({"plays": [3, 1.5, 2, 4, 1, 5]}, r"line 2, column plays"),
        ({"artist": ["a", "b", "c", "d", None, "f"]}, r"line 5, column artist.*a name is needed"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_its_number(
    tmp_path: Path, changed: dict, message: str
) -> None:
    write_table(pa.table(ROWS | changed), tmp_path / "listens.parquet")
    with pytest.raises(DataFormatError, match=message):
        read(tmp_path)


def test_rows_that_cannot_be_used_are_dropped_where_asked(tmp_path: Path) -> None:
    write_table(pa.table(ROWS | {"plays": [3, 1, 0, 4, 1, 5]}), tmp_path / "listens.parquet")
    data = read(tmp_path, bad_rows="drop")
    assert data.plays.sum() == 14
    assert {note.check: note.value for note in data.notes}["uncounted_rows"] == 1


def test_a_file_that_is_no_parquet_or_is_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "listens.parquet"
    path.write_text("user,artist\n1,a\n")
    with pytest.raises(DataFormatError, match="no Parquet file"):
        read(tmp_path)
    write_table(pa.table(ROWS), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataFormatError, match="no Parquet file"):
        read(tmp_path)


def test_a_table_without_users_is_refused(tmp_path: Path) -> None:
    write_table(pa.table({"artist": ["a"], "plays": [1]}), tmp_path / "listens.parquet")
    with pytest.raises(DataFormatError, match="user"):
        read(tmp_path)
