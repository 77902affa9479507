"""Errors of libraries and of the operating system that a user can mend, as one line."""

from __future__ import annotations

import difflib
import errno
import os
from typing import Any

from muso_exp.errors import (
    ConfigError,
    DivergedError,
    MusoError,
    is_out_of_memory,
    with_contexts,
)

NO_ROOM = {  # what a file answers that cannot grow, and what helps
    errno.ENOSPC: "free some, or set paths.outputs and paths.cache",
    errno.EDQUOT: "free some, or set paths.outputs and paths.cache",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)",
}
# What a place answers that is not writable, not readable, full, or a file instead of a folder.
REFUSED = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, *NO_ROOM),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
)

OF_A_PLUGIN = "one of your own package needs plugins=[PACKAGE]"

OF_A_CLUSTER = "it needs the extra cluster: pip install hydra-submitit-launcher"
LOST_PEERS = ("DistBackendError", "DistNetworkError")  # torch's, of NCCL; gloo has none of its own


def known_error(error: Exception) -> MusoError | None:
    """Return the error as one that the user can mend; None for a fault of the program."""
    if isinstance(error, MusoError):
        return error
    refusal = _refusal(error)
    if refusal is not None:
        place = "" if refusal.filename is None else f"{refusal.filename}: "
        if refusal.errno in NO_ROOM:  # in the system's words: Arrow has its own
            return MusoError(f"{place}{os.strerror(refusal.errno)}; {NO_ROOM[refusal.errno]}")
        return MusoError(f"{place}{refusal.strerror}")
    if is_out_of_memory(error):
        said = one_line(error) or "no more can be allocated"
        fix = "close programs, or set a smaller scale=, dataset.batch_size= or data set"
        return MusoError(f"out of memory: {said}; {fix}")
    if type(error).__name__.lstrip("_") == "LinAlgError":  # of numpy and scipy, of torch
        fix = "set the options of the model nearer to those of its file in conf/model"
        return DivergedError(f"what is solved is singular or not finite ({one_line(error)}); {fix}")
    if _is_lost_peer(error):
        return MusoError(
            "another process of this run has ended, or was killed; what it said stands above; "
            "ckpt=RUN_FOLDER resumes"
        )
    if _is_refused_by_lightning(error):
        return ConfigError(f"trainer: {one_line(error)}")
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, MissingConfigException):
        return ConfigError(_missing(error))
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        return ConfigError(one_line(error))
    return None


def _refusal(error: Exception) -> OSError | None:
    """Return what a place has refused: the error itself, or a full disk in whose wake it came.

    A library that cannot end its file either raises an error of its own then.
    """
    if isinstance(error, OSError) and error.errno in REFUSED:
        return error
    earlier = (one for one in with_contexts(error) if isinstance(one, OSError))
    return next((one for one in earlier if one.errno in NO_ROOM), None)


def _missing(error: Any) -> str:
    """Return what is said of a choice that is not there, Hydra's MissingConfigException."""
    fix = OF_A_CLUSTER if "launcher/submitit" in str(error) else OF_A_PLUGIN
    group, _, name = (error.missing_cfg_file or "").removesuffix(".yaml").rpartition("/")
    options = sorted(map(str, error.options or ()))
    if not group or not options:
        return f"{one_line(error)}; {fix}"
    near = difflib.get_close_matches(name, options, n=3, cutoff=0.5)
    asked = f"did you mean {', '.join(near)}?" if near else f"choose {', '.join(options)};"
    return f"{group}={name}: there is none; {asked} {fix[0].upper() + fix[1:] if near else fix}"


def _is_lost_peer(error: Exception) -> bool:
    """Return whether one of several processes that train together does not answer any more."""
    gloo = isinstance(error, RuntimeError) and "third_party/gloo" in str(error)
    return gloo or type(error).__name__ in LOST_PEERS


def _is_refused_by_lightning(error: Exception) -> bool:
    """Return whether Lightning itself refuses an argument of its Trainer, in training too."""
    if type(error).__name__ == "MisconfigurationException":
        return True
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    place = "" if innermost is None else innermost.tb_frame.f_globals.get("__name__", "")
    return isinstance(error, ValueError) and place.startswith("pytorch_lightning.")


def one_line(error: Exception) -> str:
    """Return what an error says, its lines joined."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines)
