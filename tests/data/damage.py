"""Ways to damage a file, and what must come of it: one line, and nothing written."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from muso_exp.errors import DataFormatError, MusoError

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


def refusal(ready: Callable[..., Any], root: Path, tmp_path: Path, **options: Any) -> str:
    """Return the one line in which `ready` refuses files; nothing may be written but locks."""
    before = contents(tmp_path)
    with pytest.raises(MusoError) as caught:
        ready(root, tmp_path / "cache", **options)
    text = str(caught.value)
    assert "\n" not in text
    after = contents(tmp_path)
    assert {name: after[name] for name in after if not name.endswith(".lock")} == before
    return text
