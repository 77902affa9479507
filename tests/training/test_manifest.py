"""What a run was made by: code as git has it, versions, and the cost of each phase."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from muso_exp.training import manifest
from muso_exp.training.manifest import Costs


def git(folder: Path, *args: str) -> None:
    own = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run(["git", "-C", str(folder), *own, *args], check=True, capture_output=True)


def test_the_code_is_what_git_has_and_what_differs(tmp_path: Path) -> None:
    assert manifest._code(tmp_path) == {"commit": None, "dirty": None, "diff": None, "lock": None}
    (tmp_path / "requirements.lock").write_text("a==1\n")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "x")
    clean = manifest._code(tmp_path)
    assert len(clean["commit"]) == 40 and clean["dirty"] is False and clean["diff"] is None
    (tmp_path / "requirements.lock").write_text("a==2\n")
    changed = manifest._code(tmp_path)
    assert changed["commit"] == clean["commit"] and changed["dirty"] is True
    assert len(changed["diff"]) == 16 and changed["lock"] != clean["lock"]


def test_what_made_the_run_is_named() -> None:
    made = manifest.manifest()
    assert made["versions"]["torch"] and made["versions"]["python"].startswith("3.")
    assert made["machine"]["cores"] >= 1 and made["threads"]["torch"] >= 1


def test_a_phase_has_its_own_seconds_and_peak() -> None:
    if not manifest._reset_peak():
        pytest.skip("this system does not report the peak of a phase")
    costs = Costs()
    with costs.phase("large"):
        np.ones(25_000_000).sum()  # 200 MB, freed at the end
    with costs.phase("small"):
        pass
    assert costs.peak_mib["large"] > costs.peak_mib["small"] + 150
    assert set(costs.seconds) == {"large", "small"} and costs.seconds["large"] > 0


def test_a_phase_counts_the_processors_time_of_what_ran_in_it() -> None:
    costs = Costs()
    with costs.phase("waits"):
        time.sleep(0.3)
    with costs.phase("asks another process"):
        subprocess.run([sys.executable, "-c", "sum(n * n for n in range(3_000_000))"], check=True)
    assert costs.cpu_seconds["waits"] < 0.2
    assert costs.cpu_seconds["asks another process"] > 0.1


def test_a_phase_that_fails_is_not_kept() -> None:
    costs = Costs()
    with pytest.raises(RuntimeError, match="x"), costs.phase("fit"):
        raise RuntimeError("x")
    assert costs.seconds == {}
