"""Checkpoints that are whole or absent, and finding them again."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io import TorchCheckpointIO

from muso_exp.errors import CheckpointError
from muso_exp.run_folders import require_one_run

# Settings of a data set that do not change what is learned.
PLACES = ("dataset.root", "dataset.cache", "dataset.num_workers", "dataset.download")


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
        require_one_run(f"ckpt={place}", path)
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


def refuse_other_recipe(checkpoint: str, recipe: Mapping[str, Any]) -> None:
    """Raise CheckpointError if a checkpoint is of another data set, model or seed than this run.

    Args:
        checkpoint: a file that `find_checkpoint` returned.
        recipe: of this run (`muso_exp.callbacks.Recipe`).
    """
    saved = torch.load(checkpoint, map_location="meta", weights_only=False).get("recipe")
    if saved is None:
        raise CheckpointError(f"ckpt={checkpoint}: not of a run of this program")
    then, now = flatten(saved), flatten(recipe)
    for key in {**then, **now}:
        if then.get(key) != now.get(key) and not key.startswith(PLACES):
            raise CheckpointError(
                f"ckpt={checkpoint}: another run: {key} is {then.get(key)!r} there and "
                f"{now.get(key)!r} here; resume with the settings of the run that was stopped"
            )


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return {"a.b": value} of a nested mapping."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        flat.update(flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value})
    return flat
