"""Matching two catalogues of songs by artist and title."""

import ast
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from muso_exp.errors import ConfigError

METHODS = ("case", "unicode", "punctuation", "versions", "fuzzy")
_DASH = " - "  # between artist and title of a name
_NEAR = 75.0  # least likeness of a name that is offered, 0 to 100
SEPARATOR = "\t"  # between artist and title of a key

_FEATURING = re.compile(r"[\(\[]?(?<!\d )\b(?:feat|ft|featuring)\b\.?\s.*$", re.IGNORECASE)
_SUFFIX_WORDS = (
    r"(?:\d{4}\s)?(?:digital(?:ly)?\s)?re-?master(?:ed)?(?:\s(?:version|\d{4}))?|"
    r"(?:album|single|radio|lp|original|explicit|clean|main|mono|stereo)\s(?:version|edit|mix)|"
    r"explicit|bonus\strack"
)
_SUFFIX = re.compile(
    rf"\s*(?:[\(\[]\s*(?:{_SUFFIX_WORDS})\s*[\)\]]|\s[-\u2013]\s(?:{_SUFFIX_WORDS}))\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Matching:
    """Which song of a catalogue each query is.

    Attributes:
        target: number of the song in the catalogue, shape (n_queries,); -1 for none.
        method: which of `METHODS` found it, as its place there, shape (n_queries,); -1 for none.
        score: likeness of the titles, shape (n_queries,): 100 unless the match is fuzzy.
    """

    target: np.ndarray
    method: np.ndarray
    score: np.ndarray


def song_key(artist: str, title: str, method: str) -> str:
    """Return what two equal songs have in common, by one of the exact methods.

    Args:
        artist: name.
        title: of the song.
        method: `case` (lower case, as the thesis), `unicode` (NFC and case folding, white space
            collapsed), `punctuation` (also without accents, punctuation, a leading "the" and "&"
            as "and"), `versions` (also without "feat. ..." and suffixes of a release: remaster,
            album version; never live, remix, acoustic: other recordings).

    Returns:
        The key, or "" where artist or title is blank. Where nothing but signs would be compared
        ("!!!"), it is the name in folded case.

    Raises:
        ValueError: an unknown method.

    Source: "Content-Based Music Recommendation with the LFM-1b Dataset", chapter 3. Deviation:
    `case` none; the others go beyond it.
    """
    if method == "versions":
        title = _SUFFIX.sub("", _FEATURING.sub("", _SUFFIX.sub("", title))).strip() or title
        artist = _FEATURING.sub("", artist).strip() or artist
    parts = [_simplify(text, method) for text in (artist, title)]
    return SEPARATOR.join(parts) if all(parts) else ""


def _simplify(text: str, method: str) -> str:
    if method == "case":
        return text.lower()
    if method == "unicode":
        return " ".join(unicodedata.normalize("NFC", text).casefold().split())
    if method in ("punctuation", "versions"):
        plain = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ")
        letters = "".join(c for c in plain if not unicodedata.combining(c))
        words = "".join(c if c.isalnum() else " " for c in letters.replace("'", "")).split()
        if not words:
            return _simplify(text, "unicode")
        return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)
    raise ValueError(f"method {method!r}: one of {', '.join(METHODS[:-1])} is needed")


def name_key(name: str) -> str:
    """Return what two equal names have in common: of artists, or of songs as `artist - title`.

    The key is that of `song_key` by the method `versions`; "" for a blank name.
    """
    artist, _, title = name.partition(_DASH)
    return song_key(artist, title or artist, "versions") or song_key(name, name, "versions")


def find_name(query: str, names: Sequence[str]) -> int | None:
    """Return the first name that is the query as it stands, or else has its key; None without."""
    for same in (str, str.casefold, name_key):
        wanted = same(query)
        place = next((place for place, name in enumerate(names) if same(name) == wanted), None)
        if place is not None and wanted:
            return place
    return None


def find_item(query: str, ids: Sequence[str], names: Sequence[str], option: str) -> int:
    """Return the item of an id or a name, see `find_name`.

    Args:
        query: an id or a name.
        ids: of the items.
        names: of the items.
        option: what the query was given as, for the message.

    Raises:
        ConfigError: no item is called so; the message has the nearest names; none is taken.
    """
    same = next((place for place, known in enumerate(ids) if known == query), None)
    found = find_name(query, names) if same is None else same
    if found is None:
        near = nearest_names(query, names)
        hint = f"; the nearest names are: {'; '.join(near)}" if near else ""
        raise ConfigError(f"{option}: no item is called {query!r}, nor has it as its id{hint}")
    return found


def nearest_names(query: str, names: Sequence[str], n: int = 3) -> list[str]:
    """Return the names most like a query that is none of them, for a message; maybe none."""
    distinct = list(dict.fromkeys(names))
    wanted = _simplify(query, "versions")
    plain = [_simplify(name, "versions") for name in distinct]
    near = process.extract(wanted, plain, scorer=fuzz.WRatio, score_cutoff=_NEAR, limit=n)
    return [distinct[place] for _, _, place in near]


