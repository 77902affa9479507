"""The command neighbours."""

from pathlib import Path

import numpy as np
import pytest
from factors_of_a_run import write_factors

from muso_exp.commands.neighbours import neighbours


def test_the_command_prints_the_query_first(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    neighbours(write_factors(tmp_path), "nada surf", k=2)
    printed = capsys.readouterr().out
    assert printed.index("Nada Surf") < printed.index("1.000") < printed.index("0.707")


def test_names_are_printed_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    names = ["[/] x", "[live]", ":smile: \x1b[31m"]
    neighbours(write_factors(tmp_path, names, np.eye(3)), "7")
    out = capsys.readouterr().out
    assert out.count("[/] x") == 2 and "[live]" in out and r":smile: \x1b[31m" in out
