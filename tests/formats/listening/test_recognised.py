"""A folder whose files are of another source is named as such."""

from pathlib import Path

import pytest

from muso_exp.errors import DatasetNotFoundError
from muso_exp.formats.hetrec import WANTED
from muso_exp.formats.listening.recognised import find_plays, looks_like


@pytest.fixture
def hetrec(tmp_path: Path) -> Path:
    for names in WANTED.values():
        (tmp_path / names[0]).write_text("")
    return tmp_path


def test_files_of_another_source_are_recognised(hetrec: Path) -> None:
    assert looks_like(hetrec) == ["hetrec"]
    with pytest.raises(
        DatasetNotFoundError, match=r"these look like hetrec: add dataset\.source=hetrec"
    ):
        find_plays("lfm1b", hetrec)
    assert find_plays("hetrec", hetrec)


def test_files_of_no_source_get_the_remedy_of_the_one_that_was_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"LFM-1b_"):
        find_plays("lfm1b", tmp_path)
    with pytest.raises(DatasetNotFoundError, match="the folder itself"):
        find_plays("lfm1b", tmp_path / "gone")
