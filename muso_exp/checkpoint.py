"""Checkpoints that are whole or absent, and finding them again."""

import os
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io import TorchCheckpointIO

from muso_exp.errors import CheckpointError


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write beside the target, fsync and rename, so that a kill leaves no torn file."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save `checkpoint` at `path`; an older file there stays until the new one is whole."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def find_checkpoint(place: str) -> str:
    """Return the checkpoint file meant by `ckpt=...`: a file, or a run folder (its last one).

    Raises:
        CheckpointError: nothing there that could be resumed.
    """
    path = Path(place)
    if path.is_dir():
        path = path / "checkpoints" / "last.ckpt"
    if not path.is_file():
        raise CheckpointError(f"ckpt={place}: no checkpoint at {path}; give a .ckpt file or a run")
    try:
        state = torch.load(path, map_location="meta", weights_only=False)
    except Exception as error:
        raise CheckpointError(f"ckpt={place}: not a readable checkpoint ({error})") from error
    if not isinstance(state, dict) or "state_dict" not in state:
        raise CheckpointError(f"ckpt={place}: not a Lightning checkpoint: it has no state_dict")
    return str(path)
