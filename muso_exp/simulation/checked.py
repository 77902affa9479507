"""The simulated world of every data set, with one line for sizes that make none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from muso_exp.errors import ConfigError
from muso_exp.options import Count, Options, Seed
from muso_exp.simulation.world import World, simulate_world


class WorldOptions(Options, frozen=True, kw_only=True):
    """Sizes of a simulated world.

    Attributes:
        users: how many.
        artists: how many.
        genres: how many.
        seed: of all draws.
    """

    users: Count
    artists: Count
    genres: Count
    seed: Seed

    def simulate(self) -> World:
        """Simulate the world.

        Raises:
            ConfigError: a size is too small.
        """
        return simulated_world(
            n_users=self.users, n_artists=self.artists, n_genres=self.genres, seed=self.seed
        )


def simulated_world(**sizes: Any) -> World:
    """Simulate a world; arguments as of `muso_exp.simulation.world.simulate_world`.

    Raises:
        ConfigError: a size is too small.
    """
    with small_worlds_refused():
        return simulate_world(**sizes)


@contextmanager
def small_worlds_refused() -> Iterator[None]:
    """Turn the ValueError of a simulation or of a writer of its files into a ConfigError."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(f"dataset.world: no such world can be simulated: {error}") from error
