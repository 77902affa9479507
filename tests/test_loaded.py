"""A finished run from Python."""

from pathlib import Path

import pytest
from made_runs import make_run

from muso_exp import load_run
from muso_exp.errors import CheckpointError, ConfigError

LISTS = ["+experiment=playlist_membership", "scale=smoke", "resamples=20", "logger=none"]
LISTS += ["callbacks.progress=null", "trainer.max_epochs=1"]


def test_a_run_is_its_numbers_its_predictions_and_its_model(call: callable) -> None:
    one, two = (
        load_run(call(*LISTS, f"model.lr={lr}")[1].splitlines()[-1]) for lr in ("0.001", "0.1")
    )
    assert one.metrics["accuracy"] == one.record["metrics"]["accuracy"]
    assert one.intervals["accuracy"][0] <= one.metrics["accuracy"] <= one.intervals["accuracy"][1]
    assert two.settings["model.lr"] == 0.1 and len(one.samples) == 20
    assert len(one.predictions) > 0
    assert one.model.training is False and sum(p.numel() for p in one.model.parameters()) == 1837
    table = one.compare(two)
    rows = table[table["metric"] == "accuracy"]
    difference = two.metrics["accuracy"] - one.metrics["accuracy"]
    assert rows["difference"].tolist()[1] == pytest.approx(difference)
    assert str(one.folder) in repr(one) and "playlist_membership" in repr(one)


def test_runs_compare_without_their_checkpoints(tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.5)
    make_run(tmp_path / "b", 0.6)
    run = load_run(tmp_path / "a")
    assert run.compare(load_run(str(tmp_path / "b")))["measured"].tolist() == [0.5, 0.6]
    with pytest.raises(CheckpointError, match="no checkpoint here"):
        _ = run.model


def test_what_is_no_finished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no finished run here"):
        load_run(tmp_path)
    with pytest.raises(CheckpointError, match="no checkpoint here"):
        load_run(tmp_path / "nowhere")
    (tmp_path / "metrics.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_run(tmp_path)
