"""Null models of the friendship task: nothing, degrees, and the graph without any listening."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import scipy
import sklearn
import torch
from torch import Tensor

from muso_exp.cache import cache_key, cached_file
from muso_exp.features.graph_scores import preferential_attachment
from muso_exp.features.networks import RowScores, block_scores, pair_scores
from muso_exp.features.pair_fusion import (
    DECAYS,
    LENGTHS,
    N_DIMS,
    STEPS,
    Fusion,
    TreeOptions,
    fit_fusion,
    parts_without_friends,
)
from muso_exp.features.ranking import Places, Rows, place_blocks
from muso_exp.tasks.friendship.split_network import SplitNetwork

GRAPH_ALONE = "graph_alone"
VERSION = 1  # of its scores; raised with a change of `muso_exp.features.pair_fusion` and its parts


class Baselines:
    """The null models of a network; each is prepared once.

    What the graph alone says is kept in the cache: runs of other models on the same friendships,
    split and seed read it.

    Args:
        network: users, friendships and labelled pairs.
        cache: folder of the cache; None keeps nothing.
    """

    def __init__(self, network: SplitNetwork, cache: Path | None = None) -> None:
        self.network, self.cache = network, cache

    @cached_property
    def graph_fusion(self) -> Fusion:
        """Trees over the graph scores alone: the null of "taste helps".

        They are grown on the same friendships in the same way as those of
        `muso_exp.models.friend_fusion`, which see the listening too.
        """
        fit, known = self.network.fit, self.network.known
        parts = parts_without_friends(known, fit.pairs, fit.kind, fit.fold)
        return fit_fusion(parts, ("graph",), TreeOptions())

    @cached_property
    def pair_columns(self) -> dict[str, dict[str, Tensor]]:
        """`affinity` and `matched_affinity` of the test pairs by null model."""
        known, pairs = self.network.known, self.network.test.pairs
        none = np.zeros(len(pairs), dtype=np.float32)
        degree = pair_scores(preferential_attachment(known.friends), pairs, known.n_users)
        scores = {
            "random": (none, none),
            "degree_product": (degree, degree),
            GRAPH_ALONE: self._graph_pair_scores(),
        }
        return {
            name: {
                "affinity": torch.from_numpy(score),
                "matched_affinity": torch.from_numpy(matched),
            }
            for name, (score, matched) in scores.items()
        }

    def graph_places(self, users: np.ndarray, seen: Rows, held: Rows) -> Places:
        """Return where the graph alone ranks held-out friends among all users.

        Args:
            users: of the lists, shape (n,).
            seen: users that are not suggested to each, n lists.
            held: held-out friends of each, n lists.
        """

        def ranked() -> dict[str, np.ndarray]:
            known = self.network.known
            score_rows, _ = self.graph_fusion.row_scores(known)
            return friend_places(score_rows, users, seen, held, known.n_users)._asdict()

        return Places(**self._kept("places", [users, *seen, *held], ranked))

    def _graph_pair_scores(self) -> tuple[np.ndarray, np.ndarray]:
        """Return both scores of the test pairs, each (n_pairs,), float32."""
        known, pairs = self.network.known, self.network.test.pairs

        def scored() -> dict[str, np.ndarray]:
            affinity, matched = self.graph_fusion.pair_scores(known, pairs)
            return {"affinity": affinity, "matched": matched}

        found = self._kept("pairs", [pairs], scored)
        return found["affinity"], found["matched"]

    def _kept(
        self,
        name: str,
        asked: Sequence[np.ndarray],
        make: Callable[[], dict[str, Any]],
    ) -> dict[str, np.ndarray]:
        """Return what the graph alone says, from the cache where it is there.

        The key holds all that the scores depend on: the known friendships, the pairs that the trees
        are grown on and their folds, how they are grown, and what is asked.
        """
        if self.cache is None:
            return make()
        fit, friends = self.network.fit, self.network.known.friends
        learned = friends.indptr, friends.indices, fit.pairs, fit.kind, fit.fold
        params: dict[str, Any] = {
            "trees": msgspec.structs.asdict(TreeOptions()),
            "features": [DECAYS, STEPS, LENGTHS, N_DIMS],
            "n_users": self.network.known.n_users,
            "by": [np.__version__, scipy.__version__, sklearn.__version__],
        }
        key = cache_key(f"{GRAPH_ALONE}_{name}", VERSION, params, _hashed([*learned, *asked]))
        path = cached_file(self.cache, key, "scores.npz", lambda path: np.savez(path, **make()))
        with np.load(path, allow_pickle=False) as kept:
            return {part: kept[part] for part in kept.files}


def friend_places(
    score_rows: RowScores, users: np.ndarray, seen: Rows, held: Rows, n_users: int
) -> Places:
    """Return where held-out friends rank among all users; see `Baselines.graph_places`."""
    return place_blocks(
        lambda start, stop: block_scores(score_rows, users[start:stop], n_users),
        *(seen, held, n_users),
        n_top=0,
        users=users,
    )


def _hashed(arrays: Sequence[np.ndarray]) -> str:
    """Return the hash of whole numbers, any shapes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array, dtype=np.int64).tobytes())
    return digest.hexdigest()
