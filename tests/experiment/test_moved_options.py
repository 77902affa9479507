"""Options of the data sets of listening and playlists that moved into a node."""

import pytest

from muso_exp.errors import ConfigError
from muso_exp.experiment.renamed import in_place, modern


@pytest.mark.parametrize(
    ("args", "place"),
    [
        (["dataset=plays", "dataset.world_users=5"], "world.users"),
        (["+experiment=wmf", "dataset.test_list=a"], "split.list"),
        (["+experiment=tag_probe", "dataset.n_factors=5"], "factors.n_factors"),
        (["+experiment=tag_probe", "dataset.plays.val_share=0.1"], "plays.split.val_share"),
        (["+experiment=next_song", "dataset.seeds=[first_5]"], "split.seeds"),
        (["dataset=muso", "dataset.plays=log"], "vectors.plays"),
        (["dataset=hetrec", "dataset.max_dos=3"], "pairs.max_dos"),
        (["dataset=playlists", "dataset.group=artist"], "split.by"),
        (["dataset=audio_genres", "dataset.artist_list=a"], "split.artist_list"),
        (["+experiment=tag_transfer", "dataset.label_share=0.5"], "labels.label_share"),
        (["dataset=audio_factors", "dataset.queries=[a]"], "recommendation.queries"),
        (["dataset=track_features", "dataset.tsne_rows=0"], "samples.tsne_rows"),
    ],
)
def test_an_old_key_answers_with_its_new_place(args: list[str], place: str) -> None:
    with pytest.raises(ConfigError, match=rf": now dataset\.{place}$"):
        in_place(args)


def test_a_bare_split_is_its_kind() -> None:
    args = ["+experiment=wmf", "dataset.split=temporal"]
    assert in_place(args) == ["+experiment=wmf", "dataset.split.by=temporal"]


def test_labels_and_the_list_of_artists_of_an_old_recipe_get_their_nodes() -> None:
    target = "muso_exp.data.audio_tags.AudioTags"
    old = {"_target_": target, "n_tags": 5, "label_share": 0.5, "artist_list": "a.csv"}
    assert modern(old) == {
        "_target_": target,
        "labels": {"n_tags": 5, "label_share": 0.5},
        "split": {"artist_list": "a.csv"},
    }


def test_the_plays_within_an_old_recipe_get_their_nodes() -> None:
    plays = {"_target_": "muso_exp.data.plays.Plays", "split": "holdout", "world_seed": 1}
    target = "muso_exp.data.factor_tags.FactorTags"
    assert modern({"_target_": target, "plays": plays, "alpha": 2.0}) == {
        "_target_": target,
        "plays": {"_target_": plays["_target_"], "split": {"by": "holdout"}, "world": {"seed": 1}},
        "factors": {"alpha": 2.0},
    }
