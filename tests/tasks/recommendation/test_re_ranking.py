"""A listener's lists as they move the sliders."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.features.genre_confidence import GenreConfidence
from muso_exp.formats.seeds import SeedList
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.fold_in import NewRow
from muso_exp.tasks.recommendation.item_genres import ItemGenres
from muso_exp.tasks.recommendation.re_ranking import Reranker, listener_seeds
from muso_exp.tasks.recommendation.tag_shares import TagShares

# items 0..7; 0 is known; 1 and 2 are two ids of one song; 7 has the lowest score: unknown
TITLES = ["own", "twice", "Twice (Remastered)", "c", "d", "e", "f", "g"]
LISTENING = np.array([9.0, 8, 7.9, 7, 6, 5, 4, 0])
CONTENT = np.array([9.0, 1, 1, 2, 3, 4, 8, 0])
UNITS = np.array([[1, 0], [1, 0], [1, 0], [1, 0], [1, 0], [0, 1], [0, 0], [0, 1]], dtype=float)
ROCK = np.array([1, 1, 1, 0, 1, 0, 0, 1.0])


@pytest.fixture
def ranker() -> Reranker:
    items = pd.DataFrame({"id": [str(n) for n in range(8)], "artist": "A", "title": TITLES})
    plays = csr_matrix(np.tril(np.ones((8, 8))))
    tags = TagShares.of(csr_matrix(np.stack([ROCK, 1 - ROCK], axis=1)), ["rock", "loved"], plays)
    catalogue = ItemCatalogue.of(items, plays, True, None, tags)
    row = NewRow(SeedList(Path("x"), items[:1], None, None), catalogue)

    def blend(share: float) -> np.ndarray:
        return share * CONTENT + (1 - share) * LISTENING

    return Reranker(row, np.array([0]), np.array([3.0]), blend, True, UNITS, "tests")


def titles(table: pd.DataFrame) -> list[str]:
    return table["title"].tolist()


def test_known_items_songs_of_two_ids_and_the_lowest_score_are_left_out(ranker: Reranker) -> None:
    assert titles(ranker.lists(10, 10, 0.0)[""]) == ["twice", "c", "d", "e", "f"]
    assert ranker.lists(2, 1, 0.0)[""]["rank"].tolist() == [1, 2]


def test_the_first_slider_goes_from_listening_to_content(ranker: Reranker) -> None:
    assert titles(ranker.lists(2, 1, 0.0)[""]) == ["twice", "c"]
    assert titles(ranker.lists(2, 1, 1.0)[""]) == ["f", "e"]


def test_the_second_slider_brings_in_what_is_different(ranker: Reranker) -> None:
    # after "twice" of unit (1, 0) only "e" has another one; "f" of which nothing is known is no win
    assert titles(ranker.lists(2, 1, 0.0, 0.0)[""]) == ["twice", "c"]
    assert titles(ranker.lists(2, 1, 0.0, 0.9)[""]) == ["twice", "e"]


def test_genres_are_those_of_what_is_played_and_hold_their_items_alone(ranker: Reranker) -> None:
    lists = ranker.lists(10, 10, 0.0)
    assert list(lists) == ["", "rock"]  # "loved" is no genre
    assert titles(lists["rock"]) == ["twice", "d"] and "share" not in lists[""]
    assert lists["rock"]["share"].tolist() == [1.0, 1.0]


def test_an_item_that_is_likely_of_a_genre_stands_under_it_with_how_sure_it_is(
    ranker: Reranker,
) -> None:
    confidence = np.array([[0.9], [0.8], [0.8], [0.6], [0.4], [0.1], [0.2], [0.9]])
    borne = csr_matrix(ROCK[:, None])
    found = GenreConfidence(confidence, np.array([0.05]), np.array([0.75]))
    sure = dataclasses.replace(ranker, sure=ItemGenres(["rock"], borne, ROCK > 0, found))
    rock = sure.lists(10, 10, 0.0)["rock"]
    assert titles(rock) == ["twice", "c", "d"]  # c bears no tag of it; d bears it at .4
    assert rock["confidence"].tolist() == [0.8, 0.6, 0.4]
    assert rock["share"].tolist() == [1.0, 0.0, 1.0]
    assert sure.quality("rock") == (0.75, 0.05) and sure.quality("jazz") is None
    assert ranker.quality("rock") is None and "confidence" not in ranker.lists(9, 9)["rock"]


def test_the_reason_is_the_nearest_of_what_is_played(ranker: Reranker) -> None:
    like = ranker.lists(10, 10, 0.0)[""].set_index("title")["like"]
    assert like["c"] == "A - own (1.00)"
    assert like["e"] == like["f"] == ""  # at a right angle; nothing known


def test_weak_support_is_said(ranker: Reranker) -> None:
    table = ranker.lists(10, 10, 0.0)[""].set_index("title")
    assert table["listeners"].to_dict() == {"twice": 7, "c": 5, "d": 4, "e": 3, "f": 2}
    weak = table["support"] == "weak"
    assert table.index[weak].tolist() == ["d", "e", "f"]


def test_a_model_that_knows_its_own_users_alone_is_refused(ranker: Reranker) -> None:
    with pytest.raises(ConfigError, match="int recommends nothing to new listeners"):
        Reranker.of(ranker.row, 7, np.array([0]), np.array([1.0]))


class Keeper(torch.nn.Module):
    """Keeps the plays of two rows; what it is asked through needs a device."""

    device = torch.device("cpu")

    def plays_of(self, user: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor([[3, 4], [0, 5]][user]), torch.tensor([[1.0, 2.0], [3.0, 4.0]][user])


def test_a_listener_of_the_run_is_found_by_their_number(ranker: Reranker) -> None:
    catalogue = dataclasses.replace(ranker.catalogue, rows=np.array([7, 9]))
    seeds = listener_seeds(Keeper(), catalogue, 9)
    assert seeds.rows["title"].tolist() == ["own", "e"] and seeds.counts.tolist() == [3, 4]
    with pytest.raises(ConfigError, match="no listener 8 in this run; they are 7 to 9"):
        listener_seeds(Keeper(), catalogue, 8)
    with pytest.raises(ConfigError, match="int keeps no plays of its listeners"):
        listener_seeds(7, catalogue, 9)
