"""Recommendations under a genre, with reasons; and what is refused."""

import logging
from pathlib import Path

import numpy as np
import pytest
from made import made
from ranking_runs import trained_hybrid

from muso_exp.data.content_plays import ContentPlays
from muso_exp.errors import ConfigError
from muso_exp.models.hybrid import Hybrid
from muso_exp.tasks.recommendation.by_genre import POPULAR
from muso_exp.tasks.recommendation.item_genres import ItemGenres


@pytest.fixture(scope="module")
def run(cache: Path) -> tuple[ContentPlays, Hybrid]:
    return trained_hybrid(cache)


@pytest.fixture
def liked(run: tuple[ContentPlays, Hybrid], tmp_path: Path) -> Path:
    data, _ = run
    most = np.argsort(-data.catalogue.popularity, kind="stable")[:4]
    path = tmp_path / "liked.txt"
    path.write_text("\n".join(data.catalogue.names[item] for item in most))
    return path


def genre_of(data: ContentPlays) -> str:
    assert data.genres is not None and data.genres.names
    return data.genres.names[0]


def test_only_items_of_the_genre_are_listed_with_confidence_support_and_reason(
    run: tuple[ContentPlays, Hybrid], liked: Path
) -> None:
    data, model = run
    genre = genre_of(data)
    listed = data.read_new(liked, genre=genre.upper()).apply(model)
    assert list(listed) == [
        *("rank", "id", "artist", "genre", "confidence", "score", "listeners", "support", "reason")
    ]
    assert set(listed["genre"]) == {genre} and len(listed) > 3
    place = {name: number for number, name in enumerate(data.catalogue.items["id"])}
    items = listed["id"].map(place).to_numpy()
    assert data.genres.members(0)[items].all()
    assert listed["confidence"].between(0, 1).all()
    assert listed["reason"].str.contains("also play|content is like").all()
    assert listed["reason"].str.contains(f"called {genre}|likely {genre}", regex=True).all()
    assert (np.diff(listed["score"]) <= 0).all()


def test_without_a_genre_each_item_has_its_surest_one(
    run: tuple[ContentPlays, Hybrid], liked: Path
) -> None:
    data, model = run
    listed = data.read_new(liked).apply(model)
    place = {name: number for number, name in enumerate(data.catalogue.items["id"])}
    sure = data.genres.found.confidence[listed["id"].map(place).to_numpy()]
    assert listed["confidence"].tolist() == sure.max(axis=1).tolist()


def test_nothing_known_gets_the_most_popular_items_and_says_so(
    run: tuple[ContentPlays, Hybrid], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data, model = run
    (tmp_path / "odd.txt").write_text("Nobody Ever Heard Of This\n")
    with caplog.at_level(logging.INFO):
        listed = data.read_new(tmp_path / "odd.txt").apply(model)
    assert (np.diff(listed["listeners"]) <= 0).all()
    assert listed["reason"].str.endswith(POPULAR).all()
    assert "none of the seeds is known here: the most popular items are listed" in caplog.text


def test_an_unknown_genre_is_refused_with_the_nearest_names(
    run: tuple[ContentPlays, Hybrid], liked: Path
) -> None:
    data, model = run
    near = genre_of(data)
    with pytest.raises(ConfigError, match=f"genres of this run; the nearest are .*{near}"):
        data.read_new(liked, genre=f"{near}x").apply(model)


def test_items_without_genres_are_named_in_a_line(cache: Path, liked: Path) -> None:
    data, model = trained_hybrid(cache, n_genres=0)
    with pytest.raises(ConfigError, match="the items of this run have no genres or tags; leave"):
        data.read_new(liked, genre="rock").apply(model)
    assert "genre" not in data.read_new(liked).apply(model)


def test_genres_come_back_from_a_checkpoint_as_they_were(
    run: tuple[ContentPlays, Hybrid], cache: Path
) -> None:
    data, _ = run
    fresh = made("content_plays", None, cache)
    fresh.load_state_dict(data.state_dict())
    assert isinstance(fresh.genres, ItemGenres) and fresh.genres.names == data.genres.names
    assert (fresh.genres.borne != data.genres.borne).nnz == 0
    for name in ("confidence", "error", "auc"):
        assert getattr(fresh.genres.found, name).tolist() == (
            getattr(data.genres.found, name).tolist()
        )
