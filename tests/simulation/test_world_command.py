from pathlib import Path

import pytest

from muso_exp.commands.world import world
from muso_exp.errors import ConfigError


def test_the_table_is_printed_and_both_formats_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world(users=400, seed=0, out=tmp_path)
    assert "friends per user, mean" in capsys.readouterr().out
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert {"muso/train_dos.csv", "muso/test_listening.json", "hetrec/tags.dat"} <= written


def test_too_few_users_for_the_chains_end_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--users 60: no chain of 101 users"):
        world(users=60, seed=0, out=tmp_path)
