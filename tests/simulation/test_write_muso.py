import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from muso_exp.features.graph import chain_relations, dilation_distances
from muso_exp.simulation.muso import walk_chains, write_muso
from muso_exp.simulation.world import World, simulate_world

CATEGORIES = ["top_artists", "top_albums", "top_tracks", "top_tags"]
N_KEPT = {"train": 12, "test": 8}


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(n_users=400, n_artists=2000, n_genres=6, seed=1)


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("muso")
    write_muso(world, folder, seed=0, n_train=12, n_test=8)
    return folder


def listening(folder: Path, split: str) -> dict[str, dict[str, dict[str, int]]]:
    return json.loads((folder / f"{split}_listening.json").read_text(encoding="utf-8"))


def matrix(folder: Path, split: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{split}_dos.csv", index_col=0, keep_default_na=False)


def chain(folder: Path, split: str) -> list[str]:
    return pd.read_csv(folder / f"{split}_chain.csv")["user"].tolist()


@pytest.mark.parametrize("split", ["train", "test"])
def test_matrix_and_listening_hold_the_same_users_in_the_same_order(
    folder: Path, split: str
) -> None:
    dos = matrix(folder, split)
    assert list(listening(folder, split)) == list(dos.index) == list(dos.columns)
    assert len(dos) == N_KEPT[split]


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_category_holds_one_to_a_hundred_positive_counts(folder: Path, split: str) -> None:
    for user in listening(folder, split).values():
        assert list(user) == CATEGORIES
        for items in user.values():
            assert 1 <= len(items) <= 100
            assert min(items.values()) > 0


@pytest.mark.parametrize("category", CATEGORIES[:3])
def test_lists_run_from_the_most_played_down(folder: Path, category: str) -> None:
    for user in listening(folder, "train").values():
        counts = list(user[category].values())
        assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("split", ["train", "test"])
def test_labels_are_the_dilation_of_the_chain_and_friends_files(folder: Path, split: str) -> None:
    users = chain(folder, split)
    friends = pd.read_csv(folder / f"{split}_friends.csv")
    pairs = [friends[column].map(users.index) for column in ("user", "friend")]
    shape = (len(users), len(users))
    adjacency = csr_matrix((np.ones(len(friends)), pairs), shape=shape)
    label = dilation_distances(
        chain_relations(csr_matrix(adjacency + adjacency.T), range(shape[0]))
    )
    dos = matrix(folder, split)
    places = [users.index(user) for user in dos.index]
    assert (label[np.ix_(places, places)] == dos.to_numpy()).all()


def test_chain_lengths_keep_the_published_proportions(folder: Path) -> None:
    assert len(chain(folder, "train")) == round(12 * 101 / 30)
    assert len(chain(folder, "test")) == round(8 * 101 / 24)


def test_published_counts_give_chains_of_101() -> None:
    world = simulate_world(n_users=800, n_artists=1000, n_genres=6)
    assert [len(c.users) for c in walk_chains(world, 0, 30, 24).values()] == [101, 101]


def test_no_user_is_in_both_chains(folder: Path) -> None:
    assert not set(chain(folder, "train")) & set(chain(folder, "test"))


def test_plays_are_those_of_the_world(world: World, folder: Path) -> None:
    name, user = next(iter(listening(folder, "train").items()))
    plays = world.artist_plays()[int(name.removeprefix("user_")) - 1].toarray().ravel()
    expected = np.sort(plays)[::-1][:100]
    assert list(user["top_artists"].values()) == expected[expected > 0].tolist()


def test_the_same_seed_writes_the_same_bytes(world: World, folder: Path, tmp_path: Path) -> None:
    write_muso(world, tmp_path, seed=0, n_train=12, n_test=8)
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_more_users_than_the_chain_has_cannot_stay(world: World, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="9 train users cannot stay of a chain of 5"):
        write_muso(world, tmp_path, seed=0, n_train=9, n_test=3, chain_lengths=(5, 5))


def test_a_world_that_is_too_small_for_the_chain_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no chain of 900 users starts at user"):
        write_muso(world, tmp_path, seed=0, n_train=9, n_test=3, chain_lengths=(900, 5))
    assert not list(tmp_path.iterdir())
