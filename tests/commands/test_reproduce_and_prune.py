"""A run again by its folder; and outputs cleared, as a user meets them."""

from pathlib import Path

import pytest

LISTS = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "logger=none"]


def test_a_run_is_reproduced_to_the_last_digit(call: callable) -> None:
    args = [*LISTS, "callbacks.progress=null", "trainer.max_epochs=2", "dataset.seed=3"]
    folder = call(*args)[1].splitlines()[-1]
    status, out, err = call("reproduce", folder)
    assert status == 0, err
    assert "metrics: all equal" in out and out.splitlines()[-1] != folder
    assert Path(out.splitlines()[-1]).is_dir()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["prune"], "name what may go: --unfinished, --checkpoints, --cache, or several"),
        (["prune", "/nowhere", "--cache"], "/nowhere: no such folder"),
        (["reproduce", "/nowhere"], "/nowhere: metrics.json"),
    ],
)
def test_what_cannot_be_is_refused(args: list[str], said: str, call: callable) -> None:
    status, _, err = call(*args)
    assert status == 2 and said in err and "Traceback" not in err


def test_prune_shows_and_removes_what_a_rule_names(call: callable, tmp_path: Path) -> None:
    folder = Path(
        call(*LISTS, "callbacks.progress=null", "trainer.max_epochs=1")[1].splitlines()[-1]
    )
    outputs = str(tmp_path / "outputs")
    status, out, _ = call("prune", outputs, "--checkpoints", "--older", "0", "--yes")
    assert status == 0 and f"checkpoints of a finished run: {folder / 'checkpoints'}" in out
    assert out.splitlines()[-1] == "1 removed" and (folder / "report.html").is_file()
    assert not (folder / "checkpoints").exists()
    status, out, _ = call("prune", outputs, "--unfinished", "--older", "0")
    assert status == 0 and out.splitlines()[-1] == "0 to remove, 0.0 MiB"
