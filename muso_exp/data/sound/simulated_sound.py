"""The simulated world as a folder of sound: clips with a manifest, and LFM-1b's files beside."""

from pathlib import Path

import msgspec

from muso_exp.cache import cache_key, cached_folder
from muso_exp.options import Count, Options, Positive, Seed
from muso_exp.simulation.checked import simulated_world, small_worlds_refused
from muso_exp.simulation.lfm1b import write_lfm1b
from muso_exp.simulation.sound import choose_tracks, write_sounds

VERSION = 1  # raised when other files are written for the same arguments


class SoundWorld(Options, frozen=True, kw_only=True):
    """How much of the simulated world there is to hear.

    Attributes:
        users: users.
        artists: artists.
        genres: genres.
        clips: tracks with sound.
        per_artist: most of them of one artist.
        seconds: length of a clip.
        sample_rate: of the files, in Hz.
        seed: of the world.
    """

    users: Count
    artists: Count
    genres: Count
    clips: Count
    per_artist: Count
    seconds: Positive
    sample_rate: Count
    seed: Seed


def sound_folder(world: SoundWorld, cache: Path, workers: int) -> Path:
    """Return the folder of the world's sound, rendered once.

    Args:
        world: what is in it.
        cache: folder for prepared files.
        workers: processes that render; they do not change the result.

    Raises:
        ConfigError: the world is too small for so many clips.
    """

    def write(folder: Path) -> None:
        simulated = simulated_world(
            n_users=world.users,
            n_artists=world.artists,
            n_genres=world.genres,
            seed=world.seed,
        )
        with small_worlds_refused():
            tracks = choose_tracks(simulated, world.clips, world.per_artist)
            write_lfm1b(simulated, folder)
            write_sounds(simulated, tracks, folder, world.seconds, world.sample_rate, workers)

    return cached_folder(
        cache, cache_key("sound_world", VERSION, msgspec.structs.asdict(world)), write
    )
