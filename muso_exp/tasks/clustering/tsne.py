"""What the figures of clusters need and what takes long: made once, then read from the cache."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from openTSNE import TSNE

from muso_exp.cache import cache_key, cached_file

PERPLEXITY = 30.0
TSNE_SEED = 0


def tsne_map(x: np.ndarray) -> np.ndarray:
    """Return the t-SNE map of rows, shape (n_rows, 2).

    Settings are openTSNE's own (perplexity 30, start from the principal components, 250 + 500
    steps, Barnes-Hut below 10,000 rows and interpolation above, one thread: with more the map is
    another one each time). Fewer than 92 rows have a smaller perplexity.

    Args:
        x: shape (n_rows, n_features).

    Source: van der Maaten and Hinton 2008; Policar et al., openTSNE, 2024. Deviation: none.
    """
    perplexity = min(PERPLEXITY, (len(x) - 1) / 3)
    return np.asarray(TSNE(perplexity=perplexity, random_state=TSNE_SEED, n_jobs=1).fit(x))


def cached_array(
    cache: Path, name: str, x: np.ndarray, make: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return what `make` makes of rows, from the cache if it was made before.

    Args:
        cache: folder of prepared files.
        name: of what `make` makes; with the rows it names the cached file.
        x: rows, shape (n_rows, n_features).
        make: of the rows alone.
    """
    content = hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()
    key = cache_key(name, 1, {"shape": list(x.shape), "dtype": str(x.dtype)}, content)
    path = cached_file(cache, key, f"{name}.npy", lambda path: np.save(path, make(x)))
    return np.load(path, allow_pickle=False)
