"""What networks on sound say of the genres of a recommender's items."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.features.genre_confidence import GenreConfidence, calibrated
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.heard_genres import JudgedClips
from muso_exp.tasks.recommendation.item_genres import ItemGenres

N = 40  # items, of as many artists; the last ten have no sound
ROCK = np.arange(N) % 2 == 0


def items() -> ItemCatalogue:
    table = pd.DataFrame(
        {
            "id": [f"i{n}" for n in range(N)],
            "artist": [f"band {n}" for n in range(N)],
            "title": [f"song {n}" for n in range(N)],
        }
    )
    return ItemCatalogue.of(table, csr_matrix(np.ones((2, N))), True)


def genres(judged: np.ndarray | None = None) -> ItemGenres:
    """Genres of which the regression knows nothing: .5 for each."""
    bears = np.stack([ROCK, ~ROCK], axis=1)
    blank = GenreConfidence(np.full((N, 2), 0.5, np.float32), np.zeros(2), np.full(2, 0.5))
    known = np.ones(N, dtype=bool) if judged is None else judged
    return ItemGenres(["hard rock", "zydeco"], csr_matrix(bears.astype(float)), known, blank)


def clips(shares: np.ndarray) -> JudgedClips:
    table = items().items.iloc[: len(shares)]
    return JudgedClips(table, ["rock", "pop"], np.stack([shares, 1 - shares], axis=1))


def test_songs_that_are_heard_have_the_networks_confidence_and_others_the_regressions() -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, 30)
    said = clips((np.where(ROCK[:30], 0.7, 0.3) + noise).clip(0.01, 0.99))
    found = said.judge(genres(), items())
    assert found.heard is not None
    np.testing.assert_array_equal(found.heard[:, 0], np.arange(N) < 30)
    assert not found.heard[:, 1].any()  # no network has a name for zydeco
    sure = found.found.confidence[:, 0]
    assert sure[:30][ROCK[:30]].min() > 0.5 > sure[:30][~ROCK[:30]].max()
    np.testing.assert_array_equal(sure[30:], 0.5)
    assert found.of(np.array([0, 39]), 0)["judged_by"].tolist() == ["network", "regression"]


def test_a_confidence_does_not_rest_on_its_own_artist() -> None:
    noise = np.random.default_rng(1).random(30)
    before = clips(noise).judge(genres(), items()).found.confidence[3, 0]
    other = genres()
    flipped = other.borne.toarray()
    flipped[3] = flipped[3][::-1]
    turned = dataclasses.replace(other, borne=csr_matrix(flipped))
    assert clips(noise).judge(turned, items()).found.confidence[3, 0] == before


def test_networks_that_are_always_sure_are_calibrated_to_what_comes_true() -> None:
    shares = np.full(30, 0.99)
    shares[::3] = 0.98
    found = clips(shares).judge(genres(), items())
    assert np.abs(found.found.confidence[:30, 0] - 0.5).max() < 0.2


def test_clips_of_another_source_are_found_by_name_though_its_ids_are_the_same() -> None:
    said = clips(np.where(ROCK[:30], 0.7, 0.3) + np.arange(30) / 1000)
    turned = said.clips.iloc[::-1].reset_index(drop=True)
    mixed = dataclasses.replace(said, clips=turned.assign(id=said.clips["id"]))
    nameless = dataclasses.replace(said, clips=said.clips.assign(artist="", title=""))
    by_name = dataclasses.replace(said, probability=said.probability[::-1])
    expected = by_name.judge(genres(), items()).found.confidence
    np.testing.assert_array_equal(mixed.judge(genres(), items()).found.confidence, expected)
    expected = said.judge(genres(), items()).found.confidence
    np.testing.assert_array_equal(nameless.judge(genres(), items()).found.confidence, expected)


@pytest.mark.parametrize(
    ("heard", "says"),
    [
        (
            JudgedClips(items().items.assign(id="x", artist="x"), ["rock"], np.ones((N, 1))),
            "none of",
        ),
        (JudgedClips(items().items, ["polka"], np.ones((N, 1))), "judges none of the genres"),
        (JudgedClips(items().items, ["rock"], np.ones((N, 1))), "judges none of the genres"),
        (
            JudgedClips(items().items[:4], ["rock"], np.ones((4, 1)) / 2),
            "judges none of the genres",
        ),
    ],
)
def test_runs_that_say_nothing_of_these_songs_are_refused(heard: JudgedClips, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        heard.judge(genres(), items())


def test_few_artists_are_not_calibrated_on() -> None:
    with pytest.raises(ValueError, match="at least 5 artists with genres are needed"):
        calibrated(np.zeros((3, 1)), np.eye(3, 1) > 0, np.ones(3, dtype=bool), np.arange(3))
