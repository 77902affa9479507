"""Parts of the data set of spectra, by hand: checks, neighbours, importance of bands."""

import numpy as np
import pandas as pd
import pytest
import torch
from pytest import approx
from torch import Tensor

from muso_exp.data.feature_regression.splits import fit_inputs, split_songs
from muso_exp.errors import ConfigError
from muso_exp.features.tracks import fit_scaling
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.records import Batch
from muso_exp.tasks.feature_regression.estimates import estimates_table, nearest_songs
from muso_exp.tasks.feature_regression.genre_checks import compare_genres
from muso_exp.tasks.feature_regression.importance import band_bounds, band_importance

BOOTSTRAP = Bootstrap(1000)
KNOWN = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "artist": ["Low", "Fast", ""],
        "title": ["Slow", "Loud", ""],
        "energy": [0.1, 0.9, 0.5],
        "tempo": [100.0, 120.0, 101.0],
    }
)


def test_raw_distances_are_ruled_by_tempo_and_scaled_ones_are_not() -> None:
    preds = np.array([[0.9, 102.0]])
    features = ["energy", "tempo"]
    assert nearest_songs(preds, KNOWN, features, None) == ["c; Low - Slow; Fast - Loud"]
    scaling = fit_scaling(KNOWN[features].to_numpy(), "standard")
    assert nearest_songs(preds, KNOWN, features, scaling) == ["c; Fast - Loud; Low - Slow"]


def test_the_ends_of_an_interval_stay_in_the_features_range() -> None:
    songs = pd.DataFrame({"song": ["x"]})
    widths = np.array([0.3, np.inf])
    row = estimates_table(songs, np.array([[0.9, 120.0]]), widths, ["energy", "tempo"]).iloc[0]
    assert (row["energy"], row["energy_low"], row["energy_high"]) == (0.9, approx(0.6), 1.0)
    assert (row["tempo_low"], row["tempo_high"]) == (0.0, 300.0)


def test_an_estimate_outside_the_range_keeps_an_interval_inside() -> None:
    songs = pd.DataFrame({"song": ["x"]})
    row = estimates_table(songs, np.array([[-0.7]]), np.array([0.3]), ["energy"]).iloc[0]
    assert (row["energy"], row["energy_low"], row["energy_high"]) == (0.0, 0.0, 0.3)


def estimated(energy: list[float]) -> pd.DataFrame:
    genres = ["rock"] * 4 + ["classical"] * 4
    return pd.DataFrame({"genre": genres, "energy": energy})


def test_a_check_is_the_share_of_pairs_in_the_expected_order() -> None:
    estimates = estimated([0.9, 0.8, 0.5, 0.2, 0.5, 0.4, 0.3, 0.1])
    row = compare_genres(
        estimates, np.arange(8), [["energy", "rock", "classical"]], BOOTSTRAP
    ).iloc[0]
    assert row["share"] == approx((4 + 4 + 3.5 + 1) / 16)
    assert row["low"] < row["share"] < row["high"]
    assert row["verdict"] == "no difference"


@pytest.mark.parametrize(
    ("energy", "verdict"),
    [
        ([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1], "as expected"),
        ([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9], "the other way round"),
    ],
)
def test_a_check_says_what_it_found(energy: list[float], verdict: str) -> None:
    checks = [["energy", "rock", "classical"]]
    assert (
        compare_genres(estimated(energy), np.arange(8), checks, BOOTSTRAP)["verdict"][0] == verdict
    )


def test_few_artists_make_a_wide_interval() -> None:
    artist = np.repeat(np.arange(16), 5)  # the first 8 of rock, whose songs are all alike
    values = np.random.default_rng(1).permutation(16)[artist]
    genres = np.where(artist < 8, "rock", "classical")
    estimates = pd.DataFrame({"genre": genres, "energy": values})
    checks = [["energy", "rock", "classical"]]
    songs, artists = (
        compare_genres(estimates, units, checks, BOOTSTRAP).iloc[0]
        for units in (np.arange(80), artist)
    )
    assert artists["share"] == songs["share"]
    assert artists["high"] - artists["low"] > 1.5 * (songs["high"] - songs["low"])


def test_a_check_on_an_absent_genre_is_left_out() -> None:
    table = compare_genres(
        estimated([0.5] * 8), np.arange(8), [["energy", "rock", "jazz"]], BOOTSTRAP
    )
    assert len(table) == 0


def test_only_the_band_that_a_model_reads_matters() -> None:
    edges = np.linspace(0, 1000, 101)
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(64, 100, generator=draw)

    def read(batch: Batch) -> dict[str, Tensor]:
        return {"preds": torch.stack([2 * batch["x"][:, 50], -batch["x"][:, 20]], dim=1)}

    target = read({"x": x})["preds"]
    found = band_importance(x, target, edges, read, seed=0)
    read_by = [np.flatnonzero(found.edges <= hertz)[-1] for hertz in (500.0, 200.0)]
    for output, (band, slope) in enumerate(zip(read_by, (2, -1), strict=True)):
        assert found.effect[output, band] == approx(slope, rel=1e-5)
        assert np.delete(found.effect[output], band) == approx(0, abs=1e-6)
        assert found.loss[output, band] == approx(2 * slope**2, rel=0.5)  # 2 variances
        assert np.delete(found.loss[output], band) == approx(0, abs=1e-9)


def test_bands_are_equal_intervals_and_hold_every_bin() -> None:
    edges = np.linspace(0, 5000, 10_001)
    bounds = band_bounds(edges)
    assert bounds[0] == 0 and bounds[-1] == 10_000 and len(bounds) == 51
    ratios = edges[bounds[2:]] / edges[bounds[1:-1]]
    assert ratios == approx(250 ** (1 / 50), rel=0.03)
    assert len(band_bounds(np.linspace(0, 5000, 11))) < 12  # no band without a bin


def test_inputs_are_fitted_in_blocks_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).gamma(2, size=(50, 7)).astype(np.float32)
    rows = np.arange(0, 50, 2)
    monkeypatch.setattr("muso_exp.data.feature_regression.splits._BLOCK", 21)
    scaling = fit_inputs(values, rows)
    assert scaling.shift == approx(values[rows].mean(axis=0), rel=1e-5)
    assert scaling.span == approx(values[rows].std(axis=0), rel=1e-5)
    assert scaling.apply(values).dtype == np.float32


def test_groups_stay_together_in_a_split() -> None:
    groups = np.repeat(np.arange(10), 5)
    parts = split_songs(groups, {"test": 5, "val": 10, "train": 35}, np.random.default_rng(0))
    assert [len(parts[name]) for name in ("test", "val", "train")] == [5, 10, 35]
    assert len(set(groups[parts["test"]])) == 1


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"dataset\.split\.by=artist: 1 artists are too few"):
        split_songs(np.zeros(9), {"test": 1, "val": 2, "train": 6}, np.random.default_rng(0))
