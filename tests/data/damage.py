"""Ways to damage a file, and what must come of it: one line, and nothing written."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from muso_exp.errors import DataFormatError

Damage = Callable[[Path], Any]


def replaced(name: str, old: str, new: str) -> Damage:
    def damage(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return damage


def written(name: str, content: str | bytes) -> Damage:
    raw = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(raw)


def cut_gzip(name: str) -> Damage:
    def damage(folder: Path) -> None:
        packed = gzip.compress((folder / name).read_bytes())
        (folder / f"{name}.gz").write_bytes(packed[: len(packed) // 2])
        (folder / name).unlink()

    return damage


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def fails(build: Callable[..., Any], folder: Path, match: str, **overrides: Any) -> None:
    before = contents(folder.parent)
    with pytest.raises(DataFormatError, match=match) as caught:
        build(folder, **overrides)
    assert "\n" not in str(caught.value)
    assert contents(folder.parent) == before
