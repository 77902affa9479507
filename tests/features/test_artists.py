"""The artist of a track as its unit."""

import numpy as np
import pytest

from muso_exp.features.artists import artist_means, artist_units, first_artist


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ("ABBA ", "abba"),
        ("Khea;Omar Varela", "khea"),
        ("50 Cent, DJ  Whoo Kid", "50 cent"),
        ("10,000 Maniacs", "10,000 maniacs"),
        ("Big Moe featuring D-Gotti", "big moe"),
        ("Big Yamo (feat. Vato)", "big yamo"),
        ("Defeater", "defeater"),
        ("; ,", "; ,"),
        (" ", ""),
    ],
)
def test_the_first_of_several_artists_counts(names: str, first: str) -> None:
    assert first_artist(names) == first


def test_a_track_of_an_unknown_artist_is_a_unit_of_its_own() -> None:
    units = artist_units(["ABBA", "", "abba, Cher", " ", "track 1"], [0, 1, 2, 3, 4])
    assert units.tolist() == ["artist abba", "track 1", "artist abba", "track 3", "artist track 1"]


def test_the_mean_of_an_artist_starts_from_that_of_all() -> None:
    values, known = np.array([[1.0], [3.0], [8.0]]), np.array(["a", "a", "b"])
    asked = np.array(["b", "a", "unknown"])
    assert artist_means(values, known, asked)[:, 0].tolist() == [8, 2, 4]
    shrunk = [(8 + 2 * 4) / 3, (1 + 3 + 2 * 4) / 4, 4]
    assert artist_means(values, known, asked, prior_rows=2)[:, 0] == pytest.approx(shrunk)
