from pathlib import Path

import numpy as np
import pytest
from made import made
from tiny_files import hetrec, muso, write_hetrec_files, write_muso_files

from muso_exp.data.friend_distance.listeners import hold_out
from muso_exp.data.friend_distance.pair_sampling import draw_pairs, equal_shares
from muso_exp.errors import ConfigError

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


@pytest.mark.parametrize(
    ("available", "total", "shares"),
    [
        ([0, 5, 40, 500], 60, [0, 5, 27, 28]),
        ([0, 500, 40, 5], 60, [0, 28, 27, 5]),
        ([3, 3], 6, [3, 3]),
        ([9, 9, 9], 7, [2, 2, 3]),
    ],
)
def test_groups_get_equal_shares_and_the_small_ones_all_they_have(
    available: list[int], total: int, shares: list[int]
) -> None:
    assert equal_shares(np.array(available), total).tolist() == shares


def test_by_distance_rare_distances_are_drawn_whole() -> None:
    distances = np.full((30, 30), 3)
    distances[0, 1:4] = distances[1:4, 0] = 1
    np.fill_diagonal(distances, 0)
    rng = np.random.default_rng(0)
    drawn = draw_pairs(np.arange(30), distances, False, None, 20, rng, "by_distance")
    assert np.bincount(drawn.dos).tolist() == [0, 3, 0, 17]
    assert drawn.available.tolist() == [0, 3, 0, 30 * 29 / 2 - 3]
    assert len(np.unique(drawn.pairs, axis=0)) == 20
    assert (distances[drawn.pairs[:, 0], drawn.pairs[:, 1]] == drawn.dos).all()


def test_the_audit_says_how_many_friends_are_tested_and_how_pairs_were_drawn(
    tmp_path: Path,
) -> None:
    files = write_hetrec_files(tmp_path / "hetrec")
    data = hetrec(files, test_users=0.5, val_users=0.0, max_test_pairs=4, sampling="by_distance")
    drawn = data.pairs.drawn["test"]
    counts = np.bincount(drawn.dos, minlength=len(drawn.available))
    assert counts.sum() == 4 < drawn.available.sum()
    finding = {f.check: f for f in data.task.audit(None)}["friends_in_test"]
    assert (finding.value, finding.level) == (counts[1], "warning")
    assert f"of DOS 1, 2, ...: {counts[1]} of {drawn.available[1]}, " in finding.text


def test_pair_order_is_one_of_two() -> None:
    with pytest.raises(ConfigError, match=r"pairs.test_pairs=both: one of unordered, ordered is n"):
        made("muso", None, "unused", test_pairs="both")


def test_held_out_users_are_a_share_and_none_where_the_share_is_zero() -> None:
    halves = hold_out(np.arange(10), 0.3, seed=0, what="val_users")
    assert (len(halves["kept"]), len(halves["held"])) == (7, 3)
    assert sorted([*halves["kept"], *halves["held"]]) == list(range(10))
    assert len(hold_out(np.arange(10), 0.0, seed=0, what="val_users")["held"]) == 0


def test_validation_loader_is_empty_unless_users_are_held_out(tmp_path: Path) -> None:
    assert muso(write_muso_files(tmp_path / "muso")).val_dataloader() == []
    data = hetrec(write_hetrec_files(tmp_path / "hetrec"), test_users=0.3, val_users=0.4)
    rows = [row for batch in data.val_dataloader() for row in batch["row"].tolist()]
    assert rows == list(range(len(data.pairs.drawn["val"].pairs)))


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
        dos = data.pairs.drawn["train"].dos[batch["row"].numpy()]
        assert (batch["target"].numpy() + 1).tolist() == dos.tolist()


def test_setup_twice_is_setup_once(tmp_path: Path) -> None:
    data = muso(write_muso_files(tmp_path))
    before = data.pairs.vectors
    data.setup("test")
    assert data.pairs.vectors is before
