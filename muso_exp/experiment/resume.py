"""Whether a checkpoint is of the run that is to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from muso_exp.errors import CheckpointError
from muso_exp.experiment.renamed import modern
from muso_exp.experiment.settings import is_below
from muso_exp.training.checkpoint import flatten, read_checkpoint

SAID = "published"  # an option of every data set: what is said of the files changes no weight


def refuse_other_run(
    checkpoint: str, recipe: Mapping[str, Any], max_epochs: int | None, inert: Sequence[str]
) -> None:
    """Raise CheckpointError if a checkpoint cannot be resumed by this run.

    It is then of another data set, model or seed, or trained for longer.

    Args:
        checkpoint: a file that `find_checkpoint` returned.
        recipe: of this run (`muso_exp.training.callbacks.Recipe`).
        max_epochs: of this run's trainer; None or -1: no limit.
        inert: keys that cannot change a result.
    """
    saved = read_checkpoint(checkpoint, "meta")
    if not isinstance(saved.get("recipe"), dict):
        raise CheckpointError(f"ckpt={checkpoint}: not of a run of this program")
    then, now = (
        flatten({**one, **{part: modern(one.get(part) or {}) for part in ("dataset", "model")}})
        for one in (saved["recipe"], recipe)
    )
    for key in {**then, **now}:
        said = key.rpartition(".")[2] == SAID
        if then.get(key) != now.get(key) and not said and not is_below(key, inert):
            raise CheckpointError(
                f"ckpt={checkpoint}: another run: {key} is {then.get(key)!r} there and "
                f"{now.get(key)!r} here; resume with the settings of the run that was stopped"
            )
    trained = saved.get("epoch")
    if not isinstance(trained, int):
        raise CheckpointError(f"ckpt={checkpoint}: does not say how many epochs were trained")
    if max_epochs not in (None, -1) and trained > max_epochs:
        raise CheckpointError(
            f"ckpt={checkpoint}: {trained} epochs are trained already, and "
            f"trainer.max_epochs={max_epochs}; set it to {trained} or more"
        )
