from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_files import write_hetrec_files
from tiny_friends import friends, write_network

from muso_exp.data.friendship.splits import no_friends
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.networks import FRIENDS, MATCHED, RANDOM, edges, pair_keys, read_network
from muso_exp.tasks.friendship.audit import audit

SPLIT = {"test_share": 0.2, "fit_share": 0.1, "fit_folds": 3, "negatives": 4, "matched": "degree"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_network(tmp_path_factory.mktemp("network"))


def keys(pairs: np.ndarray) -> set[int]:
    return set(pair_keys(pairs, 60).tolist())


def test_held_out_friendships_are_in_no_graph(root: Path) -> None:
    data = friends(root, split=SPLIT)
    network = data.network
    every, held = keys(edges(network.whole)), keys(network.test.friends)
    assert len(held) == round(0.2 * len(every)) and held < every
    assert keys(edges(network.known)) == every - held
    for batch in (next(iter(data.train_dataloader())), next(iter(data.test_dataloader()))):
        assert keys(edges(read_network(batch))) == every - held


def test_the_folds_to_fit_on_are_known_and_differ(root: Path) -> None:
    network = friends(root, split=SPLIT).network
    fit = network.fit
    folds = [keys(fit.pairs[(fit.fold == f) & (fit.kind == FRIENDS)]) for f in range(3)]
    assert set(fit.fold.tolist()) == {0, 1, 2}
    assert len(set.union(*folds)) == sum(map(len, folds))
    assert set.union(*folds) < keys(edges(network.known))


@pytest.mark.parametrize("matched", ["degree", "ends"])
def test_pairs_that_stand_against_friends_are_no_friends(root: Path, matched: str) -> None:
    network = friends(root, split={**SPLIT, "matched": matched}).network
    for kind in (RANDOM, MATCHED):
        pairs = network.test.pairs[network.test.kind == kind]
        assert len(pairs) == 4 * len(network.test.friends)
        assert no_friends(network.whole, pairs).all()


def test_matched_pairs_have_the_degrees_of_friends(tmp_path: Path) -> None:
    root = write_network(tmp_path, n_users=400)
    network = friends(root, split=SPLIT).network
    degrees = network.known.degrees

    def product(kind: int) -> float:
        return float(np.log1p(degrees[network.test.pairs[network.test.kind == kind]]).sum(1).mean())

    apart = abs(product(RANDOM) - product(FRIENDS))
    assert abs(product(MATCHED) - product(FRIENDS)) < 0.3 * apart


def test_ends_are_users_of_held_out_friendships(root: Path) -> None:
    network = friends(root, split={**SPLIT, "matched": "ends"}).network
    matched = network.test.pairs[network.test.kind == MATCHED]
    assert set(matched.ravel()) <= set(network.test.friends.ravel())


def test_the_split_follows_the_seed(root: Path) -> None:
    first, again, other = (friends(root, seed=seed).network.test.pairs for seed in (0, 0, 1))
    assert (first == again).all() and first.tolist() != other.tolist()


def test_shuffled_listening_is_that_of_other_users(root: Path) -> None:
    own, shuffled = (friends(root, listening=how) for how in ("own", "shuffled"))
    before, after = own.network.whole.plays, shuffled.network.whole.plays
    assert sorted(np.diff(before.indptr)) == sorted(np.diff(after.indptr))
    assert (before != after).nnz > 0
    assert own.fingerprint != shuffled.fingerprint


def test_hetrec_files_are_read_too(tmp_path: Path) -> None:
    data = friends(write_hetrec_files(tmp_path))
    assert data.network.users == [str(number) for number in range(1, 12)]
    assert data.network.whole.friends.nnz == 20 and data.social.tags == ["tropicália", "rock", "NA"]
    assert not data.simulated


def test_without_a_root_a_world_is_simulated(cache: Path) -> None:
    world = {"users": 80, "artists": 500, "genres": 4, "seed": 0, "homophily": 1.4}
    data = friends(None, cache, world=world)
    assert data.simulated and data.network.whole.n_users <= 80


def test_notes_of_the_files_are_in_the_audit(tmp_path: Path) -> None:
    root = write_network(tmp_path)
    with (root / "edges.csv").open("a") as file:
        file.write("3,3\n0,stranger\n")
    found = {note.check: note.value for note in audit(friends(root).network)}
    assert found["self_loops"] == 1 and found["users_without_listening"] == 1
    assert found["held_out_friendships_in_the_graph"] == 0
    with pytest.raises(DataFormatError, match=r"1 friendships of a user with themselves"):
        friends(root, bad_rows="refuse")


def test_too_few_friendships_or_users_are_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset.split: of \d+ friendships \d+ are held out"):
        friends(root, split={**SPLIT, "test_share": 0.5, "fit_folds": 6})
    with pytest.raises(DataFormatError, match=r"8 users; at least 10 are needed"):
        friends(write_network(tmp_path, n_users=8, homophily=1.0))


def test_a_batch_in_parts_is_refused(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset.batch_size=64: must be 0"):
        friends(root, batch_size=64)


def test_rows_of_a_batch_stand_in_order(root: Path) -> None:
    data = friends(root)
    batch = next(iter(data.test_dataloader()))
    assert batch["row"].equal(torch.arange(len(data.task.target)))
    assert batch["target"].equal(data.task.target)
    assert (batch["pairs"].numpy() == data.task.units).all()
