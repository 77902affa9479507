"""The wheel of the package `musicnn` 0.1.0: its trained weights and the names of its tags.

Nothing of the package is imported: weights are read as numbers, names as literals.
"""

import ast
import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.tensorflow import read_arrays
from muso_exp.opening import is_file, open_zip

SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
TRAININGS = {"mtt": "MTT", "msd": "MSD"}  # by the names of the model's option


def write_musicnn(wheel: Path, folder: Path, sha256: str = SHA256) -> None:
    """Write the weights of both trainings into a folder: `mtt.npz` and `msd.npz`.

    Args:
        wheel: file of the package.
        folder: an existing one.
        sha256: of the wheel.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: another file than that wheel.
    """
    check_wheel(wheel, sha256)
    try:
        with open_zip(wheel) as archive:
            for name, arrays in _trainings(archive):
                np.savez(folder / f"{name}.npz", allow_pickle=False, **arrays)
    except (KeyError, ValueError, SyntaxError) as error:
        raise DataFormatError(wheel, f"no wheel of musicnn 0.1.0: {error}") from error


def check_wheel(wheel: Path, sha256: str = SHA256) -> None:
    """Refuse another file than the wheel.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: a folder, or another file, a damaged one too.
    """
    if not is_file(wheel):
        raise DatasetNotFoundError(wheel.parent, [wheel.name], "give the wheel of musicnn 0.1.0")
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        need = f"the wheel of musicnn 0.1.0, sha256 {sha256[:12]}..., is needed"
        raise DataFormatError(wheel, need, value=found[:12], fix="pip download musicnn==0.1.0")


def _trainings(archive: zipfile.ZipFile) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    labels = _lists(archive.read("musicnn/configuration.py").decode())
    for name, theirs in TRAININGS.items():
        folder = f"musicnn/{theirs}_musicnn"
        index = archive.read(f"{folder}/.index")
        arrays = read_arrays(index, archive.read(f"{folder}/.data-00000-of-00001"))
        # the state of the optimiser is left out
        kept = {key: array for key, array in arrays.items() if "Adam" not in key}
        yield name, kept | {"tags": np.array(labels[f"{theirs}_LABELS"])}


def _lists(source: str) -> dict[str, list[str]]:
    """Return the lists that a module assigns to names."""
    return {
        target.id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
