"""Some songs of a collection of playlists, drawn: what fits into a memory, as document 4 did."""

from dataclasses import replace

import numpy as np

from muso_exp.errors import ConfigError
from muso_exp.formats.playlist_tables import SLICE, PlaylistCollection


def draw_songs(data: PlaylistCollection, n_songs: int, seed: int) -> PlaylistCollection:
    """Return the playlists with n_songs of their songs, drawn uniformly; empty ones are left out.

    Args:
        data: playlists of slices or tables.
        n_songs: how many; all of them where there are no more.
        seed: of the draw.

    Raises:
        ConfigError: playlists of a challenge, whose kinds of seeds are counts of their songs.

    Source: document 4, "Pre-processing" ("we randomly selected 10,000 songs from this dataset").
    """
    if not (data.kinds == SLICE).all():
        raise ConfigError(
            f"dataset.n_songs={n_songs}: the challenge's seeds are counted with all songs; set "
            "dataset.split.by=holdout"
        )
    n_all = len(data.tracks)
    if n_songs >= n_all:
        return data
    kept = np.zeros(n_all, dtype=bool)
    kept[np.random.default_rng([seed, 1]).choice(n_all, n_songs, replace=False)] = True
    number = np.cumsum(kept, dtype=np.int32) - 1
    stays = kept[data.entries]
    before = np.concatenate([[0], np.cumsum(stays)])
    lengths = np.diff(before[data.starts])
    left = lengths > 0
    if not left.any():
        raise ConfigError(f"dataset.n_songs={n_songs}: no drawn song is in any playlist")
    return replace(
        data,
        pids=data.pids[left],
        names=data.names[left],
        kinds=data.kinds[left],
        at_random=data.at_random[left],
        starts=np.concatenate([[0], np.cumsum(lengths[left])]),
        entries=number[data.entries[stays]],
        tracks=data.tracks[kept].reset_index(drop=True),
    )
