from collections.abc import Callable

import pytest

from muso_exp.simulation import names


@pytest.mark.parametrize(
    ("name", "n"),
    [
        (names.user_name, 20_000),
        (names.artist_name, 50_000),
        (names.album_name, 50_000),
        (names.track_name, 200_000),
        (names.genre_name, 60),
        (names.common_tag, 60),
        (names.rare_tag, 30_000),
    ],
)
def test_no_name_is_given_twice(name: Callable[[int], str], n: int) -> None:
    assert len({name(number) for number in range(n)}) == n


def test_users_count_from_one() -> None:
    assert names.user_name(0) == "user_0001"


def test_some_artists_have_names_that_careless_readers_lose() -> None:
    found = {names.artist_name(number) for number in range(0, 97 * 12, 97)}
    assert {"NA", "null", "None", 'The "Quiet" Ones', "砂の迷宮"} <= found


def test_tags_can_be_written_in_latin_1_and_some_are_not_ascii() -> None:
    tags = [names.rare_tag(number) for number in range(2000)]
    assert "".join(tags).encode("iso-8859-1")
    assert not "".join(tags).isascii()


def test_styles_of_one_genre_share_its_name() -> None:
    assert names.style_name(0, 3) == "melodic metal"
    assert names.style_name(1, 3) == "dark metal"
