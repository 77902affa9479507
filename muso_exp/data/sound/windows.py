"""Batches of sound: random crops to train on, consecutive windows to evaluate on."""

from collections.abc import Callable, Iterator
from typing import Self

import numpy as np
import torch
from msgspec.structs import replace
from torch import Tensor
from torch.utils.data import Sampler

from muso_exp.data.base import BatchDataset
from muso_exp.errors import ConfigError
from muso_exp.options import Count, Options, ZeroOrMore
from muso_exp.records import Batch
from muso_exp.sound.clips import ClipOptions
from muso_exp.sound.store import AudioStore


class WindowOptions(Options, frozen=True, kw_only=True):
    """What a network is given of a clip.

    Attributes:
        n_samples: length of a window; 0: one window, as long as the clips of the store.
        eval_windows: windows of a clip that a prediction is averaged over, at most.
        crops_per_clip: random crops of each clip in a training epoch.
    """

    n_samples: ZeroOrMore
    eval_windows: Count
    crops_per_clip: Count = 1

    def fitted(self, clip: ClipOptions) -> Self:
        """Return these options with a length, and no more windows than fit into a clip.

        Raises:
            ConfigError: a clip is shorter than a window.
        """
        if self.n_samples == 0:
            return replace(self, n_samples=clip.n_samples, eval_windows=1)
        whole = clip.n_samples // self.n_samples
        if whole < 1:
            raise ConfigError(
                f"dataset.store.seconds={clip.seconds}: a window of {self.n_samples} samples at "
                f"{clip.sample_rate} Hz is {self.n_samples / clip.sample_rate:.2f} s long"
            )
        return replace(self, eval_windows=min(self.eval_windows, whole))


class Crops(BatchDataset):
    """Random crops of some clips, drawn anew each epoch from what is sound in them, not padding.

    A row of an epoch is one crop; `EpochBatches` asks for rows as epoch * n_rows + row, so that a
    crop depends on seed, epoch and row alone, whichever process cuts it.

    Args:
        store: of the clips.
        clips: numbers of clips in the store, shape (n_clips,).
        target: of each clip, shape (n_clips, ...).
        n_samples: length of a crop.
        per_clip: crops of each clip in an epoch.
        seed: of the draw.
        offset: of each clip, what is known of its target before, shape (n_clips, ...); None: none.

    Source: thesis section 6.1: one random crop of each clip an epoch. Deviation: none in clips
    without padding.
    """

    def __init__(
        self,
        store: AudioStore,
        clips: np.ndarray,
        target: Tensor,
        n_samples: int,
        per_clip: int,
        seed: int,
        offset: Tensor | None = None,
    ) -> None:
        self.store, self.clips, self.target, self.offset = store, clips, target, offset
        self.n_samples, self.per_clip, self.seed = n_samples, per_clip, seed
        self.room = (
            np.maximum(filled(store, clips) - n_samples, 0) + 1
        )  # places where one may begin
        self._epoch, self._places = -1, np.empty(0)

    def __len__(self) -> int:
        """Return the crops of an epoch."""
        return len(self.clips) * self.per_clip

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return x (B, n_samples), target (B, ...), row (B,), and offset where it is known."""
        epoch, row = np.divmod(np.asarray(rows), len(self))
        clip = row // self.per_clip
        starts = (self._draw(int(epoch[0]))[row] * self.room[clip]).astype(np.int64)
        x = self.store.crops(self.clips[clip], starts, self.n_samples)
        return {
            "x": torch.from_numpy(x),
            "target": self.target[torch.from_numpy(clip)],
            "row": torch.from_numpy(row),
            **_offset_of(self.offset, torch.from_numpy(clip)),
        }

    def _draw(self, epoch: int) -> np.ndarray:
        """Return a number from 0 to 1 for each row of an epoch, shape (n_rows,)."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._places = np.random.default_rng([self.seed, 0, epoch]).random(len(self))
        return self._places


class EpochBatches(Sampler[list[int]]):
    """The rows of `Crops` in batches, in an order that depends on seed and epoch alone.

    A last batch of a single row joins the one before it: batch normalisation needs two.

    Args:
        n_rows: rows of an epoch.
        batch_size: rows of a batch.
        seed: of the order.
        epoch: says which epoch it is.
    """

    def __init__(self, n_rows: int, batch_size: int, seed: int, epoch: Callable[[], int]) -> None:
        self.n_rows, self.seed, self.epoch = n_rows, seed, epoch
        self.bounds = list(range(0, n_rows, batch_size))
        if len(self.bounds) > 1 and n_rows - self.bounds[-1] == 1:
            self.bounds.pop()

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self.bounds)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the batches of the epoch that it is now."""
        epoch = self.epoch()
        order = np.random.default_rng([self.seed, 1, epoch]).permutation(self.n_rows)
        for rows in np.split(order + epoch * self.n_rows, self.bounds[1:]):
            yield rows.tolist()


class Windows(BatchDataset):
    """The first consecutive windows of some clips.

    Windows that would hold only padding are replaced by the clip's own ones again.

    Args:
        store: of the clips.
        clips: numbers of clips in the store, shape (n_clips,).
        target: of each clip, shape (n_clips, ...).
        n_samples: length of a window.
        n_windows: windows of a clip.
        offset: as of `Crops`.

    Source: thesis section 6.1: the first 5 adjacent windows. Deviation: the thesis averages over
    windows of padding too.
    """

    def __init__(
        self,
        store: AudioStore,
        clips: np.ndarray,
        target: Tensor,
        n_samples: int,
        n_windows: int,
        offset: Tensor | None = None,
    ) -> None:
        self.store, self.clips, self.target, self.offset = store, clips, target, offset
        self.n_samples, self.n_windows = n_samples, n_windows
        self.whole = np.maximum(filled(store, clips) // n_samples, 1)  # windows of sound

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.clips)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return x (B, n_windows, n_samples), target (B, ...), row (B,), and offset if known."""
        places = np.arange(self.n_windows) % self.whole[rows][:, None]  # (B, n_windows)
        clips = np.repeat(self.clips[rows], self.n_windows)
        x = self.store.crops(clips, self.n_samples * places.ravel(), self.n_samples)
        return {
            "x": torch.from_numpy(x).unflatten(0, (len(rows), self.n_windows)),
            "target": self.target[torch.tensor(rows)],
            "row": torch.tensor(rows),
            **_offset_of(self.offset, torch.tensor(rows)),
        }


class ClipVectors(BatchDataset):
    """One vector for each of some clips, in the place of its sound.

    Args:
        x: shape (n_clips, D), float32.
        target: shape (n_clips, ...).
    """

    def __init__(self, x: Tensor, target: Tensor) -> None:
        self.x, self.target = x, target

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.x)

    def __getitem__(self, rows: list[int]) -> Batch:
        """Return x (B, D), target (B, ...) and row (B,)."""
        return {"x": self.x[rows], "target": self.target[rows], "row": torch.tensor(rows)}


def _offset_of(offset: Tensor | None, clips: Tensor) -> Batch:
    return {} if offset is None else {"offset": offset[clips]}


def filled(store: AudioStore, clips: np.ndarray) -> np.ndarray:
    """Return how many samples of each clip are sound, not padding, shape (n_clips,)."""
    return store.index["n_filled"].to_numpy(dtype=np.int64)[clips]
