"""What Hydra says of a choice that is not there, in one line."""

import errno
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hydra.errors import MissingConfigException

from muso_exp.errors import DivergedError
from muso_exp.experiment.known_errors import known_error


@pytest.mark.parametrize(
    ("asked", "options", "line"),
    [
        (
            "model/eaes",
            ["wmf", "ease"],
            "model=eaes: there is none; did you mean ease? One of your own package needs "
            "plugins=[PACKAGE]",
        ),
        (
            "dataset/x",
            ["plays", "muso"],
            "dataset=x: there is none; choose muso, plays; one of your own package needs "
            "plugins=[PACKAGE]",
        ),
        ("nosuch", None, "Could not find; it; one of your own package needs plugins=[PACKAGE]"),
    ],
)
def test_a_choice_that_is_not_there_is_one_line(
    asked: str, options: list[str] | None, line: str
) -> None:
    error = MissingConfigException("Could not find\n it", asked, options)
    assert str(known_error(error)) == line


def test_a_launcher_of_a_cluster_names_its_extra() -> None:
    error = MissingConfigException("Could not find 'hydra/launcher/submitit_slurm'", None, None)
    assert "needs the extra cluster" in str(known_error(error))


def test_what_is_raised_in_the_wake_of_a_full_disk_is_said_as_that() -> None:
    with pytest.raises(RuntimeError, match="unexpected pos") as caught:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "last.ckpt")
        except OSError:
            raise RuntimeError("unexpected pos 793024 vs 792976")  # noqa: B904
    line = "last.ckpt: No space left on device; free some, or set paths.outputs and paths.cache"
    assert str(known_error(caught.value)) == line
    assert known_error(RuntimeError("unexpected pos")) is None
    assert "ulimit -f" in str(known_error(OSError(errno.EFBIG, "File too large")))


@pytest.mark.parametrize(
    "solve", [lambda: np.linalg.inv(np.eye(2) * 0), lambda: torch.linalg.inv(torch.zeros(2, 2))]
)
def test_what_cannot_be_solved_is_one_line(solve: Callable) -> None:
    with pytest.raises(Exception, match="ingular") as caught:
        solve()
    known = known_error(caught.value)
    assert isinstance(known, DivergedError)
    assert "set the options of the model nearer to those of its file" in str(known)
