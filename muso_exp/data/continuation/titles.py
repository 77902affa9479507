"""What playlists are called, as words."""

import re
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

_WORD = re.compile(r"\w+|[^\w\s]")  # a sign or an emoji is a word too


def title_words(titles: Sequence[str | None]) -> csr_matrix:
    """Return which words are in which titles; a title as a whole counts as a further word.

    Case and spaces make no difference. A word of one title only is left out.

    Args:
        titles: of the playlists, None without, n_playlists of them.

    Returns:
        Ones, shape (n_playlists, n_words), float32, indices ascending.
    """
    rows, words = [], []
    for row, title in enumerate(titles):
        found = _WORD.findall((title or "").casefold())
        for word in {*found, " ".join(found)} - {""}:
            rows.append(row)
            words.append(word)
    names, word = np.unique(np.array(words, dtype=object), return_inverse=True)
    count = np.bincount(word, minlength=len(names))
    kept = np.flatnonzero(count > 1)
    cells = (np.ones(len(rows), dtype=np.float32), (rows, word))
    matrix = csr_matrix(cells, shape=(len(titles), len(names)))[:, kept]
    matrix.sort_indices()
    return csr_matrix(matrix)
