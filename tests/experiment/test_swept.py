"""What a sweep varies, and how a job is named by it; what a sweep keeps of itself."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from muso_exp.errors import DataFormatError
from muso_exp.experiment.sweep_state import SweepState, read_state, write_state
from muso_exp.experiment.swept import swept_keys, what_differs


def test_keys_with_several_values_are_swept() -> None:
    given = ["+experiment=wmf", "seed=0,1", "model.lr=interval(0,1)", "name=x", "~logger"]
    node = {"sweeper": {"params": {"variant": "a,b", "seed": "0,1,2", "scale": "desk"}}}
    hydra = OmegaConf.create({**node, "overrides": {"task": given}})
    keys = swept_keys(hydra)
    assert keys == ["variant", "seed", "model.lr"]
    overrides = ["+experiment=wmf", "variant=a", "seed=1", "model.lr=0.5", "name=x"]
    assert what_differs(overrides, keys) == "variant=a seed=1 model.lr=0.5"


def test_a_fixed_value_takes_the_place_of_swept_ones() -> None:
    node = {"sweeper": {"params": {"seed": "0,1,2"}}, "overrides": {"task": ["seed=4"]}}
    assert swept_keys(OmegaConf.create(node)) == []


def test_a_sweep_keeps_what_it_is(tmp_path: Path) -> None:
    state = SweepState(swept=["seed"])
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.json"]


@pytest.mark.parametrize("text", ["", "[1]", '{"swept": 3}', "{"])
def test_another_state_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(DataFormatError, match="not of a sweep"):
        read_state(tmp_path)