def listed_texts(cell: str) -> list[str]:
    """Return the texts of a list as Python writes it, `['A', 'B']`; none where it is no list."""
    try:
        values = ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return []
    return [str(value) for value in values] if isinstance(values, list) else []


def split_artists(cell: str) -> list[str]:
    """Return the artists of a cell that may hold several, in order; none where it holds one.

    Known are lists as Python writes them (`['A', 'B']`), `A;B`, `A, B`, `A / B` and `A feat. B`.
    To be tried only where the whole cell is not known: Earth, Wind & Fire are one artist.
    """
    text = cell.strip()
    if text[:1] == "[" and text[-1:] == "]":
        return listed_texts(text)
    first = _FEATURING.sub("", text)
    names = [name.strip() for name in re.split(r";|,|\s/\s", first)]
    found = [name for name in names if name]
    return found if len(found) > 1 or first != text else []


def song_groups(artists: Sequence[str], titles: Sequence[str], method: str) -> np.ndarray:
    """Number the songs so that equal ones share a number; songs without a key stay alone.

    Returns:
        Group numbers in order of first appearance, shape (n_songs,).
    """
    numbers: dict[str, int] = {}
    groups = np.empty(len(artists), dtype=np.int64)
    for place, (artist, title) in enumerate(zip(artists, titles, strict=True)):
        key = song_key(artist, title, method) or f"{place}"
        groups[place] = numbers.setdefault(key, len(numbers))
    return groups


def match_songs(
    queries: tuple[Sequence[str], Sequence[str]],
    catalogue: tuple[Sequence[str], Sequence[str]],
    methods: Sequence[str],
    threshold: float = 90.0,
) -> Matching:
    """Find each query in a catalogue, by one method after another among what is left.

    Of several songs with the same key the first one is taken: sort the catalogue by what matters.

    Args:
        queries: artists and titles.
        catalogue: artists and titles.
        methods: some of `METHODS`, in order.
        threshold: least likeness of titles for `fuzzy`, 0 to 100.

    Raises:
        ValueError: an unknown method.
    """
    n = len(queries[0])
    found = Matching(np.full(n, -1), np.full(n, -1), np.full(n, np.nan))
    for method in methods:
        if method not in METHODS:
            raise ValueError(f"method {method!r}: some of {', '.join(METHODS)} are needed")
        left = np.flatnonzero(found.target < 0)
        if len(left) == 0:
            continue  # the keys of a large catalogue take long
        if method == "fuzzy":
            _match_fuzzy(queries, catalogue, left, threshold, found)
        else:
            _match_exact(queries, catalogue, left, method, found)
    return found


def _match_exact(
    queries: tuple[Sequence[str], Sequence[str]],
    catalogue: tuple[Sequence[str], Sequence[str]],
    left: np.ndarray,
    method: str,
    found: Matching,
) -> None:
    places: dict[str, int] = {}
    for place, (artist, title) in enumerate(zip(*catalogue, strict=True)):
        places.setdefault(song_key(artist, title, method), place)
    places.pop("", None)
    for query in left:
        target = places.get(song_key(queries[0][query], queries[1][query], method), -1)
        if target >= 0:
            _record(found, query, target, method, 100.0)


def _match_fuzzy(
    queries: tuple[Sequence[str], Sequence[str]],
    catalogue: tuple[Sequence[str], Sequence[str]],
    left: np.ndarray,
    threshold: float,
    found: Matching,
) -> None:
    """Compare titles within an artist; numbers must agree, and the best title must be alone."""
    songs: dict[tuple[str, ...], dict[int, str]] = defaultdict(dict)
    for place, (artist, title) in enumerate(zip(*catalogue, strict=True)):
        name, _, rest = song_key(artist, title, "versions").partition(SEPARATOR)
        songs[name, *_numbers(rest)][place] = rest
    for query in left:
        key = song_key(queries[0][query], queries[1][query], "versions")
        name, _, title = key.partition(SEPARATOR)
        among = songs.get((name, *_numbers(title)), {}) if name else {}
        best = process.extract(title, among, scorer=fuzz.ratio, score_cutoff=threshold, limit=2)
        unclear = len(best) == 2 and best[0][1] == best[1][1] and best[0][0] != best[1][0]
        if best and not unclear:
            _record(found, query, best[0][2], "fuzzy", best[0][1])


_ROMAN = {"i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"}


def _numbers(title: str) -> list[str]:
    """Return the numbers in a title: Part 1 and Part 2 are two songs, however alike."""
    words = title.split()
    return [w for n, w in enumerate(words) if w.isdigit() or (n > 0 and w in _ROMAN)]


def _record(found: Matching, query: int, target: int, method: str, score: float) -> None:
    found.target[query], found.score[query] = target, score
    found.method[query] = METHODS.index(method)
