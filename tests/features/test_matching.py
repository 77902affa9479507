import numpy as np
import pytest

from muso_exp.features.matching import METHODS, match_songs, song_groups, song_key


@pytest.mark.parametrize(
    ("method", "one", "other"),
    [
        ("case", ("NIRVANA", "Polly"), ("Nirvana", "polly")),
        ("unicode", ("Cafe\u0301 Tacvba", "Ingrata"), ("Caf\u00e9 Tacvba", "ingrata")),
        ("unicode", ("Die \u00c4rzte", "Stra\u00dfe"), ("die \u00e4rzte", "STRASSE")),
        ("unicode", ("Queen", " We  Will Rock You "), ("Queen", "we will rock you")),
        ("punctuation", ("Beyonc\u00e9", "Halo!"), ("Beyonce", "Halo")),
        ("punctuation", ("The Beatles", "Don't Let Me Down"), ("Beatles", "Dont let me down")),
        ("punctuation", ("Simon & Garfunkel", "Cecilia"), ("Simon and Garfunkel", "Cecilia")),
        ("versions", ("Queen", "Innuendo (Remastered 2011)"), ("Queen", "Innuendo")),
        ("versions", ("Queen", "Innuendo - 2011 Remaster"), ("Queen", "Innuendo")),
        ("versions", ("Muse", "Uprising (Album Version)"), ("Muse", "Uprising")),
        (
            "versions",
            ("Jay-Z feat. Alicia Keys", "Empire"),
            ("Jay-Z", "Empire (feat. Alicia Keys)"),
        ),
    ],
)
def test_the_same_song_has_the_same_key(
    method: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert song_key(*one, method) == song_key(*other, method) != ""


@pytest.mark.parametrize(
    ("method", "one", "other"),
    [
        ("case", ("Nirvana", "Polly"), ("Nirvana", "Polly!")),
        ("versions", ("Nirvana", "Polly"), ("Nirvana", "Polly (Live)")),
        ("versions", ("Nirvana", "Polly"), ("Nirvana", "Polly (Acoustic)")),
        ("versions", ("Moby", "Porcelain"), ("Moby", "Porcelain (Clubbed To Death Mix)")),
        ("versions", ("Air", "Defeat"), ("Air", "De")),
        ("versions", ("Kraftwerk", "Radioactivity (Original Version)"), ("Kraftwerk", "Radio")),
        ("punctuation", ("The The", "Uncertain Smile"), ("", "Uncertain Smile")),
    ],
)
def test_other_songs_have_other_keys(
    method: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert song_key(*one, method) != song_key(*other, method)


def test_a_name_of_signs_alone_is_compared_as_it_stands() -> None:
    assert song_key("!!!", "???", "punctuation") == "!!!\t???"
    assert song_key("!!!", " ", "versions") == ""
    assert song_key("!!!", "???", "case") == "!!!\t???"


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="method 'sound'"):
        song_key("a", "b", "sound")
    with pytest.raises(ValueError, match="method 'sound'"):
        match_songs((["a"], ["b"]), (["a"], ["b"]), ["sound"])


def test_equal_songs_share_a_group_and_nameless_ones_stay_alone() -> None:
    groups = song_groups(["A", "a", "", "", "B"], ["x", "X", "", "", "x"], "case")
    assert groups.tolist() == [0, 0, 1, 2, 3]


CATALOGUE = (
    ["Nirvana", "Nirvana", "Queen", "Queen", "NA"],
    ["Polly", "Territorial Pissings", "Innuendo", "Flash Part 1", "Lithium"],
)


@pytest.mark.parametrize(
    ("query", "target", "method"),
    [
        (("NIRVANA", "polly"), 0, "case"),
        (("Nirvana", "Polly "), 0, "unicode"),
        (("Nirvana", "Polly!"), 0, "punctuation"),
        (("Queen", "Innuendo (Remastered)"), 2, "versions"),
        (("Nirvana", "Teritorial Pissings"), 1, "fuzzy"),
        (("na", "LITHIUM"), 4, "case"),
    ],
)
def test_each_query_is_found_by_the_first_method_that_can(
    query: tuple[str, str], target: int, method: str
) -> None:
    found = match_songs(([query[0]], [query[1]]), CATALOGUE, METHODS)
    assert found.target.tolist() == [target]
    assert METHODS[found.method[0]] == method
    assert (found.score[0] < 100) == (method == "fuzzy")


@pytest.mark.parametrize(
    "query",
    [("Queen", "Flash Part 2"), ("Nirvana", "Innuendo"), ("Nirwana", "Polly"), ("Queen", "")],
)
def test_another_part_another_artist_and_no_title_are_not_matched(query: tuple[str, str]) -> None:
    found = match_songs(([query[0]], [query[1]]), CATALOGUE, METHODS)
    assert found.target.tolist() == [-1]
    assert found.method.tolist() == [-1]
    assert np.isnan(found.score[0])


def test_of_equal_songs_the_first_is_taken() -> None:
    found = match_songs((["a"], ["x"]), (["A", "a"], ["X", "x"]), ["case"])
    assert found.target.tolist() == [0]


def test_two_titles_equally_alike_are_no_fuzzy_match() -> None:
    catalogue = (["a", "a"], ["Summer Nights Ab", "Summer Nights Ac"])
    assert match_songs((["a"], ["Summer Nights A"]), catalogue, METHODS).target.tolist() == [-1]
    twice = (["a", "a"], ["Summer Nights Ab", "summer nights ab"])
    assert match_songs((["a"], ["Summer Nights A"]), twice, METHODS).target.tolist() == [0]
