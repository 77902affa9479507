"""Which playlists are continued, from which seeds, and which tracks are held out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.formats.playlist_tables import CHALLENGE, TRUTH, PlaylistCollection
from muso_exp.options import Options, SomeShare
from muso_exp.tasks.continuation.continuation import Continuation

MIN_HELD_OUT = 5  # tracks that a playlist needs beyond its seeds, as in the challenge
TITLE_ONLY = "title_only"
CATEGORIES = (
    TITLE_ONLY,
    *("title_first_1", "title_first_5", "first_5", "title_first_10", "first_10"),
    *("title_first_25", "title_random_25", "title_first_100", "title_random_100"),
)
"""The ten kinds of seeds of the challenge, in its order (readme of the challenge set)."""
_KIND = re.compile(r"(?P<title>title_)?(?P<order>first|random)_(?P<n>[1-9]\d{0,2})")


@dataclass(frozen=True)
class SeedKind:
    """What is known of a playlist: so many tracks, the first ones or drawn; its title or not."""

    name: str
    n: int
    at_random: bool

    @classmethod
    def of(cls, name: str) -> "SeedKind":
        """Return the seeds of a name such as `title_first_5`, `random_25` or `title_only`.

        Raises:
            ConfigError: no such name.
        """
        if name == TITLE_ONLY:
            return cls(name, 0, False)
        found = _KIND.fullmatch(name)
        if found is None:
            raise ConfigError(
                f"dataset.split.seeds: no seeds are called {name!r}; name them as in "
                f"{', '.join(CATEGORIES)}"
            )
        return cls(name, int(found["n"]), found["order"] == "random")

    def choose(self, tracks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return which of a playlist's tracks (n,) are seeds, shape (n,), bool."""
        chosen = np.zeros(len(tracks), dtype=bool)
        places = rng.choice(len(tracks), self.n, False) if self.at_random else np.arange(self.n)
        chosen[places] = True
        return chosen


class ContinuationSplit(Options, frozen=True, kw_only=True):
    """Which playlists are continued, from which seeds.

    Attributes:
        by: `challenge`, the challenge set against its truth; `holdout`, tracks held out of the
            slices or the table; `auto`, the challenge where its truth is at hand.
        seeds: kinds of seeds of `holdout`, see `SeedKind`.
        test_share: share of the playlists that are continued, of `holdout`.
    """

    by: Literal["auto", "challenge", "holdout"]
    seeds: list[str]
    test_share: SomeShare


def hold_out(
    data: PlaylistCollection, test_share: float, names: Sequence[str], seed: int
) -> Continuation:
    """Hold out tracks of some of the playlists, shared out evenly to kinds of seeds.

    Args:
        data: all playlists; those of a challenge are left out.
        test_share: share of the playlists to continue.
        names: kinds of seeds, see `SeedKind.of`; those that need most tracks choose first.
        seed: of the draws.

    Raises:
        ConfigError: an unknown kind of seeds, none, or no playlist is long enough.
    """
    kinds = [SeedKind.of(name) for name in names]
    if not kinds:
        raise ConfigError("dataset.split.seeds=[]: at least one kind of seeds is needed")
    rng = np.random.default_rng([seed, 0])
    chosen = np.flatnonzero((data.kinds != CHALLENGE) & (data.kinds != TRUTH))
    lists = [_once(data.of(int(playlist))) for playlist in chosen]
    lengths = np.array([len(tracks) for tracks in lists])
    quota = max(round(test_share * len(chosen) / len(kinds)), 1)
    category, n_short = _assign(lengths, kinds, quota, rng)
    known, held = [], []
    for tracks, kind in zip(lists, category, strict=True):
        is_seed = np.ones(len(tracks), bool) if kind is None else kind.choose(tracks, rng)
        known.append(tracks[is_seed])
        held.append(tracks[~is_seed])
    if all(kind is None for kind in category):
        raise ConfigError(
            f"dataset.split.seeds={list(names)}: no playlist has {MIN_HELD_OUT} tracks beyond "
            "its seeds"
        )
    labels = np.array(["" if kind is None else kind.name for kind in category])
    shape = (len(chosen), len(data.tracks))
    n_repeats = int(sum(len(data.of(int(p))) for p in chosen) - lengths.sum())
    return Continuation(
        chosen, _matrix(known, shape), _matrix(held, shape), labels, n_repeats, n_short
    )


def challenge(data: PlaylistCollection) -> Continuation:
    """Continue the playlists of the challenge set, held against its truth.

    Raises:
        ConfigError: the truth is of none of the challenge's playlists.
    """
    truth = {data.pids[row]: int(row) for row in np.flatnonzero(data.kinds == TRUTH)}
    chosen = np.flatnonzero(data.kinds != TRUTH)
    known = [_once(data.of(int(playlist))) for playlist in chosen]
    n_repeats = int(sum(len(data.of(int(p))) for p in chosen) - sum(map(len, known)))
    category = np.array([_category(data, int(playlist)) for playlist in chosen])
    held = []
    for playlist, tracks in zip(chosen, known, strict=True):
        row = truth.get(data.pids[playlist]) if data.kinds[playlist] == CHALLENGE else None
        hidden = np.zeros(0, dtype=np.int32) if row is None else data.of(row)
        held.append(np.setdiff1d(hidden, tracks))
    shape = (len(chosen), len(data.tracks))
    held_out = _matrix(held, shape)
    if held_out.nnz == 0:
        raise ConfigError("dataset.split=challenge: the truth is of no playlist of the challenge")
    return Continuation(chosen, _matrix(known, shape), held_out, category, n_repeats)


def _assign(
    lengths: np.ndarray, kinds: Sequence[SeedKind], quota: int, rng: np.random.Generator
) -> tuple[list[SeedKind | None], int]:
    """Return the seeds of each playlist, None for training, and how many could not be filled."""
    assigned: list[SeedKind | None] = [None] * len(lengths)
    left = rng.permutation(len(lengths))
    n_short = 0
    for kind in sorted(kinds, key=lambda kind: -kind.n):
        long_enough = lengths[left] >= kind.n + MIN_HELD_OUT
        taken = left[long_enough][:quota]
        for playlist in taken:
            assigned[playlist] = kind
        n_short += quota - len(taken)
        left = left[~np.isin(left, taken)]
    return assigned, n_short


def _category(data: PlaylistCollection, playlist: int) -> str:
    """Return the kind of seeds of a playlist of the challenge; "" for others."""
    if data.kinds[playlist] != CHALLENGE:
        return ""
    n = len(data.of(playlist))
    title = "" if data.names[playlist] is None else "title_"
    if n == 0:
        return TITLE_ONLY
    return f"{title}{'random' if data.at_random[playlist] else 'first'}_{n}"


def _once(tracks: np.ndarray) -> np.ndarray:
    """Return the tracks of a playlist in order, each once."""
    _, first = np.unique(tracks, return_index=True)
    return tracks[np.sort(first)]


def _matrix(lists: Sequence[np.ndarray], shape: tuple[int, int]) -> csr_matrix:
    """Return lists of different tracks as rows of ones, indices ascending."""
    crow = np.concatenate([[0], np.cumsum([len(tracks) for tracks in lists])])
    col = np.concatenate(lists).astype(np.int32)
    matrix = csr_matrix((np.ones(len(col), dtype=np.int64), col, crow), shape=shape)
    matrix.sort_indices()
    return matrix
