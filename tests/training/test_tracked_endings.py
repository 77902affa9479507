import contextlib
import fcntl
import signal
import sys
from pathlib import Path
from types import FrameType
from unittest.mock import Mock

import pytest
from tracked_runs import make_logger, status

from muso_exp.errors import MusoError, Stopped
from muso_exp.training.folders import lock_tags
from muso_exp.training.tracking import end_the_dead, tracked


class Signal(BaseException):
    pass


ENDINGS = (ValueError, RuntimeError, Signal, SystemExit, KeyboardInterrupt)
STOPPED = RuntimeError("cannot join thread before it is started")  # while a stop is tidied up
STOPPED.__context__ = Stopped(15)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, "FINISHED"),
        (ValueError(), "FAILED"),
        (Signal(), "KILLED"),
        (SystemExit(0), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (STOPPED, "KILLED"),
    ],
)
def test_a_run_ends_as_its_block_ends(
    error: BaseException | None, expected: str, store: str
) -> None:
    logger = make_logger(store)
    with contextlib.suppress(*ENDINGS), tracked(logger):
        logger.finalize("success")  # what Lightning calls after fit
        assert status(logger) == "RUNNING"
        if error is not None:
            raise error
    assert status(logger) == expected


def test_without_a_tracker_nothing_is_ended() -> None:
    with tracked(None):
        pass


def test_a_stop_between_the_rows_of_a_query_does_not_lock_the_store(store: str) -> None:
    def stop(frame: FrameType, *_: object) -> None:
        if frame.f_code.co_name == "_instance_processor":  # SQLAlchemy's, of a row
            sys.setprofile(None)
            raise Stopped(signal.SIGTERM)

    logger = make_logger(store)
    with pytest.raises(Stopped), tracked(logger):
        sys.setprofile(stop)
        logger.log_config({"model.lr": 1}, "model: 1")
    assert status(logger) == "KILLED"


@pytest.mark.parametrize("left", ["a free lock", "no lock"])
def test_a_run_whose_process_is_gone_ends_killed_at_the_next_start(
    left: str, store: str, tmp_path: Path
) -> None:
    if left == "a free lock":
        (tmp_path / "run.lock").touch()
    dead = make_logger(store, lock_tags(tmp_path))
    make_logger(store)
    assert status(dead) == "KILLED"


def test_a_run_that_goes_on_in_its_own_folder_is_the_only_live_one(
    store: str, tmp_path: Path
) -> None:
    stopped = make_logger(store, lock_tags(tmp_path))
    with (tmp_path / "run.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        again = make_logger(store, lock_tags(tmp_path))
        assert (status(stopped), status(again)) == ("KILLED", "RUNNING")


def test_runs_that_live_or_of_which_nothing_can_be_known_are_left(
    store: str, tmp_path: Path
) -> None:
    elsewhere = make_logger(store, lock_tags(tmp_path) | {"host": "another"})
    before_locks = make_logger(store, {"folder": "of an older version"})
    with (tmp_path / "run.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        alive = make_logger(store, lock_tags(tmp_path))
        make_logger(store)
        assert status(alive) == "RUNNING"
    assert (status(elsewhere), status(before_locks)) == ("RUNNING", "RUNNING")


def test_a_run_that_ends_while_it_is_looked_at_keeps_its_status(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = make_logger(store, lock_tags(tmp_path))
    found = ending.experiment.search_runs([ending.experiment_id], "attributes.status = 'RUNNING'")
    ending.end("FINISHED")
    monkeypatch.setattr(ending.experiment, "search_runs", lambda *_: found)  # asked before the end
    end_the_dead(ending.experiment)
    assert status(ending) == "FINISHED"


def test_a_tracker_that_fails_does_not_hide_why_a_run_failed(
    store: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logger = make_logger(store)
    monkeypatch.setattr(logger, "flush", Mock(side_effect=MusoError("the disk is full")))
    with pytest.raises(ValueError, match="the reason"), tracked(logger):
        raise ValueError("the reason")
    assert "the disk is full; the next start marks this run KILLED" in caplog.text
