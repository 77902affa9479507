"""What all networks on sound share: heads, losses, windows, optimisers with staged rates."""

import logging
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
    normalize,
)

from muso_exp.models.base import Model
from muso_exp.models.stages import StagedLR
from muso_exp.options import Count, NotNegative, Positive, PositiveShare, Share, ZeroOrMore
from muso_exp.records import Batch

Optimizer = Literal["sgd", "adam"]
Head = Literal["factors", "regression", "tags", "genres"]
HEADS: tuple[Head, ...] = ("factors", "regression", "tags", "genres")
COLUMNS = {"factors": "preds", "regression": "preds", "tags": "scores", "genres": "probabilities"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Training:
    """How a network on sound is trained; see the arguments of `AudioModel`."""

    optimizer: Optimizer
    lr: float
    momentum: float
    weight_decay: float
    n_stages: int
    lr_factor: float
    patience: int
    lr_decay: float

    def make_optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        """Return the optimiser of the module's weights, fused: one pass over them."""
        weights = list(module.parameters())
        if self.optimizer == "adam":
            return torch.optim.AdamW(
                weights, lr=self.lr, weight_decay=self.weight_decay, fused=True
            )
        return torch.optim.SGD(
            weights,
            lr=self.lr,
            momentum=self.momentum,
            nesterov=self.momentum > 0,
            weight_decay=self.weight_decay,
            fused=True,
        )

    def make_stages(self, optimizer: torch.optim.Optimizer) -> StagedLR:
        """Return the schedule of the learning rate."""
        return StagedLR(optimizer, self.n_stages, self.lr_factor, self.patience, self.lr_decay)


class AudioModel(Model):
    """A network from a window of sound to a vector, with a dense head on top.

    A subclass implements `embed` and calls `finish` at the end of its constructor. Waveforms come
    as windows x (B, S) or as W windows of each clip, (B, W, S); what is predicted of a clip is the
    mean over its windows. Of the head depends what a window's output is, and its loss:

    - `factors`: linear, each window's output divided by its L2 norm where `normalise` is set, as
      its target then is too; mean squared error over rows and outputs;
    - `regression`: linear; mean squared error against the targets as they are;
    - `tags`: sigmoid; binary cross-entropy, the mean over rows and tags;
    - `genres`: softmax; cross-entropy against the number of the genre.

    A batch may hold what is known of each target before, `offset` (B, n_outputs): of head `factors`
    or `regression` it is added to the outputs of every window.

    A stage that ends gives way to the next one at the best weights of the one before, with the
    momentum forgotten; after the last stage training stops.

    Args:
        head: from the data set.
        n_outputs: from the data set.
        n_samples: length of a window in samples, from the data set.
        optimizer: `sgd`, with Nesterov momentum where momentum is not 0, or `adam` (AdamW).
        lr: learning rate of the first stage.
        momentum: of SGD.
        weight_decay: L2 penalty on all weights (decoupled with `adam`).
        n_stages, lr_factor, patience, lr_decay: see `muso_exp.models.stages.StagedLR`.

    Attributes:
        embedding_dim: length of the inner representation, for a probe on the frozen network.

    Raises:
        ValueError: an unknown head, no outputs, or a window of another length than the network's.

    Source: thesis section 6.1 and document 5, section V-D (mean over windows, MSE); the training
    code that the thesis adapted (stages reload the best weights; the thesis does not say so).
    """

    embedding_dim: int

    def __init__(
        self,
        head: str,
        n_outputs: int,
        n_samples: int,
        optimizer: Optimizer = "adam",
        lr: Positive = 1e-3,
        momentum: Share = 0.0,
        weight_decay: NotNegative = 0.0,
        n_stages: Count = 1,
        lr_factor: PositiveShare = 0.2,
        patience: ZeroOrMore = 0,
        lr_decay: NotNegative = 0.0,
    ) -> None:
        super().__init__()
        check_head(head, n_outputs)
        self.head, self.n_outputs, self.n_samples = head, n_outputs, n_samples
        self.training_plan = Training(
            optimizer, lr, momentum, weight_decay, n_stages, lr_factor, patience, lr_decay
        )
        self.lr = lr
        self._best: dict[str, Tensor] = {}

    def finish(self, embedding_dim: int, dropout: float, normalise: bool) -> None:
        """Put dropout and the dense head on top of a vector of this length.

        Args:
            embedding_dim: length of the vector.
            dropout: share of it that is dropped in training.
            normalise: divide outputs of head `factors`, and their targets, by their norms.
        """
        self.embedding_dim = embedding_dim
        self.normalise = normalise and self.head == "factors"
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(embedding_dim, self.n_outputs)
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

    @abstractmethod
    def embed(self, x: Tensor) -> Tensor:
        """Return the inner representation (B, embedding_dim) of windows x (B, S).

        It ends with the vector that the dense head is put on.
        """

    def forward(self, x: Tensor) -> Tensor:
        """Return the head's outputs (B, n_outputs), averaged over windows, of x (B, [W,] S)."""
        return self._outputs(self._run(x)[0]).mean(dim=1)

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return the head's column, averaged over windows.

        It is `preds` of factors and regression, `scores` of tags, `probabilities` of genres, each
        (B, n_outputs) float32.
        """
        return self._columns(self._logits(batch))

    def embedding(self, x: Tensor) -> Tensor:
        """Return the inner representation of x (B, [W,] S), averaged over windows.

        Shape (B, embedding_dim), float32.
        """
        return self._run(x)[1].mean(dim=1)

    def loss(self, batch: Batch) -> Tensor | None:
        """Return the mean loss over all windows of a batch, shape ()."""
        return self._criterion(self._logits(batch), batch["target"])

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return the optimiser and its staged learning rate."""
        optimizer = self.training_plan.make_optimizer(self)
        stages = self.training_plan.make_stages(optimizer)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": stages, "interval": "step"},
        }

    def on_train_epoch_end(self) -> None:
        """Let the validation loss of this epoch decide whether a stage ends."""
        trainer = self.trainer
        validated = (trainer.current_epoch + 1) % (trainer.check_val_every_n_epoch or 1) == 0
        loss = trainer.callback_metrics.get("val/loss")
        if self.training_plan.patience == 0 or loss is None or not validated:
            return
        scheduler = self.lr_schedulers()
        loss = trainer.strategy.reduce(loss.to(self.device))  # all processes decide alike
        progress = scheduler.progress(float(loss))  # type: ignore[union-attr]
        if progress == "better":
            state = self.state_dict()
            self._best = {name: value.to("cpu", copy=True) for name, value in state.items()}
        elif progress == "next stage":
            self.load_state_dict(self._best)
            self.optimizers(use_pl_optimizer=False).state.clear()  # type: ignore[union-attr]
            log.info("stage %d begins at the best weights so far", scheduler.stage + 1)  # type: ignore[union-attr]
        elif progress == "over":
            trainer.should_stop = True

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the best weights of the stage, which the next stage starts from."""
        checkpoint["best_of_stage"] = self._best

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the best weights of the stage back."""
        self._best = checkpoint.get("best_of_stage", {})

    def _run(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, W, n_outputs) and embeddings (B, W, D), a window at a time.

        So a clip of W windows takes no more memory than a window.
        """
        windows = (x if x.ndim == 3 else x[:, None]).unbind(dim=1)  # W times (B, S)
        if windows[0].shape[-1] != self.n_samples:
            raise ValueError(
                f"the network takes windows of {self.n_samples} samples, "
                f"got {windows[0].shape[-1]}; make dataset.n_samples agree with the model"
            )
        embedded = [self.embed(window) for window in windows]  # W times (B, D)
        size = self.dense.in_features  # the head sees the last layer's vector
        logits = [self.dense(self.dropout(window[:, -size:])) for window in embedded]  # W x (B, O)
        return torch.stack(logits, dim=1).float(), torch.stack(embedded, dim=1).float()

    def _logits(self, batch: Batch) -> Tensor:
        """Return the logits of a batch (B, W, n_outputs), what is known before added."""
        logits, _ = self._run(batch["x"])
        return logits if "offset" not in batch else logits + batch["offset"][:, None]

    def _outputs(self, logits: Tensor) -> Tensor:
        found = head_outputs(self.head, logits)
        return normalize(found, dim=-1) if self.normalise else found

    def _columns(self, logits: Tensor) -> dict[str, Tensor]:
        return {COLUMNS[self.head]: self._outputs(logits).mean(dim=1)}  # (B, O)

    def _criterion(self, logits: Tensor, target: Tensor) -> Tensor:
        if self.normalise:
            logits, target = self._outputs(logits), normalize(target.float(), dim=-1)
        return head_loss(self.head, logits, target)

    def _judged(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor | None]:
        logits = self._logits(batch)
        return self._columns(logits), self._criterion(logits, batch["target"])


def check_head(head: str, n_outputs: int) -> None:
    """Refuse a head that is not known, or one without outputs.

    Raises:
        ValueError: an unknown head, or no outputs.
    """
    if head not in HEADS:
        raise ValueError(f"head must be one of {', '.join(HEADS)}, got {head!r}")
    if n_outputs < 1:
        raise ValueError(f"n_outputs must be at least 1, got {n_outputs}")


def head_outputs(head: str, logits: Tensor) -> Tensor:
    """Return what a head says of logits (..., n_outputs): probabilities of tags and of genres."""
    if head == "tags":
        return logits.sigmoid()
    return logits.softmax(dim=-1) if head == "genres" else logits


def head_loss(head: str, logits: Tensor, target: Tensor) -> Tensor:
    """Return the mean loss over all windows, shape ().

    Args:
        head: of HEADS.
        logits: of each window, shape (B, W, n_outputs).
        target: of each clip, shape (B,) of genres, else (B, n_outputs).
    """
    each = target.repeat_interleave(logits.shape[1], dim=0)  # (B * W, ...)
    flat = logits.flatten(0, 1)  # (B * W, n_outputs)
    if head == "genres":
        return cross_entropy(flat, each.long())
    if head == "tags":
        return binary_cross_entropy_with_logits(flat, each.float())
    return mse_loss(flat, each.float())
