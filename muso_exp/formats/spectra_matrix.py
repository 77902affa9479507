"""A ready matrix of spectra with its list of ids, as document 4 keeps them."""

from pathlib import Path

import numpy as np

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.text import find_file, first_repeat, read_text
from muso_exp.opening import DAMAGED_ARRAY, is_file

MATRICES = ("spectra.npy", "dense_mtx.npy")  # ours, the document's
ID_LISTS = ("spectra_ids.txt", "npy_chunk_labels.txt")
_BLOCK = 2**24  # numbers that are checked at once


def find_matrix(root: Path) -> Path | None:
    """Return the matrix in a folder, None if there is none."""
    return next((root / name for name in MATRICES if is_file(root / name)), None)


def read_matrix(path: Path) -> tuple[np.ndarray, list[str]]:
    """Return spectra as a memory map, (n_tracks, n_bins), and the id of each row.

    The ids stand beside the matrix in `spectra_ids.txt` (or the document's
    `npy_chunk_labels.txt`), one a line, plain or .gz; `.mp3` and the rest of a URI are cut off.

    Raises:
        DatasetNotFoundError: no list of ids beside the matrix.
        DataFormatError: no matrix of finite numbers, or a list of other length or with an id twice.
    """
    values = _open_matrix(path)
    listed = find_file(path.parent, ID_LISTS)
    if listed is None:
        fix = f"give the id of each of the {len(values)} rows, one a line"
        raise DatasetNotFoundError(path.parent, [ID_LISTS[0]], fix)
    ids = _read_ids(listed, len(values), path.name)
    _check_values(path, values, ids)
    return values, ids


def _open_matrix(path: Path) -> np.ndarray:
    try:
        values = np.lib.format.open_memmap(path, mode="r")
    except DAMAGED_ARRAY as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataFormatError(path, f"no .npy file: {reason}", fix="copy it anew") from error
    if values.ndim != 2 or values.dtype.kind not in "fiu" or 0 in values.shape:
        need = "a matrix of numbers, a row per track and a column per bin, is needed"
        raise DataFormatError(path, need, value=f"{values.dtype} {values.shape}")
    return values


def _read_ids(path: Path, n_rows: int, matrix: str) -> list[str]:
    lines = read_text(path).removesuffix("\n").split("\n")
    ids = [line.strip().removesuffix(".mp3").removeprefix("spotify:track:") for line in lines]
    if "" in ids:
        raise DataFormatError(path, "an empty line instead of an id", line=ids.index("") + 1)
    if len(ids) != n_rows:
        fix = "each row needs its own id, in order"
        raise DataFormatError(path, f"{len(ids)} ids for {n_rows} rows of {matrix}", fix=fix)
    repeated = first_repeat(ids)
    if repeated is not None:
        second = [line for line, name in enumerate(ids, 1) if name == repeated][1]
        raise DataFormatError(path, "second row of the same track", line=second, value=repeated)
    return ids


def _check_values(path: Path, values: np.ndarray, ids: list[str]) -> None:
    size = max(_BLOCK // values.shape[1], 1)
    for first in range(0, len(values), size):
        block = values[first : first + size]
        finite = np.isfinite(block)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise DataFormatError(
                path,
                f"row {first + row + 1} ({ids[first + row]}) holds a value that is no number",
                column=int(column) + 1,
                value=float(block[row, column]),
                fix="compute the row anew, or remove it and its id",
            )
