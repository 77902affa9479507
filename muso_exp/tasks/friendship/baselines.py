"""Null models of the friendship task: nothing, degrees, and the graph without any listening."""

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.graph_scores import preferential_attachment
from muso_exp.features.networks import pair_scores
from muso_exp.features.pair_fusion import Fusion, TreeOptions, fit_fusion, parts_without_friends
from muso_exp.tasks.friendship.split_network import SplitNetwork

GRAPH_ALONE = "graph_alone"


class Baselines:
    """The null models of a network; each is prepared once.

    Args:
        network: users, friendships and labelled pairs.
    """

    def __init__(self, network: SplitNetwork) -> None:
        self.network = network

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
            GRAPH_ALONE: self.graph_fusion.pair_scores(known, pairs),
        }
        return {
            name: {
                "affinity": torch.from_numpy(score),
                "matched_affinity": torch.from_numpy(matched),
            }
            for name, (score, matched) in scores.items()
        }
