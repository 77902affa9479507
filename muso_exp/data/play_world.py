"""The simulated world in the format of each source of plays."""

from collections.abc import Callable, Mapping
from pathlib import Path

from muso_exp.errors import ConfigError

VERSION = 1  # raised when other files are written for the same arguments


def write_source(source: str, folder: Path, world: Mapping[str, int]) -> None:
    """Simulate a world and write it as the files of a source.

    Args:
        source: name of the source.
        folder: an existing, empty folder.
        world: arguments of `simulate_world`.

    Raises:
        ConfigError: no writer for this source.
    """
    if source not in WRITERS:
        raise ConfigError(
            f"dataset.source={source}: not simulated, set dataset.root; simulated are "
            f"{', '.join(WRITERS)}"
        )
    WRITERS[source](folder, world)


WRITERS: dict[str, Callable[[Path, Mapping[str, int]], None]] = {}
