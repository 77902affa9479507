from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from tiny_files import hetrec, muso, write_hetrec_files, write_muso_files

from muso_exp.data.friend_distance.listeners import hold_out
from muso_exp.data.friend_distance.pair_sampling import PairOptions, draw_pairs
from muso_exp.data.friend_distance.pair_vectors import PairVectoriser, VectorOptions
from muso_exp.errors import ConfigError
from muso_exp.metrics.separation import AccuracyWithin, ExactAccuracy, MeanAbsoluteError
from muso_exp.tasks.friend_distance.baselines import best_constant, null_columns

DISTANCES = np.array([[0, 1, 2, -1], [1, 0, 5, 3], [2, 5, 0, 1], [-1, 3, 1, 0]])


def draw(**changes: object) -> list[list[int]]:
    options = {"ordered": False, "max_dos": None, "max_pairs": None} | changes
    rng = np.random.default_rng(0)
    return draw_pairs(np.arange(4), DISTANCES, rng=rng, **options).pairs.tolist()


def test_pairs_without_distance_or_beyond_the_classes_are_left_out_and_counted() -> None:
    assert draw() == [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]]
    assert draw(max_dos=3) == [[0, 1], [0, 2], [1, 3], [2, 3]]
    found = draw_pairs(np.arange(4), DISTANCES, True, 3, None, np.random.default_rng(0))
    assert (found.n_candidates, found.n_without_path, found.n_beyond) == (12, 2, 2)
    assert found.dos.tolist() == [1, 2, 1, 3, 2, 1, 3, 1]


def test_pairs_of_some_users_keep_their_indices() -> None:
    found = draw_pairs(np.array([1, 3]), DISTANCES, True, None, None, np.random.default_rng(0))
    assert found.pairs.tolist() == [[1, 3], [3, 1]]
    assert found.dos.tolist() == [3, 3]


def test_bounded_pairs_are_a_uniform_sample_in_order() -> None:
    counts = np.zeros((4, 4))
    for seed in range(2000):
        rng = np.random.default_rng(seed)
        pairs = draw_pairs(np.arange(4), DISTANCES, False, None, 2, rng).pairs
        assert pairs.tolist() == sorted(pairs.tolist())
        counts[pairs[:, 0], pairs[:, 1]] += 1
    chosen = counts[counts > 0] / 2000
    assert len(chosen) == 5
    assert chosen == pytest.approx(2 / 5, abs=0.05)


def test_pair_order_is_one_of_two() -> None:
    with pytest.raises(ConfigError, match=r"dataset.test_pairs=both: choose one of unordered, ord"):
        PairOptions(test_pairs="both")


def test_held_out_users_are_a_share_and_none_where_the_share_is_zero() -> None:
    halves = hold_out(np.arange(10), 0.3, seed=0, what="val_users")
    assert (len(halves["kept"]), len(halves["held"])) == (7, 3)
    assert sorted([*halves["kept"], *halves["held"]]) == list(range(10))
    assert len(hold_out(np.arange(10), 0.0, seed=0, what="val_users")["held"]) == 0


def test_nulls_by_hand() -> None:
    target = torch.tensor([0, 0, 1, 3])
    nulls = null_columns(target, n_classes=4, n_rows=2)
    assert nulls["uniform"]["strategy"].tolist() == [[1 / 4] * 4] * 2
    assert nulls["train_prior"]["strategy"][0].tolist() == [2 / 4, 1 / 4, 0, 1 / 4]
    assert nulls["train_prior"]["friend"].tolist() == [2 / 4] * 2
    assert nulls["always_1"]["strategy"].tolist() == [[1, 0, 0, 0]] * 2
    assert set(nulls) == {"uniform", "train_prior", "always_1"} | {
        f"best_constant_{name}" for name in ("exact", "lt3", "le3", "mae")
    }


