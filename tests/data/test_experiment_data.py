"""What every data set does with a batch, and what may be said of its files."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from made import made

from muso_exp.data.plays import Plays
from muso_exp.errors import ConfigError
from muso_exp.experiment.complete import set_up
from muso_exp.tasks.base import Task


def test_a_batch_is_moved_whole() -> None:
    data = made("plays", None, "unused", batch_size=0)
    batch = {"x": torch.ones(2, 3), "target": torch.ones(2)}
    moved = data.transfer_batch_to_device(batch, torch.device("meta"), 0)
    assert {name: value.device.type for name, value in moved.items()} == {
        "x": "meta",
        "target": "meta",
    }


def test_the_users_word_makes_data_the_papers(tmp_path: Path) -> None:
    said = made("plays", tmp_path, "unused", published=True)
    assert said.published and said.stated
    quiet = made("plays", tmp_path, "unused")
    assert not quiet.published and not quiet.stated


def test_data_known_by_content_need_no_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plays, "published_fingerprint", "abc")
    data = made("plays", tmp_path, "unused")
    data.fingerprint = "abc"
    assert data.published and not data.stated


def test_the_simulated_world_is_not_what_was_published() -> None:
    with pytest.raises(ConfigError, match="published=true: said of the simulated world"):
        made("plays", None, "unused", published=True)


def test_files_that_are_known_to_be_others_are_not_the_published_ones() -> None:
    class Other:
        name, dims, task = "other", {"n": 1}, Task.__new__(_Nothing)
        stated, published_fingerprint, fingerprint = True, "b" * 64, "a" * 64

        def prepare_data(self) -> None: ...

        def setup(self, stage: str) -> None: ...

    with pytest.raises(ConfigError, match=r"not what was published \(fingerprint a{16}, publ"):
        set_up(Other(), Other)


class _Nothing(Task):
    metrics = nulls = predictions = audit = counts = lambda self: SimpleNamespace()
