"""The command neighbours."""

from pathlib import Path

import numpy as np
import pytest

from muso_exp.commands.neighbours import neighbours


@pytest.fixture
def run(tmp_path: Path) -> Path:
    np.savez(
        tmp_path / "factors.npz",
        item_ids=np.array(["7", "8", "9"]),
        item_names=np.array(["NA", "Nada Surf", "Nadia"]),
        item_factors=np.array([[1.0, 0.0], [2.0, 2.0], [0.0, -3.0]]),
    )
    return tmp_path


def test_the_command_prints_the_query_first(run: Path, capsys: pytest.CaptureFixture) -> None:
    neighbours(run, "nada surf", k=2)
    printed = capsys.readouterr().out
    assert printed.index("Nada Surf") < printed.index("1.000") < printed.index("0.707")


def test_names_are_printed_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    names = ["[/] x", "[live]", ":smile: \x1b[31m"]
    np.savez(
        tmp_path / "factors.npz",
        item_ids=np.array(["7", "8", "9"]),
        item_names=np.array(names),
        item_factors=np.eye(3),
    )
    neighbours(tmp_path, "7")
    out = capsys.readouterr().out
    assert out.count("[/] x") == 2 and "[live]" in out and r":smile: \x1b[31m" in out
