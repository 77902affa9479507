"""Latent factors of items that a finished run left in `factors.npz`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.features.matching import find_item
from muso_exp.opening import DAMAGED_ARRAY, is_file, open_zip


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
        """Return the item of this id or name, see `muso_exp.features.matching.name_key`.

        Raises:
            ConfigError: no item; the message has the nearest names.
        """
        return find_item(query, self.ids.tolist(), self.names.tolist(), "neighbours")


def load_factors(run: Path) -> NamedFactors:
    """Read the factors that a run left.

    Raises:
        ConfigError: the folder holds no factors.
        DataFormatError: a damaged file, or arrays of another form.
    """
    path = run / "factors.npz"
    if not is_file(path):
        raise ConfigError(
            f"{path}: not found; give the folder of a finished run of wmf or samplecnn_factors"
        )
    with open_zip(path):  # which bounds what it unpacks to
        pass
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = NamedFactors(
                *(arrays[name] for name in ("item_ids", "item_names", "item_factors"))
            )
    except (*DAMAGED_ARRAY, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataFormatError(path, f"no factors: {reason}", fix="run again") from error
    _check(path, found)
    return found


@dataclass(frozen=True)
class HeardClips:
    """What a network on sound that was trained on factors says of clips.

    Attributes:
        ids: of the clips, shape (n_clips,).
        split: train, val or test in its own training, shape (n_clips,).
        vectors: `heard_factors` and, where the run kept them, `heard_layers`, (n_clips, D).
    """

    ids: np.ndarray
    split: np.ndarray
    vectors: dict[str, np.ndarray]


def load_heard(run: Path) -> HeardClips:
    """Read what a run of factors from sound left of all clips.

    Raises:
        ConfigError: the folder holds no factors, or none that were heard in sound.
        DataFormatError: a damaged file, or arrays of another form.
    """
    found = load_factors(run)
    path = run / "factors.npz"
    with np.load(path, allow_pickle=False) as arrays:
        if "item_split" not in arrays:
            raise ConfigError(
                f"{path}: factors of a run on plays; give one on sound, such as samplecnn_factors"
            )
        split = arrays["item_split"]
        layers = arrays["item_layers"] if "item_layers" in arrays else None
    vectors = {"heard_factors": found.vectors}
    if layers is not None:
        vectors["heard_layers"] = layers
    for name, values in vectors.items():
        if values.ndim != 2 or len(values) != len(found.ids) or not np.isfinite(values).all():
            raise DataFormatError(
                path, f"{name}: a row of numbers per clip is needed", fix="run again"
            )
    return HeardClips(found.ids, split, vectors)


def load_true_factors(run: Path, heard: NamedFactors) -> np.ndarray:
    """Read the factors that a run of factors from sound was trained on: those of listening.

    Args:
        run: folder of the run.
        heard: the factors that it heard, from `load_factors`.

    Returns:
        Shape (n_items, n_factors), rows as of `heard`.

    Raises:
        ConfigError: factors that no sound was asked for.
        DataFormatError: an array of another form.
    """
    path = run / "factors.npz"
    with np.load(path, allow_pickle=False) as arrays:
        if "true_factors" not in arrays:
            raise ConfigError(
                f"{path}: factors of a run on plays; give one on sound, such as samplecnn_factors"
            )
        true = arrays["true_factors"]
    if true.shape != heard.vectors.shape or not np.isfinite(true).all():
        raise DataFormatError(path, "true_factors: a row of numbers per clip is needed")
    return true


def _check(path: Path, found: NamedFactors) -> None:
    texts = found.ids.dtype.kind == found.names.dtype.kind == "U"
    lists = found.ids.ndim == found.names.ndim == 1 and found.vectors.ndim == 2
    if not (texts and lists and found.vectors.dtype.kind == "f"):
        need = "item_ids and item_names, a text per item, and item_factors, a row per item"
        shapes = [f"{array.dtype} {array.shape}" for array in vars(found).values()]
        raise DataFormatError(path, f"{need}, are needed", value=shapes, fix="run again")
    if not len(found.ids) == len(found.names) == len(found.vectors) > 0:
        sizes = [len(array) for array in vars(found).values()]
        raise DataFormatError(path, "arrays of different lengths", value=sizes, fix="run again")
    if not np.isfinite(found.vectors).all():
        raise DataFormatError(path, "a factor that is no number", fix="run again")
