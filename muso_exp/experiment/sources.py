"""The code that runs: one hash of the sources of this package and of the plugins in use."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path

from muso_exp.experiment.plugins import plugins


def code_hash() -> str:
    """Return the hash of all Python sources of this package and of the plugins in use.

    Returns:
        16 hexadecimal digits; comments count, compiled and configuration files do not.
    """
    digest = hashlib.sha256()
    for name in ("muso_exp", *plugins()):
        for folder in map(Path, getattr(import_module(name), "__path__", ())):
            for path in sorted(folder.rglob("*.py")):
                digest.update(f"{name}/{path.relative_to(folder)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
