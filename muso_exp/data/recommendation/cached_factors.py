"""The first stage of two: latent factors of a whole matrix of plays, fitted once."""

from pathlib import Path

import numpy as np
from msgspec.structs import asdict

from muso_exp.cache import cache_key, cached_file
from muso_exp.data.plays import Plays
from muso_exp.errors import ConfigError
from muso_exp.features.als import FactorOptions, fit_factors

VERSION = 1  # of the cached factors


def cached_factors(plays: Plays, options: FactorOptions, cache: Path) -> dict[str, np.ndarray]:
    """Return user_factors and item_factors of all plays, held-out ones too, from the cache.

    Args:
        plays: set up.
        options: of the fit.
        cache: folder for prepared files.

    Raises:
        ConfigError: more factors than users or items.
    """
    matrix = plays.data.plays
    if options.n_factors > min(matrix.shape):
        raise ConfigError(
            f"dataset.factors.n_factors={options.n_factors}: at most {min(matrix.shape)}, the "
            "smaller of the numbers of users and items"
        )
    params = {**asdict(options), "shape": list(matrix.shape)}
    key = cache_key("wmf_factors", VERSION, params, plays.used_fingerprint())

    def write(path: Path) -> None:
        users, items = fit_factors(matrix, options)
        np.savez(path, user_factors=users, item_factors=items)

    with np.load(cached_file(cache, key, "factors.npz", write)) as arrays:
        return dict(arrays)
