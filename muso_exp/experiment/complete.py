"""What a user's own class must have, asked before anything is trained."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl

from muso_exp.errors import ConfigError
from muso_exp.models.abilities import FoldsIn, only_known_users
from muso_exp.models.base import Model, Solver
from muso_exp.tasks.base import Task

_HELP = "see docs/extend.md"


def refuse_incomplete(built: Any, base: type) -> None:
    """Refuse a model or data set without the methods that a run calls.

    Args:
        built: by `build`.
        base: class of the program that it must extend; its abstract methods are those needed.

    Raises:
        ConfigError: another class, a method that is missing, or a model without `loss` and
            `training_step`, or one that is no solver without `configure_optimizers`.
    """
    kind = type(built)
    if not isinstance(built, base):
        raise ConfigError(
            f"{kind.__name__}: a subclass of {base.__module__}.{base.__name__} is needed; {_HELP}"
        )
    lacking = [name for name in dir(kind) if _is_abstract(kind, name)]
    if isinstance(built, Model) and not isinstance(built, Solver):
        trained = kind.loss is not Model.loss or kind.training_step is not Model.training_step
        lacking += [] if trained else ["loss"]
        descends = kind.configure_optimizers is not pl.LightningModule.configure_optimizers
        lacking += [] if descends else ["configure_optimizers"]
    if lacking:
        raise ConfigError(f"{kind.__name__} does not implement {', '.join(lacking)}; {_HELP}")


def refuse_unable(model: Any, task: Task) -> None:
    """Refuse a model that knows its users of training only, where a task asks about others.

    Raises:
        ConfigError: it does not fold in.
    """
    if task.new_users and not isinstance(model, FoldsIn):
        raise ConfigError(only_known_users(model))


def set_up(data: Any, base: type) -> Any:
    """Return a data set, once it has read and split its files.

    Args:
        data: built.
        base: see `refuse_incomplete`.

    Raises:
        ConfigError: it is incomplete, its `setup` leaves out what a run reads, or files that are
            said to be the published ones are known to be others.
        MusoError: of its files.
    """
    refuse_incomplete(data, base)
    data.prepare_data()
    try:
        data.setup("fit")
    except TypeError as error:
        if not str(error).startswith("Can't instantiate abstract class"):  # a task lacks a method
            raise
        raise ConfigError(f"{type(data).__name__}: {error}; {_HELP}") from error
    lacking = [name for name in ("name", "fingerprint", "dims") if not getattr(data, name, None)]
    lacking += [] if isinstance(getattr(data, "task", None), Task) else ["task"]
    if lacking:
        raise ConfigError(
            f"{type(data).__name__}: setup must set {', '.join(lacking)}, as those of "
            f"{base.__module__}.{base.__name__}; {_HELP}"
        )
    own = getattr(data, "published_fingerprint", "")
    if getattr(data, "stated", False) and own and data.fingerprint != own:
        raise ConfigError(
            f"dataset.published=true: the content of these files is not what was published "
            f"(fingerprint {data.fingerprint[:16]}, published {own[:16]}); leave it out"
        )
    return data


def _is_abstract(kind: type, name: str) -> bool:
    return getattr(getattr(kind, name, None), "__isabstractmethod__", False) is True
