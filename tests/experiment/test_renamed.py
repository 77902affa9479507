"""Keys with a new name: refused on the command line with it, read from old runs."""

import pytest

from muso_exp.errors import ConfigError
from muso_exp.experiment.renamed import modern, refuse_renamed


@pytest.mark.parametrize(
    ("arg", "message"),
    [
        ("dataset.world_users=5", "dataset.world_users: now dataset.world.users"),
        ("++dataset.plays.world_seed=1", "now dataset.plays.world.seed"),
    ],
)
def test_an_old_key_answers_with_its_new_name(arg: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        refuse_renamed([arg])


def test_other_keys_pass() -> None:
    refuse_renamed(["+experiment=wmf", "dataset.world.users=5", "model.world_size=2", "-m"])


def test_the_recipe_of_an_old_run_gets_its_nodes() -> None:
    old = {"root": None, "world_users": 5, "plays": {"world_seed": 1, "split": "holdout"}}
    new = modern(old)
    assert new["world"] == {"users": 5} and new["plays"]["world"] == {"seed": 1}
