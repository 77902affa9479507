import sys
import time
from pathlib import Path

import pytest

from muso_exp.app.jobs import Jobs, StartedRun
from muso_exp.app.site import Site, allowed_folders
from muso_exp.app.start_page import StartOptions
from muso_exp.errors import ConfigError


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is started in place of Python: a shell script that a test writes."""
    path = tmp_path / "program"
    monkeypatch.setattr(sys, "executable", str(path))
    return path


def write(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["#!/bin/sh", *lines]))
    path.chmod(0o755)


def ended(job: StartedRun) -> StartedRun:
    for _ in range(200):
        if job.status != "running":
            time.sleep(0.1)  # the last lines are read by a thread
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_a_job_is_the_command_line_with_the_folder_of_runs(program: Path, tmp_path: Path) -> None:
    write(program, 'echo "$@"', 'echo "in $MUSO_OUTPUTS" >&2', "echo /a/run")
    job = ended(Jobs(tmp_path).start(["+experiment=e", "seed=1"]))
    assert list(job.lines) == ["-m muso_exp +experiment=e seed=1", f"in {tmp_path}", "/a/run"]
    assert (job.status, job.folder) == ("finished", "/a/run")


def test_one_that_fails_says_so(program: Path, tmp_path: Path) -> None:
    write(program, "echo muso_exp: no", "exit 2")
    job = ended(Jobs(tmp_path).start([]))
    assert (job.status, job.folder) == ("failed (status 2)", "")


def test_one_at_a_time_until_it_is_stopped(program: Path, tmp_path: Path) -> None:
    write(program, "trap 'echo tidied; exit 143' TERM", "echo begun", "sleep 30 &", "wait")
    jobs = Jobs(tmp_path)
    job = jobs.start([])
    for _ in range(100):
        if job.lines:
            break
        time.sleep(0.05)
    with pytest.raises(ConfigError, match="one at a time"):
        jobs.start([])
    jobs.stop()
    assert ended(job).status == "stopped (signal 15)"
    write(program, "echo again")
    assert ended(jobs.start([])).status == "finished"
    jobs.stop()  # nothing runs: nothing happens


def test_one_that_is_stopped_before_it_can_tidy_is_stopped(program: Path, tmp_path: Path) -> None:
    write(program, "exec sleep 30")
    jobs = Jobs(tmp_path)
    job = jobs.start([])
    jobs.stop()
    assert ended(job).status == "stopped (signal 15)"


CHOSEN = {"experiment": "wmf", "variant": "", "scale": "smoke", "seed": 3.0, "root": ""}


def test_options_become_a_command(tmp_path: Path) -> None:
    folder = tmp_path / "it's, here"
    folder.mkdir()
    site = Site(tmp_path, allowed_folders([tmp_path]))
    assert StartOptions(**CHOSEN).command(site) == ["+experiment=wmf", "scale=smoke", "seed=3"]
    table = CHOSEN | {"experiment": "wmf_baselines", "variant": "ease"}
    assert StartOptions(**table).command(site)[-2:] == ["variant=ease", "hydra.mode=RUN"]
    of_files = StartOptions(**CHOSEN | {"root": "it's, here"}).command(site)
    more = StartOptions(**CHOSEN | {"more": " model.lr=0.01  +callbacks=early_stopping "})
    assert more.command(site)[-2:] == ["model.lr=0.01", "+callbacks=early_stopping"]
    assert of_files[-1] == f"dataset.root='{tmp_path}/it\\'s, here'"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"experiment": "wmf plugins=[evil]"}, "no such experiment"),
        ({"variant": "ease hydra.run.dir=/"}, "choose a row and a scale"),
        ({"scale": "smoke,desk"}, "choose a row and a scale"),
        ({"seed": None}, "a whole number"),
        ({"seed": -1}, "a whole number"),
        ({"seed": 1.5}, "a whole number"),
        ({"root": "/etc"}, "not found below the folders"),
        ({"more": "quickly"}, "quickly: no option"),
        ({"more": "-m=1"}, "no option"),
        ({"more": "plugins=[evil]"}, "plugins: only these are taken here"),
        ({"more": "hydra.run.dir=x"}, "hydra.run.dir: only these"),
        ({"more": "paths.outputs=x"}, "paths.outputs: only these"),
        ({"more": "model={_target_:os.system}"}, "only these"),
        ({"more": "dataset.root=/etc"}, "a folder of real files has a field of its own"),
        ({"more": "dataset.plays.root=conf"}, "a folder of real files has a field of its own"),
        ({"more": "model.lr=${oc.env:HOME}"}, "numbers, words and lists"),
    ],
)
def test_options_that_there_are_not_are_refused(
    tmp_path: Path, changes: dict[str, object], line: str
) -> None:
    site = Site(tmp_path, allowed_folders([tmp_path]))
    with pytest.raises(ConfigError, match=line):
        StartOptions(**CHOSEN | changes).command(site)
