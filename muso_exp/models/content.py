"""What is known of items without listeners, as models get it."""

import numpy as np
from scipy.sparse import csr_matrix

from muso_exp.records import Batch


def batch_content(batch: Batch, n_items: int, n_content: int, name: str = "content") -> csr_matrix:
    """Return the vectors of all items (n_items, n_content) of a train batch, float32.

    A row without entries is an item of which nothing is known.

    Args:
        batch: with `content_crow` (n_items + 1,), `content_col` and `content_values`.
        n_items: number of items, from the data set.
        n_content: length of a vector, from the data set.
        name: before the names of the parts.

    Raises:
        ValueError: the batch has no vectors, or vectors of other items.
    """
    if f"{name}_crow" not in batch:
        raise ValueError("the data have no vectors of items; take dataset=content_plays")
    crow, col, values = (
        batch[f"{name}_{part}"].cpu().numpy() for part in ("crow", "col", "values")
    )
    if len(crow) != n_items + 1 or (len(col) and not 0 <= col.min() <= col.max() < n_content):
        raise ValueError(
            f"vectors of {n_items} items with {n_content} columns are needed, got {len(crow) - 1} "
            f"items and columns up to {col.max(initial=-1)}"
        )
    return csr_matrix((values.astype(np.float32), col, crow), shape=(n_items, n_content))
