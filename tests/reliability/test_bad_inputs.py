"""Bad inputs through the command line: one line, an exit status, nothing half-written.

`python -m pytest tests/reliability -m slow` runs all of them, EVERY=4 before it one in four (of
which FIRST is the first); the short form takes one in sixty.
"""

import logging
import os
from pathlib import Path

import pytest
from bad_inputs import FORMATS, LOOSE, NEVER_READ, cases, damage

ALL = list(cases())
QUICK = ["scale=smoke", "logger=none", "resamples=20"]
SHORT = ALL[::61]
LONG = ALL[int(os.environ.get("FIRST", "0")) :: int(os.environ.get("EVERY", "1"))]


def attempt(case: tuple[str, str, str], call: callable, tmp_path: Path) -> int:
    name, file, kind = case
    root = tmp_path / "data"
    root.mkdir()
    FORMATS[name].write(root)
    damage(root / file, kind)
    before = {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    status, out, err = call(*FORMATS[name].arguments, f"dataset.root={root}", *QUICK)
    assert "Traceback" not in out + err, (out + err)[-3000:]
    assert {path: path.lstat().st_mtime_ns for path in root.rglob("*")} == before
    assert not [*tmp_path.glob("**/*.partial*")]
    if status:
        said = [line for line in err.splitlines() if line and ": scale smoke, seed" not in line]
        assert len(said) == 1 and len(said[0]) < 700 + 2 * len(str(root)), err
        assert not [*(tmp_path / "outputs").glob("**/metrics.json")]
    else:
        assert len([*(tmp_path / "outputs").glob("**/metrics.json")]) == 1
        assert kind not in NEVER_READ or file in LOOSE
    return status


@pytest.mark.parametrize("case", SHORT, ids=" ".join)
def test_a_bad_input_ends_in_one_line_or_is_counted(
    case: tuple[str, str, str], call: callable, tmp_path: Path
) -> None:
    attempt(case, call, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_the_files_that_are_damaged_are_sound_before(
    name: str, call: callable, tmp_path: Path
) -> None:
    FORMATS[name].write(tmp_path)
    assert all((tmp_path / file).is_file() for file in FORMATS[name].files)
    status, _, err = call(*FORMATS[name].arguments, f"dataset.root={tmp_path}", *QUICK)
    assert status == 0, err


@pytest.mark.slow
@pytest.mark.parametrize("case", LONG, ids=" ".join)
def test_each_bad_input_ends_in_one_line_or_is_counted(
    case: tuple[str, str, str], call: callable, tmp_path: Path, record_property: callable
) -> None:
    record_property("status", attempt(case, call, tmp_path))


@pytest.fixture(autouse=True)
def console(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)


def test_there_are_at_least_250() -> None:
    assert len(ALL) >= 250
