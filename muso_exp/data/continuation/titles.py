"""What playlists are called, as words."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

_WORD = re.compile(r"\w+|[^\w\s]")  # a sign or an emoji is a word too


def title_vocabulary(titles: Sequence[str | None]) -> list[str]:
    """Return the words of more than one title, sorted.

    Case and spaces make no difference; a title as a whole counts as a further word.

    Args:
        titles: of the playlists, None without.
    """
    counts = Counter(word for title in titles for word in _words(title))
    return sorted(word for word, count in counts.items() if count > 1)


def title_words(titles: Sequence[str | None], vocabulary: Sequence[str]) -> csr_matrix:
    """Return which words of a vocabulary are in which titles.

    Args:
        titles: of the playlists, None without, n_playlists of them.
        vocabulary: from `title_vocabulary`, n_words of them.

    Returns:
        Ones, shape (n_playlists, n_words), float32, indices ascending.
    """
    number = {word: place for place, word in enumerate(vocabulary)}
    found = [sorted(number[w] for w in _words(title) if w in number) for title in titles]
    crow = np.concatenate([[0], np.cumsum([len(row) for row in found])])
    col = np.array([place for row in found for place in row], dtype=np.int32)
    ones = np.ones(len(col), dtype=np.float32)
    return csr_matrix((ones, col, crow), shape=(len(titles), len(vocabulary)))


def _words(title: str | None) -> set[str]:
    found = _WORD.findall((title or "").casefold())
    return {*found, " ".join(found)} - {""}
