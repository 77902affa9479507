"""Checkpoints of TensorFlow 1: the arrays of an index and a block of numbers, read by numpy alone.

The index is a sorted table of LevelDB's form: blocks of entries whose keys share prefixes, found by
a block of block addresses, found by the last 48 bytes. Each entry is a protocol buffer: type,
shape, place and length of an array in the block of numbers.
"""

import math
import struct
from collections.abc import Iterator, Mapping

import numpy as np

FOOTER = 48  # bytes: two addresses of blocks, filled up, and the magic number
MAGIC = 0xDB4775248B80FB57  # of LevelDB's tables
FLOAT32 = 1  # TensorFlow's number of the type
TYPE, SHAPE, SHARD, OFFSET, SIZE = 1, 2, 3, 4, 5  # fields of an entry
DIMENSION, LENGTH = 2, 1  # field of a shape, and of a dimension
DAMAGED = "the index of the checkpoint is cut off or damaged"
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types of protocol buffers


def read_arrays(index: bytes, data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a checkpoint, each by its name, float32.

    Arrays of other types (counters) are left out.

    Args:
        index: content of the `.index` file.
        data: content of the only `.data-00000-of-00001` file.

    Raises:
        ValueError: no such index, compressed blocks, several shards, or an array beyond the data.
    """
    try:
        return dict(_arrays(index, data))
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError(DAMAGED) from error


def _arrays(index: bytes, data: bytes) -> Iterator[tuple[str, np.ndarray]]:
    if struct.unpack("<Q", index[-8:])[0] != MAGIC:
        raise ValueError("no index of a TensorFlow checkpoint")
    footer = index[-FOOTER:]
    _, at = _address(footer, 0)  # of the block of meta data, which is empty
    blocks, _ = _address(footer, at)
    for _, address in _entries(index, *blocks):
        for name, entry in _entries(index, *_address(address, 0)[0]):
            if name:  # the first entry describes the file
                fields = dict(_fields(entry))
                if fields.get(TYPE) == FLOAT32:
                    yield name.decode(), _array(name.decode(), fields, data)


def _array(name: str, fields: Mapping[int, int | bytes], data: bytes) -> np.ndarray:
    sizes = [dict(_fields(size)) for size in _messages(_message(fields, SHAPE), DIMENSION)]
    shape = tuple(_number(size, LENGTH) for size in sizes)
    start, size = _number(fields, OFFSET), _number(fields, SIZE)
    if _number(fields, SHARD) or start + size > len(data) or size != 4 * math.prod(shape):
        raise ValueError(f"array {name!r} of the checkpoint does not lie in its data")
    return np.frombuffer(data, "<f4", size // 4, start).reshape(shape)


def _entries(table: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of a block."""
    if table[start + size] != 0:
        raise ValueError("the index of the checkpoint is compressed")
    block = table[start : start + size]
    n_restarts = struct.unpack("<I", block[-4:])[0]
    end, at, key = len(block) - 4 * (n_restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        rest, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + rest]
        at += rest
        yield key, block[at : at + length]
        at += length


def _address(content: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Return start and size of a block, and where the next address stands."""
    start, at = _varint(content, at)
    size, at = _varint(content, at)
    return (start, size), at


def _number(fields: Mapping[int, int | bytes], field: int) -> int:
    value = fields.get(field, 0)
    if isinstance(value, bytes):
        raise ValueError(DAMAGED)
    return value


def _message(fields: Mapping[int, int | bytes], field: int) -> bytes:
    value = fields.get(field, b"")
    if isinstance(value, int):
        raise ValueError(DAMAGED)
    return value


def _messages(message: bytes, field: int) -> list[bytes]:
    """Return all messages of a repeated field."""
    found = [value for number, value in _fields(message) if number == field]
    return [value for value in found if isinstance(value, bytes)]


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a protocol buffer."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = _varint(message, at)
            yield number, value
        elif wire in (FIXED32, FIXED64):
            width = 4 if wire == FIXED32 else 8
            yield number, message[at : at + width]
            at += width
        elif wire == BYTES:
            length, at = _varint(message, at)
            yield number, message[at : at + length]
            at += length
        else:
            raise ValueError(DAMAGED)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Return a number of 7 bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
