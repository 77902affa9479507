import subprocess
from pathlib import Path

import pytest

from muso_exp.commands.fetch import download
from muso_exp.errors import ConfigError


def test_another_file_than_the_wheel_is_refused_in_one_line(
    call: callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MUSO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "a.whl").write_bytes(b"PK")
    status, out, error = call("fetch", "musicnn", "--from", str(tmp_path / "a.whl"))
    assert status != 0 and out == ""
    assert "the wheel of musicnn 0.1.0" in error and error.count("\n") == 1
    assert not list((tmp_path / "cache").glob("musicnn*/*"))


def test_what_is_there_is_not_fetched_again(call: callable, cache: Path) -> None:
    status, out, _ = call("fetch", "musicnn")
    assert status == 0 and str(cache) in out.replace("\n", "")


@pytest.mark.parametrize(
    ("name", "says"),
    [("other.whl", "the wheel of musicnn 0.1.0"), ("none.whl", "not found: none.whl")],
)
def test_a_wheel_that_is_given_is_looked_at_though_the_weights_are_there(
    name: str, says: str, call: callable, cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.whl").write_bytes(b"PK")
    status, out, error = call("fetch", "musicnn", "--from", str(tmp_path / name))
    assert status != 0 and out == "" and says in error and error.count("\n") == 1


def test_a_download_that_fails_names_the_way_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ran(*args: object, **kwargs: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "x\nERROR: no matching distribution\n")

    monkeypatch.setattr(subprocess, "run", ran)
    with pytest.raises(ConfigError, match=r"no matching distribution.*use --from"):
        download("musicnn==0.1.0", tmp_path)
