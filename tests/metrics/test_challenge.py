import numpy as np
import pytest
import torch
from pytest import approx

from muso_exp.features.challenge import artist_hits
from muso_exp.metrics.challenge import (
    ArtistRPrecision,
    ChallengeRPrecision,
    CooccurrenceError,
    ShortLists,
)
from muso_exp.metrics.ranking import PopularityBias

ARTIST = np.array([0, 0, 1, 1, 2, 3])  # of six tracks
TOP = torch.tensor([[1, 2, 5], [4, 0, -1]], dtype=torch.int32)
HELD_OUT = torch.tensor([[0, 3, -1], [4, 5, 3]], dtype=torch.int32)


def columns(r_precision: list[float]) -> dict[str, torch.Tensor]:
    return {"r_precision": torch.tensor(r_precision), "top": TOP, "target": HELD_OUT}


def test_artists_count_once_and_within_the_first_g() -> None:
    # Row 0: G = {0, 3}, artists {0, 1}; the first two of the list are of artists 0 and 1.
    # Row 1: G = {4, 5, 3}, artists {2, 3, 1}; the list has artist 2, artist 0 and no third track.
    assert artist_hits(TOP.numpy(), HELD_OUT.numpy(), ARTIST).tolist() == [[2, 2], [1, 3]]


def test_the_challenge_adds_a_quarter_for_each_artist() -> None:
    metric = ChallengeRPrecision(ARTIST)
    metric.update(**columns([0.0, 1 / 3]))
    assert float(metric.compute()) == approx((0.25 * 2 / 2 + (1 + 0.25) / 3) / 2)


def test_artists_alone_are_a_share_of_the_artists() -> None:
    metric = ArtistRPrecision(ARTIST)
    metric.update(**columns([0.0, 0.0]))
    assert float(metric.compute()) == approx((2 / 2 + 1 / 3) / 2)


def test_weights_count_playlists() -> None:
    weights = torch.tensor([[2.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    values = ArtistRPrecision(ARTIST).score(weights, **columns([0.0, 0.0]))
    assert values.tolist() == approx([1, 1 / 3])


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_a_plain_loop_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    artist = rng.integers(0, 12, 60)
    top = np.stack([rng.permutation(60)[:20] for _ in range(15)]).astype(np.int32)
    held = [rng.permutation(60)[: rng.integers(1, 20)] for _ in range(15)]
    padded = np.full((15, 20), -1, dtype=np.int32)
    expected = []
    for row, tracks in enumerate(held):
        padded[row, : len(tracks)] = tracks
        shown = set(artist[top[row, : len(tracks)]])
        expected.append([len(shown & set(artist[tracks])), len(set(artist[tracks]))])
    assert artist_hits(top, padded, artist).tolist() == expected


def test_short_lists_are_the_first_tracks_of_long_ones() -> None:
    weights = torch.ones(1, 2, dtype=torch.float64)
    bias = PopularityBias(np.arange(6))
    short = ShortLists(bias, n_top=1)
    assert short.bounds == bias.bounds == (0, 1)
    assert not short.higher_is_better
    expected = bias.score(weights, top=torch.tensor([[1], [4]]))
    assert short.score(weights, top=TOP).tolist() == expected.tolist() == [approx((1.5 + 4.5) / 12)]


def test_a_smaller_error_is_better() -> None:
    metric = CooccurrenceError()
    metric.update(squared_error=torch.tensor([1.0, 4.0]))
    assert float(metric.compute()) == approx(5 / 2)
    assert not metric.higher_is_better
