"""What Hydra says of a choice that is not there, in one line."""

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


@pytest.mark.parametrize(
    "solve", [lambda: np.linalg.inv(np.eye(2) * 0), lambda: torch.linalg.inv(torch.zeros(2, 2))]
)
def test_what_cannot_be_solved_is_one_line(solve: Callable) -> None:
    with pytest.raises(Exception, match="ingular") as caught:
        solve()
    known = known_error(caught.value)
    assert isinstance(known, DivergedError)
    assert "set the options of the model nearer to those of its file" in str(known)
