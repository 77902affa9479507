"""What the runner adds to a training: the loss over epochs, test predictions, a recipe."""

import logging
import random
import shutil
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, RichProgressBar
from torch import Tensor

from muso_exp.figures.common import loss_figure
from muso_exp.records import Section
from muso_exp.redaction import redacted

log = logging.getLogger(__name__)


class ProgressBar(RichProgressBar):
    """Lightning's rich progress bar without the run's id, which is in the tracker."""

    def get_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, Any]:
        """Return what stands behind the bar."""
        shown = super().get_metrics(trainer, pl_module)
        shown.pop("v_num", None)
        return shown

    def _get_train_description(self, current_epoch: int) -> str:
        """Count epochs from one; leave out how many where only the steps are bounded."""
        most = self.trainer.max_epochs or -1
        return f"Epoch {current_epoch + 1}" + (f"/{most}" if most > 0 else "")


class BestCheckpoint(ModelCheckpoint):
    """Keep the epoch that validates best, of the run that is resumed too.

    Lightning forgets the best epoch where the folder is another one.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the best checkpoint over into this run's folder, with its score."""
        earlier = Path(state_dict["best_model_path"])
        if state_dict["dirpath"] != self.dirpath and self.dirpath:
            if not earlier.is_file():
                if state_dict["best_model_path"]:
                    log.warning("%s is gone: the best of the epochs from here on is kept", earlier)
                return
            own = Path(self.dirpath) / earlier.name
            shutil.copy2(earlier, own)
            score = state_dict["best_model_score"]
            state_dict = state_dict | {
                "dirpath": self.dirpath,
                "best_model_path": str(own),
                "kth_best_model_path": str(own),
                "kth_value": score,
                "best_k_models": {str(own): score},
            }
        super().load_state_dict(state_dict)


class LastCheckpoint(ModelCheckpoint):
    """Keep the last epoch, to resume from; each one takes the place of the one before."""

    @property
    def state_key(self) -> str:
        """Return the key of Lightning's own class, under which older checkpoints name it."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__, 1)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take nothing over: the run that is resumed may lie in another folder."""


class LossHistory(pl.Callback):
    """Keep the mean loss of each epoch, by stage; survives a resume."""

    def __init__(self) -> None:
        self.points: dict[str, list[tuple[int, float]]] = defaultdict(list)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Append the epoch's `train/loss`, where it was logged."""
        self._append(trainer, "train")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Append `val/loss`, where it was logged; not every epoch need have a validation."""
        if not trainer.sanity_checking:
            self._append(trainer, "val")

    def sections(self) -> list[Section]:
        """Return the loss over epochs as a section of the report, where there is one."""
        if not self.points:
            return []
        text = "The loss after each epoch, or each sweep of a solver: what it minimises."
        return [Section("loss", "Loss over epochs", text, figure=partial(loss_figure, self.points))]

    def _append(self, trainer: pl.Trainer, stage: str) -> None:
        loss = trainer.callback_metrics.get(f"{stage}/loss")
        if loss is not None:
            self.points[stage].append((trainer.current_epoch + 1, float(loss)))
            self.points = defaultdict(list, sorted(self.points.items()))  # train comes first

    def state_dict(self) -> dict[str, Any]:
        """Return the points so far."""
        return {"points": dict(self.points)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the points of the run that is resumed; to test its best checkpoint adds none."""
        if not self.points:
            self.points = defaultdict(list, state_dict["points"])


class RandomState(pl.Callback):
    """Put the random generators into each checkpoint, so that a resumed run ends as it would have.

    Exact where a checkpoint is taken at the end of an epoch, on one device.
    """

    def __init__(self) -> None:
        self._resumed: dict[str, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        """Return the states of Python, numpy and torch."""
        devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        name, keys, *rest = np.random.get_state(legacy=True)
        return {
            "python": random.getstate(),
            "numpy": (name, np.asarray(keys).tolist(), *rest),
            "torch": torch.get_rng_state(),
            "devices": devices,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the states until training goes on: what comes before draws numbers too.

        Raises:
            ValueError, TypeError, RuntimeError: a damaged state; known before training goes on.
        """
        random.Random().setstate(state_dict["python"])
        np.random.RandomState().set_state(state_dict["numpy"])
        torch.Generator().set_state(state_dict["torch"].cpu())
        self._resumed = state_dict

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Set the generators to where the checkpoint left them."""
        if self._resumed:
            random.setstate(self._resumed["python"])
            np.random.set_state(self._resumed["numpy"])
            torch.set_rng_state(self._resumed["torch"].cpu())
            # The loader drew its base seed before this hook, and would have drawn it after.
            torch.empty((), dtype=torch.int64).random_()
            if self._resumed["devices"] and torch.cuda.is_available():
                torch.cuda.set_rng_state_all([state.cpu() for state in self._resumed["devices"]])
            self._resumed = {}


class Recipe(pl.Callback):
    """Put into each checkpoint what builds its data set and model again, without the run folder.

    Args:
        dataset: `_target_` and arguments of the data set.
        model: the same of the model, with what it got from the data set.
        seed: of the run.
        fingerprint: of the data, which a folder does not say.
    """

    def __init__(
        self, dataset: dict[str, Any], model: dict[str, Any], seed: int, fingerprint: str = ""
    ) -> None:
        self.recipe = {"dataset": dataset, "model": model, "seed": seed}
        self.fingerprint = fingerprint

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the recipe to what is saved; arguments are saved without secrets."""
        checkpoint["recipe"] = self.recipe
        checkpoint["fingerprint"] = self.fingerprint
        for name in ("hyper_parameters", "datamodule_hyper_parameters"):
            if name in checkpoint:
                checkpoint[name] = redacted(checkpoint[name])


class TestPredictions(pl.Callback):
    """Keep what `test_step` returned, in row order; each process tests all rows."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    def __init__(self) -> None:
        self.columns: dict[str, Tensor] = {}
        self._batches: list[dict[str, Tensor]] = []

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep one batch of prediction columns."""
        self._batches.append({name: value.detach().cpu() for name, value in outputs.items()})

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Join the batches and sort by `row`.

        Raises:
            RuntimeError: a row is missing, or was tested twice.
        """
        names = self._batches[0].keys()
        joined = {name: torch.cat([batch[name] for batch in self._batches]) for name in names}
        rows, order = joined.pop("row").sort()
        self.columns = {name: value[order] for name, value in joined.items()}
        self._batches = []
        if (rows != torch.arange(len(rows))).any():
            raise RuntimeError(f"test rows are missing or repeated: {len(rows)} rows")
