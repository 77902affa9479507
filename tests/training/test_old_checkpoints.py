"""What earlier versions pickled is read from what the file says, and nothing of it is called."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from muso_exp.errors import CheckpointError
from muso_exp.features.tracks import Scaling
from muso_exp.training.checkpoint import read_checkpoint
from muso_exp.training.old_checkpoints import recorded_pickle, restored


def through_a_file(value: object, folder: Path) -> object:
    torch.save({"state_dict": {}, "value": value}, folder / "old.ckpt")
    return read_checkpoint(folder / "old.ckpt")["value"]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array([True, False]),
        np.array([1, 2], dtype=">i4"),
        np.zeros((0, 3)),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_an_array_comes_back(array: np.ndarray, tmp_path: Path) -> None:
    again = through_a_file({"deep": [array]}, tmp_path)["deep"][0]
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)


def test_a_table_comes_back_as_columns(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"id": ["a", "b"], "artist": ["NA", "Århus \U0001f3b5"], "x": [0.5, 1.0], "n": [1, 2]}
    )
    table["title"], table["y"] = ["", "null"], [2.5, 3.5]
    assert through_a_file(table, tmp_path) == table.to_dict("list")
    assert through_a_file(table.iloc[1:].reset_index(drop=True), tmp_path)["id"] == ["b"]


def test_an_absent_text_stays_absent(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": pd.Series(["a", None, "c"], dtype="str")})
    assert through_a_file(table, tmp_path) == {"id": ["a", None, "c"]}


def test_a_scaling_comes_back_as_its_state(tmp_path: Path) -> None:
    scaling = Scaling("standard", np.ones(2, np.float32), np.full(2, 3.0))
    again = Scaling.from_state(through_a_file(scaling, tmp_path))
    assert again.how == "standard" and again.shift.dtype == np.float32
    assert again.span.tolist() == [3, 3]


class Forged:
    """Pickles to an array of objects whose dtype says that its bytes are no objects.

    numpy itself would take the bytes for addresses.
    """

    def __reduce__(self) -> tuple:
        make, arguments, state = np.zeros(1, dtype=object).__reduce__()
        return make, arguments, (*state[:2], ForgedType(), False, b"\x01" * 8)


class ForgedType:
    def __reduce__(self) -> tuple:
        return np.dtype, ("O8", False, True), (3, "|", None, None, None, -1, -1, 0)


@pytest.mark.parametrize(
    "value",
    [Forged(), np.array([object], dtype=object), np.array(["text"]), np.datetime64("2026-01-01")],
    ids=["forged", "objects", "text", "time"],
)
def test_an_array_of_anything_but_numbers_is_refused(value: object, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"old\.ckpt: (not a readable|refused)"):
        through_a_file(value, tmp_path)


def test_a_part_of_an_object_is_no_value(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        through_a_file(slice(0, 1), tmp_path)
    with pytest.raises(ValueError, match=r"posix\.system is no value by itself"):
        restored(recorded_pickle(b"cposix\nsystem\n(Vtouch canary\ntR."))
    assert not Path("canary").exists() and os.system is not None


def test_bytes_that_are_no_pickle_are_refused() -> None:
    with pytest.raises(ValueError, match=r"not a pickle of plain objects \(UnpicklingError\)"):
        recorded_pickle(b"no pickle")
