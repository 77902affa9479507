"""The simulated world in the format of each source of plays."""

from collections.abc import Callable
from pathlib import Path

from muso_exp.errors import ConfigError
from muso_exp.simulation.checked import WorldOptions, small_worlds_refused
from muso_exp.simulation.hetrec import write_hetrec
from muso_exp.simulation.lfm1b import write_lfm1b
from muso_exp.simulation.muso import write_muso
from muso_exp.simulation.taste_profile import write_taste_profile
from muso_exp.simulation.world import World

VERSION = 2  # raised when other files are written for the same arguments
MUSO_SHARES = (10, 12)  # one user in so many is in the train or the test file of MuSo


def write_source(source: str, folder: Path, world: WorldOptions) -> None:
    """Simulate a world and write it as the files of a source.

    Args:
        source: name of the source.
        folder: an existing, empty folder.
        world: its sizes.

    Raises:
        ConfigError: no writer for this source, or the world is too small.
    """
    if source not in WRITERS:
        raise ConfigError(
            f"dataset.source={source}: not simulated, set dataset.root; simulated are "
            f"{', '.join(WRITERS)}"
        )
    with small_worlds_refused():
        WRITERS[source](world.simulate(), folder)


def _write_muso(world: World, folder: Path) -> None:
    n_train, n_test = (world.n_users // share for share in MUSO_SHARES)
    write_muso(world, folder, world.seed, n_train, n_test, (n_train, n_test))


WRITERS: dict[str, Callable[[World, Path], None]] = {
    "lfm1b": write_lfm1b,
    "taste_profile": write_taste_profile,
    "hetrec": write_hetrec,
    "muso": _write_muso,
}
