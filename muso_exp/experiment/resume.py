"""Whether a checkpoint is of the run that is to go on."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from muso_exp.errors import CheckpointError
from muso_exp.experiment.defaults import ABSENT, default
from muso_exp.experiment.renamed import modern_parts
from muso_exp.experiment.settings import is_below
from muso_exp.training.checkpoint import flatten, read_checkpoint

log = logging.getLogger(__name__)

PARTS = ("dataset", "model")
SAID = "published"  # an option of every data set: what is said of the files changes no weight
UNSET = (None, ABSENT)


def refuse_other_run(
    checkpoint: str, recipe: Mapping[str, Any], max_epochs: int | None, inert: Sequence[str]
) -> None:
    """Raise CheckpointError if a checkpoint cannot be resumed by this run.

    It is then of another data set, model or seed, or trained for longer. An option that it does not
    name, because it is older than the option, had its default.

    Args:
        checkpoint: a file that `find_checkpoint` returned.
        recipe: of this run (`muso_exp.training.callbacks.Recipe`).
        max_epochs: of this run's trainer; None or -1: no limit.
        inert: keys that cannot change a result.
    """
    saved = read_checkpoint(checkpoint, "meta")
    if not isinstance(saved.get("recipe"), dict):
        raise CheckpointError(f"ckpt={checkpoint}: not of a run of this program")
    then, now = ({**one, **modern_parts(one)} for one in (saved["recipe"], recipe))
    there, here = flatten(then), flatten(now)
    for key in {**here, **there}:  # options of the data set before what follows from them
        if is_below(key, inert) or key.rpartition(".")[2] == SAID:
            continue
        one, other = _meant(then, there, key), _meant(now, here, key)
        if one != other and not (one in UNSET and other in UNSET):
            raise CheckpointError(
                f"ckpt={checkpoint}: another run: {key} is {one!r} there and {other!r} here; "
                "resume with the settings of the run that was stopped"
            )
        if key not in there and other is not None:
            log.info("ckpt: does not name %s; it had its default, %r", key, one)
    trained = saved.get("epoch")
    if not isinstance(trained, int):
        raise CheckpointError(f"ckpt={checkpoint}: does not say how many epochs were trained")
    if max_epochs not in (None, -1) and trained > max_epochs:
        raise CheckpointError(
            f"ckpt={checkpoint}: {trained} epochs are trained already, and "
            f"trainer.max_epochs={max_epochs}; set it to {trained} or more"
        )


def is_of_other_data(checkpoint: str, fingerprint: str) -> bool:
    """Return whether a checkpoint is known to be of other data than these.

    Args:
        checkpoint: a file that `find_checkpoint` returned.
        fingerprint: of the data.
    """
    then = read_checkpoint(checkpoint, "meta").get("fingerprint")
    if then in (None, fingerprint):
        return False
    log.warning("%s: of other data; the job begins anew", checkpoint)
    return True


def _meant(recipe: Mapping[str, Any], flat: Mapping[str, Any], key: str) -> Any:
    """Return the value of an option in a recipe: its default where the recipe does not name it.

    Args:
        recipe: with the options in their places of today.
        flat: the same, flattened.
        key: `model.spectrum.n_mels`.
    """
    if key in flat:
        return flat[key]
    part, _, option = key.partition(".")
    return default(recipe[part], option) if part in PARTS else None
