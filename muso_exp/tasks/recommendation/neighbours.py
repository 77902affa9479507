"""Items nearest to an item by latent factors that a finished run left in `factors.npz`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from muso_exp.errors import ConfigError


@dataclass(frozen=True)
class NamedFactors:
    """Latent factors of items, with their ids and names.

    Attributes:
        ids: of the items, as in their files, shape (n_items,).
        names: of the items, shape (n_items,).
        vectors: shape (n_items, n_factors).
    """

    ids: np.ndarray
    names: np.ndarray
    vectors: np.ndarray

    def find(self, query: str) -> int:
        """Return the item of this id or name; a part of the name will do if only one has it.

        Raises:
            ConfigError: no item, or several of them.
        """
        lower = np.char.lower(self.names)
        exact = np.flatnonzero((self.ids == query) | (lower == query.lower()))
        found = exact if len(exact) else np.flatnonzero(np.char.find(lower, query.lower()) >= 0)
        if len(found) == 0:
            raise ConfigError(f"no item is called {query!r}, nor has it in its name or as its id")
        if len(found) > 1 and not len(exact):
            some = "; ".join(self.names[found[:5]])
            raise ConfigError(f"{len(found)} items have {query!r} in their name, such as {some}")
        return int(found[0])


def load_factors(run: Path) -> NamedFactors:
    """Read the factors that a run left.

    Raises:
        ConfigError: the folder holds no factors, or a damaged file.
    """
    path = run / "factors.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return NamedFactors(arrays["item_ids"], arrays["item_names"], arrays["item_factors"])
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: not found; give the folder of a finished run of a factor model, such as wmf"
        ) from error
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ConfigError(f"{path}: no factors: {error}; run again") from error


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
