"""What every two-class model shares: a probability, a threshold, a decision."""

from abc import abstractmethod

import torch
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.thresholds import THRESHOLDS, best_f1_threshold, midrange
from muso_exp.models.base import Model, Solver
from muso_exp.records import Batch


class BinaryClassifier(Model):
    """A model whose `forward` returns the probability (B,) of the positive class.

    Its prediction columns are `probability` and `decision`, 1 from the threshold upwards. The
    threshold `validation` is learned at each validation and kept in the checkpoint;
    `test_midrange` is taken anew from every batch of predictions. Both need a whole split in one
    batch.

    Args:
        threshold: one of `muso_exp.features.thresholds.THRESHOLDS`, from the data set.

    Raises:
        ValueError: `threshold` is not known.
    """

    nonfinite_buffers = ("cut",)  # NaN: not learned yet

    cut: Tensor

    def __init__(self, threshold: str) -> None:
        super().__init__()
        if threshold not in THRESHOLDS:
            known = ", ".join(THRESHOLDS)
            raise ValueError(f"threshold must be one of {known}, got {threshold!r}")
        self.threshold = threshold
        self.register_buffer("cut", torch.tensor(torch.nan if threshold == "validation" else 0.5))

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return `probability` and `decision` (B,), float32.

        Raises:
            ConfigError: the threshold is that of validation, and there was none.
        """
        if self.cut.isnan():
            raise ConfigError(
                "threshold validation: there was no validation to learn it from; set "
                "trainer.check_val_every_n_epoch to trainer.max_epochs at most"
            )
        probability = self(batch["x"])
        cut = midrange(probability) if self.threshold == "test_midrange" else self.cut
        return {"probability": probability, "decision": (probability >= cut).float()}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Learn the threshold, where it is that of validation, then score the batch."""
        self._refuse_parts(batch_idx)
        if self.threshold == "validation":
            self.cut.copy_(best_f1_threshold(self(batch["x"]), batch["target"]))
        super().validation_step(batch, batch_idx)

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Score the batch."""
        self._refuse_parts(batch_idx)
        return super().test_step(batch, batch_idx)

    def _refuse_parts(self, batch_idx: int) -> None:
        if batch_idx > 0 and self.threshold != "half":
            raise ConfigError(
                f"threshold {self.threshold}: a split must come in one batch, this one has more"
            )


class BinarySolver(BinaryClassifier, Solver):
    """A two-class model that is solved on the whole train split: `dataset.batch_size=0`."""

    @abstractmethod
    def solve(self, batch: Batch) -> None:
        """Learn from the batch, which is the whole train split."""

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Solve on the batch.

        Raises:
            ConfigError: the split comes in several batches.
        """
        n_batches = self.trainer.num_training_batches
        if n_batches != 1:
            raise ConfigError(
                f"{type(self).__name__} is solved on the whole train split, got it in {n_batches} "
                "batches; set dataset.batch_size=0"
            )
        self.solve(batch)
