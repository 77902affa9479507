"""Drawn plays of users and songs, four songs by each artist."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.formats.listening.interactions import Interactions


def interactions(seed: int = 0, n_users: int = 60, n_items: int = 40) -> Interactions:
    rng = np.random.default_rng(seed)
    plays = csr_matrix(rng.poisson(0.6, size=(n_users, n_items)))
    plays.sort_indices()
    artists = [f"artist {item // 4}" for item in range(n_items)]
    titles = [f"title {item}" for item in range(n_items)]
    items = pd.DataFrame({"id": np.arange(n_items), "artist": artists, "title": titles})
    return Interactions(plays, np.arange(n_users), items)
