"""The rows of the task: test clips, and how alike each is to all others by metadata."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.factor_scaling import unit_rows
from muso_exp.records import Columns
from muso_exp.tasks.sound_clips import SoundClips


@dataclass(frozen=True)
class SongPairs:
    """Clips, their likeness by what a model is set beside, and what the null models know.

    Attributes:
        clips: with the likeness to all clips as targets, shape (n_clips, n_clips), float32; NaN
            between clips of one artist.
        shuffled: the vectors that a model is given, dealt out anew among the clips, (n_clips, D).
        loudness: of each clip, shape (n_clips, 3).
        inputs: what a model is given.
        against: what its likeness is set beside.
    """

    clips: SoundClips
    shuffled: np.ndarray
    loudness: np.ndarray
    inputs: str
    against: str

    def target(self) -> Tensor:
        """Return the likeness of the test clips to all clips, (n_rows, n_clips)."""
        return self.clips.targets_of(self.clips.parts["test"])

    def nulls(self) -> dict[str, Columns]:
        """Return the likeness by null models, `similarity` (n_rows, n_clips) each.

        `random`: all alike; `shuffled_vectors`: by the vectors of other clips; `pooled_loudness`:
        minus the distance of the standardised levels.
        """
        test = self.clips.parts["test"]
        units = unit_rows(self.shuffled)
        spread = self.loudness.std(axis=0)
        loud = self.loudness / np.where(spread > 0, spread, 1)
        distance = np.linalg.norm(loud[test][:, None] - loud[None], axis=2)
        found = {
            "random": np.zeros_like(distance),
            "shuffled_vectors": units[test] @ units.T,
            "pooled_loudness": -distance,
        }
        return {
            name: {"similarity": torch.from_numpy(values.astype(np.float32))}
            for name, values in found.items()
        }
