"""Items nearest to an item by the cosine of their latent factors, and what they share.

Of items that tie for a place, each may have it: a share is the expectation over all orders of a
tie, and a list that is shown has the order of a seed. The order of the rows decides nothing: files
are sorted, by genre for one.
"""

import numpy as np

_DIGITS = 6  # of unit vectors in float32


def nearest(vectors: np.ndarray, item: int, k: int) -> list[tuple[int, float]]:
    """Return the k items with the largest cosine to an item, itself first, with their cosines.

    Args:
        vectors: of the items, shape (n_items, n_factors).
        item: number of the item.
        k: how many.
    """
    norms = np.linalg.norm(vectors, axis=1)
    cosine = vectors @ vectors[item] / np.maximum(norms * norms[item], 1e-30)
    cosine[item] = np.inf
    order = np.argsort(-cosine, kind="stable")[:k]
    cosine[item] = 1.0
    return [(int(other), float(cosine[other])) for other in order]


def equal_rows(units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows of unit vectors, and which of them each row is.

    Products with the different rows tie exactly where rows are equal; those with all rows need not,
    since a matrix product rounds by the place of a row in it.

    Args:
        units: shape (n_rows, n_columns); rows that agree to six digits are equal.

    Returns:
        The first of each kind (n_different, n_columns), and its number (n_rows,).
    """
    _, first, place = np.unique(
        units.round(_DIGITS) + 0.0, axis=0, return_index=True, return_inverse=True
    )  # + 0.0: -0 is 0
    return units[first], place.ravel()


def expected_share(likeness: np.ndarray, marked: np.ndarray, k: int) -> float:
    """Return the share of marked items among the k most alike, of ties the exact expectation.

    Args:
        likeness: of each item, at least one, shape (n_items,).
        marked: bool, shape (n_items,).
        k: how many count, fewer where there are fewer.
    """
    return expected_mean(likeness, marked.astype(float), k)


def expected_mean(likeness: np.ndarray, values: np.ndarray, k: int) -> float:
    """Return the mean value of the k most alike items, of ties the exact expectation.

    Args:
        likeness: of each item, at least one, shape (n_items,).
        values: of each item, shape (n_items,).
        k: how many count, fewer where there are fewer.
    """
    k = min(k, len(likeness))
    least = np.partition(likeness, -k)[-k]
    above, tied = likeness > least, likeness == least
    return float(values[above].sum() + (k - above.sum()) * values[tied].mean()) / k


def order_of_nearest(likeness: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Return the k most alike items, the most alike first, ties in an order drawn with `seed`."""
    drawn = np.random.default_rng(seed).random(len(likeness))
    return np.lexsort([drawn, -likeness])[:k]
