"""The simulated world in the format of the Taste Profile: (user, song, plays)."""

import hashlib
from pathlib import Path
from typing import TextIO

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.simulation.msd import song_id, write_msd
from muso_exp.simulation.world import World

THINNING = 0.02  # share of the plays that went through this music service
TEST_USERS = 0.1  # share of the users whose songs are published in two halves


def write_taste_profile(world: World, folder: Path) -> None:
    """Write train_triplets, visible_triplets, hidden_triplets and the Million Song Dataset's files.

    The service saw only some of each user's plays: lists are short, as in the published data
    (48 songs a user). Test users' songs are divided into a visible and a hidden half.

    Args:
        world: where the plays come from.
        folder: an existing folder.

    Source: train_triplets.txt and the evaluation files of the Million Song Dataset Challenge.
    Deviation: users and songs are those of the simulated LFM-1b.
    """
    rng = np.random.default_rng([world.seed, 400])
    heard = csr_matrix(world.plays, copy=True)
    heard.data = rng.binomial(heard.data, THINNING)
    heard.eliminate_zeros()
    test = rng.random(world.n_users) < TEST_USERS
    places = {"train": folder / "train_triplets.txt"}
    places |= {name: folder / f"{name}_triplets.tsv" for name in ("visible", "hidden")}
    files = {name: path.open("w", encoding="utf-8", newline="\n") for name, path in places.items()}
    for user in range(world.n_users):
        row = slice(heard.indptr[user], heard.indptr[user + 1])
        songs, counts = heard.indices[row], heard.data[row]
        order = rng.permutation(len(songs))
        half = len(songs) // 2
        if not test[user] or half == 0:
            _write(files["train"], user, songs, counts)
        else:
            _write(files["visible"], user, songs[order[half:]], counts[order[half:]])
            _write(files["hidden"], user, songs[order[:half]], counts[order[:half]])
    for file in files.values():
        file.close()
    write_msd(world, folder)


def _write(file: TextIO, user: int, songs: np.ndarray, counts: np.ndarray) -> None:
    name = hashlib.sha1(f"listener {user}".encode(), usedforsecurity=False).hexdigest()
    file.writelines(
        f"{name}\t{song_id(song)}\t{plays}\n"
        for song, plays in zip(songs.tolist(), counts.tolist(), strict=True)
    )
