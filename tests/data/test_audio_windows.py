"""Batches of sound: what is in a crop, and that it depends on seed, epoch and row alone."""

import numpy as np
import pandas as pd
import pytest
import torch

from muso_exp.data.sound.windows import Crops, EpochBatches, WindowOptions, Windows
from muso_exp.sound.clips import ClipOptions

LENGTH, FILLED = 100, [100, 100, 40, 25]


class CountingStore:
    """A store whose clip i holds 1000 i, 1000 i + 1, ... as far as it is filled, then zeros."""

    n_samples = LENGTH
    index = pd.DataFrame({"n_filled": FILLED})

    def crops(self, clips: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        rows = []
        for clip, start in zip(clips, starts, strict=True):
            wave = np.zeros(LENGTH, np.float32)
            wave[: FILLED[clip]] = 1000 * clip + np.arange(FILLED[clip]) + 1
            rows.append(wave[start : start + length])
        return np.array(rows)


def crops(seed: int = 0, per_clip: int = 2) -> Crops:
    target = torch.tensor([10, 20, 30])
    return Crops(CountingStore(), np.array([3, 0, 2]), target, 20, per_clip, seed)  # type: ignore[arg-type]


def test_a_crop_is_whole_and_never_padding() -> None:
    data = crops()
    batch = data[list(range(len(data)))]
    assert batch["x"].shape == (6, 20)
    assert (batch["x"] > 0).all()
    assert (batch["x"].diff(dim=1) == 1).all()
    assert batch["target"].tolist() == [10, 10, 20, 20, 30, 30]
    assert ((batch["x"][:, 0] // 1000).int().tolist()) == [3, 3, 0, 0, 2, 2]


def test_without_a_length_there_is_one_window_as_long_as_a_clip() -> None:
    clip = ClipOptions(sample_rate=50, seconds=2.0, crop="centre", min_seconds=0)
    whole = WindowOptions(n_samples=0, eval_windows=5).fitted(clip)
    assert (whole.n_samples, whole.eval_windows) == (LENGTH, 1)
    target = torch.zeros(2)
    windows = Windows(CountingStore(), np.array([0, 2]), target, LENGTH, 1)  # type: ignore[arg-type]
    assert windows[[0, 1]]["x"].shape == (2, 1, LENGTH)
    short = Crops(CountingStore(), np.array([2]), target[:1], LENGTH, 3, 0)[[0, 1, 2]]  # type: ignore[arg-type]
    assert (short["x"][:, 0] == 2001).all() and (short["x"][:, 40:] == 0).all()


def test_an_offset_goes_with_its_clip() -> None:
    offset, target = torch.tensor([[7.0], [8.0], [9.0]]), torch.zeros(3)
    clips = np.array([3, 0, 2])
    crop = Crops(CountingStore(), clips, target, 20, 2, 0, offset)  # type: ignore[arg-type]
    assert crop[[0, 1, 2, 5]]["offset"].ravel().tolist() == [7, 7, 8, 9]
    windows = Windows(CountingStore(), clips, target, 20, 2, offset)  # type: ignore[arg-type]
    assert windows[[2, 0]]["offset"].ravel().tolist() == [9, 7]
    assert "offset" not in crops()[[0]]


def test_a_crop_hangs_on_seed_epoch_and_row_alone() -> None:
    data, n = crops(), 6
    epoch_1 = [n + row for row in range(n)]
    first = data[epoch_1]["x"]
    assert not data[list(range(n))]["x"].equal(first)
    assert crops()[epoch_1[::-1]]["x"].flip(0).equal(first)
    assert crops()[[n + 4]]["x"][0].equal(first[4])
    assert not crops(seed=1)[epoch_1]["x"].equal(first)


def test_all_places_of_a_clip_are_drawn() -> None:
    data = Crops(CountingStore(), np.array([3]), torch.zeros(1), 20, 400, 0)  # type: ignore[arg-type]
    starts = data[list(range(400))]["x"][:, 0] - 3000 - 1
    assert set(starts.int().tolist()) == set(range(25 - 20 + 1))


def test_an_epoch_asks_for_every_row_once_in_an_order_of_its_own() -> None:
    now = [0]
    batches = EpochBatches(10, 4, seed=0, epoch=lambda: now[0])
    first = list(batches)
    assert [len(batch) for batch in first] == [4, 4, 2] and len(batches) == 3
    rows = np.concatenate(first).tolist()
    assert sorted(rows) == list(range(10))
    assert list(batches) == first
    now[0] = 3
    third = np.concatenate(list(batches)).tolist()
    assert sorted(third) == list(range(30, 40)) and [row - 30 for row in third] != rows


@pytest.mark.parametrize(("n_rows", "sizes"), [(9, [4, 5]), (1, [1]), (5, [5]), (8, [4, 4])])
def test_no_batch_of_one_row_where_there_are_more(n_rows: int, sizes: list[int]) -> None:
    batches = EpochBatches(n_rows, 4, seed=0, epoch=lambda: 0)
    assert [len(batch) for batch in batches] == sizes and len(batches) == len(sizes)


def test_windows_are_the_first_consecutive_ones_and_never_padding() -> None:
    clips = np.array([1, 2, 3])
    data = Windows(CountingStore(), clips, torch.arange(3), 20, 3)  # type: ignore[arg-type]
    x = data[[0, 1, 2]]["x"]
    assert x.shape == (3, 3, 20)
    assert x[:, :, 0].tolist() == [[1001, 1021, 1041], [2001, 2021, 2001], [3001, 3001, 3001]]
    assert data[[2]]["target"].tolist() == [2] and data[[2]]["row"].tolist() == [2]
