"""One vector for each item from what is known without listeners: metadata and sound."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, diags_array, hstack

SOUND = "sound"  # the field whose columns are of sound; the others are metadata


@dataclass(frozen=True)
class ItemVectors:
    """One vector for each item, whether anybody has listened to it or not.

    The columns of a field have together about the weight of any other field: each row of metadata
    has length 1 in each of its fields, a row of sound has mean squared length 1.

    Attributes:
        vectors: shape (n_items, n_columns), float32; a row without entries: nothing is known.
        fields: what each column belongs to, such as `artist` or `sound`, shape (n_columns,).
    """

    vectors: csr_matrix
    fields: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Return the items of which anything is known, shape (n_items,), bool."""
        return np.diff(self.vectors.indptr) > 0

    def of(self, fields: Collection[str]) -> ItemVectors:
        """Return the columns of some fields."""
        kept = np.isin(self.fields, list(fields))
        return ItemVectors(csr_matrix(self.vectors[:, kept]), self.fields[kept])

    def rows(self, items: np.ndarray) -> ItemVectors:
        """Return the vectors of some items, (n_chosen,), in the order given."""
        return ItemVectors(csr_matrix(self.vectors[items]), self.fields)

    def dense(self) -> np.ndarray:
        """Return the vectors as an array (n_items, n_columns), float32."""
        return self.vectors.toarray()

    def shuffled(self, seed: int) -> ItemVectors:
        """Return the same vectors, dealt out anew among the items of which anything is known.

        The null of every representation: values, columns and lengths are as they were, and what
        belongs to which item is not.
        """
        rows = np.arange(len(self.known))
        rows[self.known] = np.random.default_rng(seed).permutation(np.flatnonzero(self.known))
        return self.rows(rows)


def join(parts: Sequence[ItemVectors]) -> ItemVectors:
    """Return the columns of several representations of the same items side by side.

    Raises:
        ValueError: no part.
    """
    if not parts:
        raise ValueError("no representation to join")
    vectors = csr_matrix(hstack([part.vectors for part in parts], format="csr"))
    return ItemVectors(vectors, np.concatenate([part.fields for part in parts]))


def tf_idf(counts: csr_matrix, field: str, train: np.ndarray) -> ItemVectors:
    """Return TF-IDF vectors of length 1 from how often each item bears each value of a field.

    A weight is log(1 + count) times log((1 + n) / (1 + df)) + 1, where df of the n train items bear
    the value.

    Args:
        counts: shape (n_items, n_values), not negative; of a name, 1.
        field: of metadata.
        train: items that document frequencies are counted on, shape (n_train,).

    Raises:
        ValueError: a negative count.

    Source: Salton and Buckley 1988, in the smooth form of scikit-learn.
    """
    if counts.nnz and counts.data.min() < 0:
        raise ValueError(f"counts of {field} must not be negative, got {counts.data.min()}")
    counts = csr_matrix(counts, dtype=np.float64, copy=True)
    counts.eliminate_zeros()
    n_bearers = np.bincount(counts[train].indices, minlength=counts.shape[1])
    rarity = np.log((1 + len(train)) / (1 + n_bearers)) + 1  # (n_values,)
    weights = csr_matrix((np.log1p(counts.data), counts.indices, counts.indptr), counts.shape)
    weights = csr_matrix(weights @ diags_array(rarity))
    length = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())  # (n_items,)
    unit = csr_matrix(diags_array(1 / np.where(length > 0, length, 1)) @ weights)
    return ItemVectors(unit.astype(np.float32), np.full(counts.shape[1], field))


def standardised(
    x: np.ndarray, items: np.ndarray, n_items: int, field: str, train: np.ndarray
) -> ItemVectors:
    """Return embeddings of some items, scaled by the train items' mean and standard deviation.

    Divided by the root of their length too, so that a row has a mean squared length of 1.

    Args:
        x: embeddings, shape (n_embedded, n_columns).
        items: whose they are, each once, shape (n_embedded,).
        n_items: all items; those without an embedding get a row without entries.
        field: what the columns are called.
        train: items that mean and deviation are taken of, shape (n_train,); of them at least one
            must be embedded.

    Raises:
        ValueError: no train item has an embedding.
    """
    known = np.isin(items, train)
    if not known.any():
        raise ValueError(f"no item of training has {field}")
    x = x.astype(np.float64)
    mean, spread = x[known].mean(axis=0), x[known].std(axis=0)
    scaled = (x - mean) / np.where(spread > 0, spread, 1) / np.sqrt(x.shape[1])
    place = csr_matrix((np.ones(len(items)), (items, np.arange(len(items)))), (n_items, len(items)))
    vectors = csr_matrix(place @ csr_matrix(scaled), dtype=np.float32)
    return ItemVectors(vectors, np.full(x.shape[1], field))


def value_counts(values: Sequence[Collection[str]]) -> csr_matrix:
    """Return which values each item bears, 1 each, columns in the order of the sorted values.

    Args:
        values: of each item; an empty name is none.

    Returns:
        Shape (n_items, n_values).
    """
    pairs = [(item, value) for item, own in enumerate(values) for value in set(own) if value]
    names, column = np.unique([value for _, value in pairs] or [""], return_inverse=True)
    if not pairs:
        return csr_matrix((len(values), 0))
    rows = np.array([item for item, _ in pairs])
    return csr_matrix((np.ones(len(pairs)), (rows, column)), (len(values), len(names)))
