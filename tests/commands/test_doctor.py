import os
import sqlite3
from pathlib import Path

import pytest

from muso_exp.commands import doctor


def test_a_sound_installation_ends_with_status_0(call: callable) -> None:
    status, out, error = call("doctor")
    assert status == 0 and error == ""
    for name in (*doctor.PACKAGES, "memory", "none yet; the first run makes it"):
        assert name in out
    assert "fault" not in out


def test_a_damaged_store_is_a_fault_with_its_remedy(
    call: callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = tmp_path / "mlflow.db"
    store.write_bytes(b"no database" * 99)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    status, out, _ = call("doctor")
    assert status == 1 and "fault" in out and "move it away" in out


def test_a_store_of_another_program_is_named(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("create table cats (name text)")
    line = doctor._store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert line.state == "fault" and line.found.endswith("a database of another program")
    assert line.remedy.startswith("name another")


def test_a_password_is_not_shown(call: callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:swordfish99@example.org/mlflow")
    _, out, _ = call("doctor")
    assert "swordfish" not in out and "a server; not asked" in out


def test_a_file_in_the_place_of_a_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "outputs").touch()
    line = doctor._disk("outputs", tmp_path / "outputs" / "below")
    assert (line.state, line.found) == ("fault", f"{tmp_path / 'outputs'}: not a folder")


@pytest.mark.skipif(os.getuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert doctor._disk("outputs", tmp_path / "below").state == "fault"


def test_a_disk_that_is_nearly_full_is_told_from_one_with_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = doctor.shutil.disk_usage(tmp_path)
    for free, state in ((doctor.LITTLE, "ok"), (doctor.LITTLE - 1, "absent")):
        monkeypatch.setattr(
            doctor.shutil, "disk_usage", lambda path, free=free: usage._replace(free=free)
        )
        assert doctor._disk("outputs", tmp_path).state == state


def test_what_is_not_installed_says_how_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._package("no-such-package").state == "fault"
    line = doctor._extra("no-such-package", "nothing", "pip install it")
    assert line.state == "absent" and line.remedy == "pip install it"
