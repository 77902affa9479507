"""Further options of an experiment, typed as on the command line, and what may stand in them."""

from __future__ import annotations

import re
from pathlib import Path

from muso_exp.errors import ConfigError

GROUPS = ("model", "dataset", "trainer", "callbacks", "options", "sizes")  # and what is below them
KEYS = (
    "resamples",
    "headline",
    "objective",
    "monitor",
    "monitor_mode",
    "checkpoint_every",
    "rerun",
)
_VALUE = re.compile(r"[\w.,+\-\[\]:{}%]*")
_SHOWN = "model.lr=0.01 resamples=200"


def free_options(text: str) -> list[str]:
    """Return options, one `key=value` each, split at spaces.

    Anybody on this machine who can open the page can type here, so options that read or write
    elsewhere are refused: places, plugins, classes by name, and values that are paths.

    Raises:
        ConfigError: one that is no option, that the page does not take, or whose value is a path.
    """
    return [_checked(part) for part in text.split()]


def _checked(option: str) -> str:
    key, sign, value = option.partition("=")
    name = key.removeprefix("+")
    if not sign or not re.fullmatch(r"[a-z][\w.]*", name):
        raise ConfigError(f"{option}: no option; type key=value, such as {_SHOWN}")
    if "_target_" in option or (name.split(".")[0] not in GROUPS and name not in KEYS):
        known = ", ".join([*(f"{group}.*" for group in GROUPS), *KEYS])
        raise ConfigError(f"{name}: only these are taken here: {known}; others in a terminal")
    if not _VALUE.fullmatch(value) or _is_path(value):
        raise ConfigError(
            f"{option}: numbers, words and lists of them are taken here; a folder of real "
            "files has a field of its own"
        )
    return option


def _is_path(value: str) -> bool:
    """Return whether a value names something in the folder that the program was started in."""
    words = [word for word in re.split(r"[\[\],:{}]", value) if word.strip(".")]
    return any(Path(word).exists() for word in words)
