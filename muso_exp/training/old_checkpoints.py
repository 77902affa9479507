"""Tables, arrays and trees in checkpoints of earlier versions, read without unpickling them.

Earlier versions pickled pandas tables, numpy arrays, a `Scaling` and scikit-learn's trees. What
these libraries call when they unpickle is not safe: a dtype of numpy can be made to take raw memory
for objects. Here classes stand in for theirs which keep what the file says and call nothing;
`restored` turns them into arrays and lists.
"""

import io
import itertools
import pickle
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

NAMES = (
    *("numpy.ndarray", "numpy.dtype", "numpy._core.multiarray._reconstruct", "builtins.slice"),
    "builtins.bytes",  # of no length; any other is written as text
    *("pandas.DataFrame", "pandas.Index", "pandas.RangeIndex", "pandas.StringDtype"),
    *("pandas.arrays.ArrowStringArray", "pandas.core.internals.managers.BlockManager"),
    *("pandas._libs.internals._unpickle_block", "pandas.core.indexes.base._new_Index"),
    *("pyarrow.lib.py_buffer", "pyarrow.lib._restore_array", "pyarrow.lib.type_for_alias"),
    "muso_exp.features.tracks.Scaling",
)
_PLAIN_DTYPE = re.compile("b1|[iu][1248]|f[248]")
_OFFSETS = {"large_string": "<i8", "string": "<i4"}


class Recorded:
    """What a file says of an object: the arguments and the state. Nothing was called."""

    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> "Recorded":
        """Keep the arguments."""
        recorded = super().__new__(cls)
        recorded.args, recorded.state = args, None
        return recorded

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _stand_in(name: str) -> type[Recorded]:
    return type(name, (Recorded,), {})


STAND_INS: list[Callable | tuple[Callable, str]] = [(_stand_in(name), name) for name in NAMES]
"""For `torch.serialization.safe_globals`."""


class _Recorder(pickle.Unpickler):
    """Record every object of a pickle; nothing is imported, found or called."""

    def find_class(self, module: str, name: str) -> type[Recorded]:
        """Return a stand-in, whatever is asked for."""
        return _stand_in(f"{module}.{name}")


def recorded_pickle(raw: bytes) -> Any:
    """Return what a pickle says, each object as `Recorded`.

    Raises:
        ValueError: it cannot be read so.
    """
    try:
        return _Recorder(io.BytesIO(raw)).load()
    except Exception as error:
        raise ValueError(f"not a pickle of plain objects ({type(error).__name__})") from error


def restored(tree: Any) -> Any:
    """Return a loaded tree with each stand-in as what it stood for.

    Arrays are numpy's; a table becomes a dict of columns, a `Scaling` its state.

    Raises:
        ValueError: an array of anything but numbers, or another object that is none of these.
    """
    if isinstance(tree, Recorded):
        return _restored(tree)
    if type(tree) is dict:
        return {key: restored(value) for key, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(restored(value) for value in tree)
    return tree


def _restored(recorded: Recorded) -> Any:
    kind = type(recorded).__name__
    if kind == "numpy._core.multiarray._reconstruct":
        shape, dtype, fortran, raw = recorded.state[1:]
        return _array(shape, dtype, fortran, restored(raw))
    if kind == "pandas.DataFrame":
        return _table(*recorded.state["_mgr"].args)
    if kind == "pandas.arrays.ArrowStringArray":
        return _strings(*recorded.state["_pa_array"].args[0])
    if kind == "muso_exp.features.tracks.Scaling":
        return restored(recorded.state)
    if kind == "builtins.bytes" and not recorded.args:
        return b""
    raise ValueError(f"{kind} is no value by itself")


def _array(shape: tuple[int, ...], dtype: Recorded, fortran: bool, raw: bytes) -> np.ndarray:
    """Return an array of numbers.

    Raises:
        ValueError: of anything else, or of another size than its bytes.
    """
    if not isinstance(raw, bytes):
        raise ValueError("an array of objects, which are no numbers")
    numbers = np.frombuffer(raw, _dtype(dtype))
    return numbers.reshape(shape, order="F" if fortran else "C").copy()


def _dtype(recorded: Recorded) -> np.dtype:
    """Return a type of numbers, or of rows of named numbers.

    Raises:
        ValueError: any other.
    """
    code, (_, order, _, names, fields, size, *_) = str(recorded.args[0]), recorded.state
    if names is not None:
        formats = [_dtype(fields[name][0]) for name in names]
        offsets = [fields[name][1] for name in names]
        row = {"names": list(names), "formats": formats, "offsets": offsets, "itemsize": size}
        return np.dtype(row)  # type: ignore[call-overload]
    if not _PLAIN_DTYPE.fullmatch(code):
        raise ValueError(f"an array of {code}, which are no numbers")
    return np.dtype(order.strip("|") + code)


def _table(blocks: tuple[Recorded, ...], axes: list[Recorded]) -> dict[str, list[Any]]:
    """Return the columns of a table, in order."""
    names = restored(axes[0].args[1]["data"])
    columns: dict[int, list[Any]] = {}
    for block in blocks:
        values, places, _ = block.args
        columns.update(zip(_places(places), _columns(restored(values)), strict=True))
    return {names[place]: columns[place] for place in sorted(columns)}


def _places(places: Recorded) -> Iterator[int]:
    """Yield which columns a block holds."""
    found = range(*places.args) if type(places).__name__ == "builtins.slice" else restored(places)
    return (int(place) for place in found)


def _columns(values: Any) -> list[list[Any]]:
    return values.tolist() if isinstance(values, np.ndarray) else [values]


def _strings(
    kind: Recorded,
    length: int,
    n_absent: int,
    offset: int,
    buffers: list[Recorded | None],
    *_: Any,
) -> list[str | None]:
    """Return the strings of an Arrow array: bits of validity, offsets, text in UTF-8."""
    valid, offsets, text = (b"" if one is None else bytes(one.args[0]) for one in buffers)
    ends = np.frombuffer(offsets, _OFFSETS[kind.args[0]])[offset : offset + length + 1].tolist()
    found: list[str | None] = [text[start:end].decode() for start, end in itertools.pairwise(ends)]
    if n_absent:
        bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")
        there = bits[offset : offset + length].astype(bool).tolist()
        found = [one if kept else None for one, kept in zip(found, there, strict=True)]
    if len(found) != length:
        raise ValueError(f"{length} strings expected, got {len(found)}")
    return found
