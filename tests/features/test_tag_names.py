"""Which tag of one vocabulary says what a tag of another says."""

import pytest

from muso_exp.features.tag_names import matched_tags

KNOWN = ["rock", "Hip-Hop", "female vocalists", "alternative rock", "instrumental", "electronica"]


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("ROCK", "rock"),
        ("melodic rock", "rock"),
        ("alternative rock", "alternative rock"),
        ("best alternative rock", "alternative rock"),
        ("rock music", "rock"),
        ("hip hop", "Hip-Hop"),
        ("female voice", "female vocalists"),
        ("no vocals", "instrumental"),
        ("electronic", "electronica"),
        ("progressive electronic music", "electronica"),
        ("rocking", None),
        ("rock ballad", None),
        ("music", None),
    ],
)
def test_a_tag_is_matched_by_its_meaning_or_its_last_words(asked: str, known: str | None) -> None:
    (found,) = matched_tags([asked], KNOWN)
    assert found == (-1 if known is None else KNOWN.index(known))
