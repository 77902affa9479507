"""Small networks in the files of each layout."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from made import made

from muso_exp.data.friends import Friends


def write_network(folder: Path, n_users: int = 60, homophily: float = 0.9, seed: int = 0) -> Path:
    """Two circles of taste; a friendship is within a circle with probability `homophily`."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    circle = np.arange(n_users) % 2
    likely = np.where(circle[:, None] == circle, homophily, 1 - homophily) * 0.3
    pairs = np.argwhere(np.triu(rng.random((n_users, n_users)) < likely, 1))
    rows = "".join(f"{one},{other}\n" for one, other in pairs)
    (folder / "edges.csv").write_text("node_1,node_2\n" + rows)
    likes = {
        str(user): [int(item) for item in range(20) if rng.random() < (0.5, 0.1)[(item + user) % 2]]
        for user in range(n_users)
    }
    (folder / "features.json").write_text(json.dumps(likes))
    return folder


def friends(root: Path | None, cache: Path | None = None, **options: Any) -> Friends:
    """The data set as conf/dataset/friends.yaml has it, set up; one fold to fit on.

    The cache lies beside the files where none is given.
    """
    if cache is None:
        cache = root.with_name(f"{root.name}-cache")
    split = {"test_share": 0.2, "fit_share": 0.2, "fit_folds": 1, "negatives": 3, "matched": "ends"}
    data = made("friends", root, cache, **{"split": split, **options})
    data.prepare_data()
    data.setup()
    return data
