"""Prepared files of new input are removed along with what reads them."""

import gc
from pathlib import Path

import pytest

from muso_exp.data.sound.scratch import in_scratch


class Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "samples").write_text("sound")


def test_the_folder_lives_as_long_as_what_was_made_in_it() -> None:
    made = in_scratch(Reader)
    folder = made.folder
    assert (folder / "samples").read_text() == "sound"
    del made
    gc.collect()
    assert not folder.exists()


def test_the_folder_of_a_failure_is_removed() -> None:
    seen = []

    def fail(folder: Path) -> Reader:
        seen.append(folder)
        raise ValueError("no sound")

    with pytest.raises(ValueError, match="no sound"):
        in_scratch(fail)
    assert not seen[0].exists()
