"""What all tests share: the real data (or a skip), and one cache for the whole session."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    default = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("MUSO_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set MUSO_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that all tests of a session share, so that the world is simulated once."""
    return tmp_path_factory.mktemp("cache")
