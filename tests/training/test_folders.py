"""Folders of runs whose processes are several."""

import threading
import time
from pathlib import Path

import pytest

from muso_exp.errors import ConfigError
from muso_exp.training import folders


@pytest.mark.parametrize("name", ["RANK", "SLURM_PROCID", "NODE_RANK", "LOCAL_RANK"])
def test_a_process_above_the_first_is_a_worker_on_whichever_machine(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in folders.RANKS:
        monkeypatch.delenv(other, raising=False)
    assert not folders.is_worker()
    monkeypatch.setenv(name, "0")
    assert not folders.is_worker()
    monkeypatch.setenv(name, "3")
    assert folders.is_worker()


def test_a_worker_waits_for_the_claim_of_the_first_process(tmp_path: Path) -> None:
    place = tmp_path / "run"
    with pytest.raises(ConfigError, match=r"not claimed by the first process.*hydra.run.dir"):
        folders.await_claim(place, patience=0.0)

    def claimed() -> None:
        time.sleep(0.3)
        folders.claim(place)

    first = threading.Thread(target=claimed)
    first.start()
    began = time.monotonic()
    folders.await_claim(place, patience=30)
    first.join()
    assert time.monotonic() - began >= 0.25
    assert [path.name for path in place.iterdir()] == [folders.LOCK]
    folders.abandon(place)
    assert not place.exists()


def test_a_folder_is_one_however_it_is_written(tmp_path: Path) -> None:
    folders.claim(tmp_path / "a" / ".." / "run")
    folders.claim(tmp_path / "run")
    folders.abandon(tmp_path / "b" / ".." / "run")
    assert not (tmp_path / "run").exists()
