"""Random weights of MusiCNN under the published names and in the published shapes."""

from pathlib import Path

import numpy as np

from muso_exp.cache import cached_folder

Arrays = dict[str, np.ndarray]
KERNELS = [
    *((7, 38, 1, 204), (7, 67, 1, 204), (128, 1, 1, 51), (64, 1, 1, 51), (32, 1, 1, 51)),
    *((7, 561, 1, 64), (7, 64, 1, 64), (7, 64, 1, 64)),
]
NORMS = [1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200]
DENSE = [(1506, 200), (200, 50)]


def named(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name


def random_arrays(seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    arrays: Arrays = {}
    for name, shapes in (("conv2d", KERNELS), ("dense", DENSE)):
        for number, shape in enumerate(shapes):
            place = named(name, number)
            arrays[f"{place}/kernel"] = rng.normal(0, np.prod(shape[:-1]) ** -0.5, shape)
            arrays[f"{place}/bias"] = rng.normal(0, 0.1, shape[-1])
    for number, size in enumerate(NORMS):
        place = named("batch_normalization", number)
        for part in ("gamma", "moving_variance"):
            arrays[f"{place}/{part}"] = rng.uniform(0.5, 1.5, size)
        for part in ("beta", "moving_mean"):
            arrays[f"{place}/{part}"] = rng.normal(0, 0.3, size)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def write_musicnn(cache: Path) -> None:
    """Put random weights into a cache, where `fetch musicnn` puts the trained ones."""
    from muso_exp.models.musicnn import FETCHED

    def write(folder: Path) -> None:
        for name in ("mtt", "msd"):
            np.savez(folder / f"{name}.npz", **random_arrays(), tags=np.array(["a", "b"]))

    cached_folder(cache, FETCHED, write)
