"""Where commands find runs and prepared files; an experiment has `paths.outputs`, `paths.cache`."""

import os
from pathlib import Path


def outputs_folder() -> Path:
    """Return the folder of runs: $MUSO_OUTPUTS, or `outputs` in the working folder."""
    return Path(os.environ.get("MUSO_OUTPUTS", "outputs"))


def cache_folder() -> Path:
    """Return the folder of prepared files: $MUSO_CACHE, or `cache` in that of runs."""
    return Path(os.environ.get("MUSO_CACHE", outputs_folder() / "cache"))
