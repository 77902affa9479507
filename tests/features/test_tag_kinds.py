"""What a tag says."""

import pytest

from muso_exp.features.tag_kinds import tag_kind


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        *(("80s", "year"), ("80's", "year"), ("1994", "year"), ("Oldies", "year")),
        *(("swedish", "place"), ("UK", "place"), ("Seattle", "place")),
        *(("alternative rock", "genre"), ("hip-hop", "genre"), ("Hip  Hop", "genre")),
        *(("seen live", "tags"), ("rock me", "tags"), ("80s pop star", "tags"), ("", "tags")),
    ],
)
def test_a_tag_has_the_kind_of_what_it_says(tag: str, kind: str) -> None:
    assert tag_kind(tag) == kind
