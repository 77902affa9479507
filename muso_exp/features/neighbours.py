"""Items nearest to an item by the cosine of their latent factors."""

import numpy as np


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
