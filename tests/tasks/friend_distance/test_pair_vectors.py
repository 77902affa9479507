from pathlib import Path

import torch
from scipy.sparse import csr_matrix
from tiny_files import muso, write_muso_files

from muso_exp.tasks.friend_distance.pair_vectors import PairVectoriser, VectorOptions


def test_statistics_are_fitted_on_train_users_only() -> None:
    options = VectorOptions(
        plays="raw", normalisation="per_item", nan="as_published", tag_order="fixed"
    )
    vectoriser = PairVectoriser(options, {"tag": csr_matrix([[4.0, 0.0], [0.0, 2.0]])}, seed=0)
    users = vectoriser.users({"tag": csr_matrix([[4.0, 1.0], [100.0, 0.0]])})
    assert users.blocks[0].tolist() == [[1, 0], [49, -1]]


def test_other_listening_gives_other_vectors_of_the_same_pairs(tmp_path: Path) -> None:
    data = muso(write_muso_files(tmp_path), categories=["artist"], nan="repaired")
    split = data.pairs.vectors["test"]
    same = split.with_listening(data.pairs.listeners.plays)
    assert torch.equal(same[[0, 1]]["x"], split[[0, 1]]["x"])
    silent = {"artist": csr_matrix(data.pairs.listeners.plays["artist"].shape)}
    batch = split.with_listening(silent)[[0, 1]]
    assert batch["x"].abs().sum() == 0
    assert torch.equal(batch["target"], split[[0, 1]]["target"])