def test_best_constants_by_hand() -> None:
    train = np.array([0, 0, 4, 5, 6, 9])
    assert best_constant(train, 10, "acc_exact") == 1
    assert best_constant(train, 10, "acc_within_lt3") == 3  # 1, 1 and 5; no constant has more
    assert best_constant(train, 10, "acc_within_le3") == 4  # says 4: 1, 1, 5, 6 and 7 are in reach
    assert best_constant(np.array([0, 2, 9]), 10, "mae") == 3  # the median


def test_best_constant_scores_best_on_train_under_the_metric_itself() -> None:
    target = torch.from_numpy(np.random.default_rng(1).integers(0, 9, 50))
    metrics = {
        "acc_exact": ExactAccuracy(),
        "acc_within_lt3": AccuracyWithin(3, inclusive=False),
        "acc_within_le3": AccuracyWithin(3, inclusive=True),
        "mae": MeanAbsoluteError(),
    }
    for name, metric in metrics.items():
        scores = []
        for row in torch.eye(9, dtype=torch.float64):
            metric.reset()
            metric.update(strategy=row.repeat(50, 1), target=target)
            scores.append(float(metric.compute()) * (1 if metric.higher_is_better else -1))
        assert scores[best_constant(target.numpy(), 9, name) - 1] == pytest.approx(max(scores))


def test_statistics_are_fitted_on_train_users_only() -> None:
    options = VectorOptions("raw", "per_item", "as_published", "fixed")
    vectoriser = PairVectoriser(options, {"tag": csr_matrix([[4.0, 0.0], [0.0, 2.0]])}, seed=0)
    users = vectoriser.users({"tag": csr_matrix([[4.0, 1.0], [100.0, 0.0]])})
    assert users.blocks[0].tolist() == [[1, 0], [49, -1]]


def test_other_listening_gives_other_vectors_of_the_same_pairs(tmp_path: Path) -> None:
    data = muso(write_muso_files(tmp_path), categories=["artist"], nan="repaired")
    split = data.pair_splits["test"]
    same = split.with_listening(data.listeners.plays)
    assert torch.equal(same[[0, 1]]["x"], split[[0, 1]]["x"])
    silent = {"artist": csr_matrix(data.listeners.plays["artist"].shape)}
    batch = split.with_listening(silent)[[0, 1]]
    assert batch["x"].abs().sum() == 0
    assert torch.equal(batch["target"], split[[0, 1]]["target"])


def test_validation_loader_is_empty_unless_users_are_held_out(tmp_path: Path) -> None:
    assert muso(write_muso_files(tmp_path / "muso")).val_dataloader() == []
    data = hetrec(write_hetrec_files(tmp_path / "hetrec"), test_users=0.3, val_users=0.4)
    rows = [row for batch in data.val_dataloader() for row in batch["row"].tolist()]
    assert rows == list(range(len(data.drawn["val"].pairs)))


def test_an_epoch_visits_every_train_pair_once(tmp_path: Path) -> None:
    data = muso(write_muso_files(tmp_path), batch_size=4)
    batches = list(data.train_dataloader())
    assert [len(batch["row"]) for batch in batches] == [4, 2]
    assert sorted(row for batch in batches for row in batch["row"].tolist()) == list(range(6))
    whole = next(iter(muso(tmp_path, batch_size=0).train_dataloader()))
    assert whole["x"].shape == (6, data.dims["input_dim"])


def test_labels_of_a_batch_are_its_rows_labels(tmp_path: Path) -> None:
    data = muso(write_muso_files(tmp_path), batch_size=3)
    for batch in data.train_dataloader():
        dos = data.drawn["train"].dos[batch["row"].numpy()]
        assert (batch["target"].numpy() + 1).tolist() == dos.tolist()


def test_setup_twice_is_setup_once(tmp_path: Path) -> None:
    data = muso(write_muso_files(tmp_path))
    before = data.pair_splits
    data.setup("test")
    assert data.pair_splits is before
