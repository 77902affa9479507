"""Options that moved into a node: found on the command line, and in the recipes of old runs."""

import pytest

from muso_exp.errors import ConfigError
from muso_exp.experiment.renamed import in_place, modern

SOUND = "dataset=audio_genres"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([SOUND, "dataset.world_users=5"], "dataset.world_users: now dataset.world.users"),
        ([SOUND, "++dataset.seconds=5"], "dataset.seconds: now dataset.store.seconds"),
        (["+experiment=genre_cnn", "dataset.n_folds=3"], "now dataset.split.n_folds"),
        (["experiment=genre_cnn", "dataset.split_list=a"], "now dataset.split.list"),
        (["dataset=spectra", "dataset.group=artist"], "now dataset.split.by"),
        (["dataset=spectra", "dataset.n_bins=9"], "now dataset.spectrum.n_bins"),
    ],
)
def test_an_old_key_answers_with_its_new_place(args: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        in_place(args)


@pytest.mark.parametrize(
    ("arg", "expected"),
    [
        ("dataset.split=track,artist", "dataset.split.by=track,artist"),
        ("dataset.split={by: track}", "dataset.split={by: track}"),
        ("dataset.split.by=track", "dataset.split.by=track"),
        ("dataset.world.users=5", "dataset.world.users=5"),
        ("dataset.layout=fma", "dataset.layout=fma"),
        ("model.world_size=2", "model.world_size=2"),
    ],
)
def test_a_bare_split_is_its_kind_and_other_keys_pass(arg: str, expected: str) -> None:
    assert in_place([SOUND, arg, "-m"]) == [SOUND, expected, "-m"]


def test_a_command_line_that_names_no_data_set_is_left_to_hydra() -> None:
    args = ["dataset=nothing_like_it", "dataset.world_users=5"]
    assert in_place(args) == args


def test_the_recipe_of_an_old_run_gets_its_nodes() -> None:
    target = "muso_exp.data.audio_genres.AudioGenres"
    old = {"_target_": target, "root": None, "world_users": 5, "split": "artist", "n_folds": 5}
    new = modern(old)
    assert new == {
        "_target_": target,
        "root": None,
        "world": {"users": 5},
        "split": {"by": "artist", "n_folds": 5},
    }
    assert modern(new) == new


def test_nested_data_sets_of_an_old_recipe_get_theirs() -> None:
    target = "muso_exp.data.audio_genres.AudioGenres"
    old = {
        "_target_": "muso_exp.data.audio_tags.AudioTags",
        "plays": {"_target_": target, "fold": 1},
    }
    assert modern(old)["plays"]["split"] == {"fold": 1}


def test_what_names_no_data_set_keeps_its_options() -> None:
    assert modern({"world_users": 5}) == {"world_users": 5}
    assert modern({}) == {}
