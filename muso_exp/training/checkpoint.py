"""Checkpoints of tensors and plain values, whole or absent; finding them again."""

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.io import TorchCheckpointIO
from torch.serialization import safe_globals

from muso_exp.errors import CheckpointError, MusoError, with_contexts
from muso_exp.opening import begins_as_zip
from muso_exp.redaction import redact
from muso_exp.training.old_checkpoints import STAND_INS, restored
from muso_exp.training.run_folders import require_one_run

# What a state raises that does not fit what it is loaded into.
UNFIT = (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError)

_REFUSED = re.compile(r"GLOBAL (\S+)|reduce for unrecognized function (.+)")


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write beside the target, fsync and rename, so that a kill leaves no torn file.

    Reads tensors and plain values alone. States of callbacks hold paths: secrets in them are
    written as `***`.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save `checkpoint` at `path`; an older file there stays until the new one is whole.

        Raises:
            OSError: it cannot be written, as of a full disk.
        """
        checkpoint = checkpoint | {"callbacks": _redacted_texts(checkpoint.get("callbacks", {}))}
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        except RuntimeError as error:  # of torch, which cannot write the end of its archive either
            for earlier in with_contexts(error):
                if isinstance(earlier, OSError):
                    raise earlier from None
            raise
        finally:
            partial.unlink(missing_ok=True)

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Any = lambda storage, loc: storage,
        weights_only: bool | None = True,
    ) -> dict[str, Any]:
        """Read a checkpoint by `read_checkpoint`, whatever `weights_only` asks for."""
        return read_checkpoint(path, map_location)


def _redacted_texts(state: Any) -> Any:
    """Return a state of callbacks with the texts in it redacted; all else is the same object."""
    if isinstance(state, str):
        return redact(state)
    if isinstance(state, dict):
        return {key: _redacted_texts(value) for key, value in state.items()}
    return state


def read_checkpoint(path: str | Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint: tensors and plain values; nothing that it names is imported or called.

    Tables and arrays of earlier versions are read as plain values.

    Args:
        path: of the file.
        map_location: where tensors go, as for `torch.load`; "meta" reads their shapes alone.

    Raises:
        CheckpointError: no checkpoint, a damaged one, or one that holds anything else.
    """
    try:
        with safe_globals(STAND_INS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a pickle that is refused anyway
            saved = torch.load(path, map_location=map_location, weights_only=True)
        saved = restored(saved)
    except Exception as error:
        raise CheckpointError(f"{path}: {_why_not_read(path, error)}") from error
    if not isinstance(saved, dict) or not isinstance(saved.get("state_dict"), dict):
        raise CheckpointError(f"{path}: not a Lightning checkpoint: it has no state_dict")
    return saved


def _why_not_read(path: str | Path, error: Exception) -> str:
    refused = _REFUSED.search(str(error))
    if refused:
        name = refused.group(1) or refused.group(2)
        return f"refused: it holds {name}, and a checkpoint may hold tensors and plain values alone"
    if isinstance(error, OSError) and error.filename:
        return str(error.strerror)
    text = f"not a readable checkpoint ({type(error).__name__})"
    if Path(path).is_file() and not _begins_as_one(path):
        text = "not a readable checkpoint: a run folder or a .ckpt file of a run is needed"
    return text


def _begins_as_one(path: str | Path) -> bool:
    """Return whether a file begins as torch writes one: a zip archive, or of old a pickle."""
    with Path(path).open("rb") as file:
        return begins_as_zip(Path(path)) or file.read(1) == b"\x80"


def find_checkpoint(place: str) -> str:
    """Return the checkpoint file meant by `ckpt=...`: a file, or a run folder (its last one).

    Raises:
        CheckpointError: nothing there that could be resumed.
    """
    path = Path(place)
    if path.is_dir():
        require_one_run(f"ckpt={place}", path)
        path = path / "checkpoints" / "last.ckpt"
    if not path.is_file():
        raise CheckpointError(f"ckpt={place}: no checkpoint at {path}; give a .ckpt file or a run")
    read_checkpoint(path, "meta")
    return str(path)


def load_weights(checkpoint: str | Path, saved: dict[str, Any], model: pl.LightningModule) -> None:
    """Load the weights of a checkpoint that was read into a model.

    Raises:
        CheckpointError: they are of another model, or of another size.
    """
    try:
        model.on_load_checkpoint(saved)
        model.load_state_dict(saved["state_dict"])
    except UNFIT as error:
        raise CheckpointError(
            f"{checkpoint}: does not fit {type(model).__name__} ({_last_line(error)}); "
            "it is damaged, edited, or of an older version: train anew"
        ) from error


@contextmanager
def resuming(checkpoint: str | None, trainer: pl.Trainer) -> Iterator[None]:
    """Turn what a damaged checkpoint raises before training goes on into a CheckpointError."""
    began = _Began()
    trainer.callbacks.append(began)  # type: ignore[attr-defined]
    try:
        yield
    except UNFIT as error:
        if checkpoint is None or began.training or isinstance(error, MusoError):
            raise
        raise CheckpointError(
            f"ckpt={checkpoint}: damaged or edited: its state of the training cannot be taken up "
            f"({type(error).__name__}: {_last_line(error)})"
        ) from error


class _Began(pl.Callback):
    """Know whether training began."""

    training = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember it."""
        self.training = True


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return {"a.b": value} of a nested mapping."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        flat.update(flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value})
    return flat


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
