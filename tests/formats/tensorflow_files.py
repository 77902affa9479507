"""Writes what `read_arrays` reads, for tests: an index in LevelDB's form and a block of numbers."""

import struct

import numpy as np

MAGIC = 0xDB4775248B80FB57


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Keys share prefixes with the key before, as in the published files."""
    out, before = b"", b""
    for key, value in entries:
        shared = 0
        while shared < min(len(key), len(before)) and key[shared] == before[shared]:
            shared += 1
        rest = key[shared:]
        out += varint(shared) + varint(len(rest)) + varint(len(value)) + rest + value
        before = key
    return out + struct.pack("<II", 0, 1)


def write_arrays(arrays: dict[str, np.ndarray], compression: int = 0) -> tuple[bytes, bytes]:
    """Return index and data of a checkpoint."""
    data, entries = b"", [(b"", field(1, 1))]
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        shape = b"".join(field(2, field(1, size)) for size in array.shape)
        kind = 1 if array.dtype == np.float32 else 9
        entry = field(1, kind) + field(2, shape) + field(4, len(data)) + field(5, array.nbytes)
        entry += varint(6 << 3 | 5) + bytes(4)  # a check sum, which is not read
        entries.append((name.encode(), entry))
        data += array.tobytes()
    half = len(entries) // 2 + 1
    table, addresses = b"", []
    for part in (entries[:half], entries[half:]):
        content = block(part)
        addresses.append((part[-1][0] if part else b"\xff", (len(table), len(content))))
        table += content + bytes([compression]) + bytes(4)
    index = block([(key, varint(start) + varint(size)) for key, (start, size) in addresses])
    meta = len(table)
    table += block([]) + bytes(5)
    place = len(table)
    table += index + bytes(5)
    footer = varint(meta) + varint(len(block([]))) + varint(place) + varint(len(index))
    return table + footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC), data
