"""Options that moved into a node: found on the command line, and in the recipes of old runs."""

import pytest
import torch
from pytorch_lightning import LightningModule

from muso_exp.errors import ConfigError
from muso_exp.experiment.build import build
from muso_exp.experiment.renamed import MODELS, in_place, modern, modern_parts, refuse_old_options

SOUND = "dataset=audio_genres"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([SOUND, "dataset.world_users=5"], "dataset.world_users: now dataset.world.users"),
        ([SOUND, "++dataset.seconds=5"], "dataset.seconds: now dataset.store.seconds"),
        (["+experiment=genre_cnn", "dataset.n_folds=3"], "now dataset.split.n_folds"),
        (["experiment=genre_cnn", "dataset.split_list=a"], "now dataset.split.list"),
        (["dataset=spectra", "dataset.group=artist"], "now dataset.split.by"),
        (["dataset=spectra", "dataset.check_root=a"], "now dataset.checks.root"),
        (["dataset=plays", "dataset.items=artist"], "now dataset.reading.items"),
        (["dataset=plays", "dataset.min_seconds=9"], "now dataset.reading.min_seconds"),
        (["model=embedding_net", "model.hidden_size=9"], "now model.layers.hidden_size"),
        (["dataset=spectra", "dataset.n_bins=9"], "now dataset.spectrum.n_bins"),
        (["+experiment=genre_cnn", "options.mel_cnn.n_mels=9"], "now options.mel_cnn.spectrum.n_m"),
        (["model=mel_cnn", "model.n_mels=9"], "^model.n_mels: now model.spectrum.n_mels$"),
        (["+experiment=genre_cnn", "+model.precise=false"], "now model.spectrum.precise"),
        (["+experiment=audio_frontends", "models.mel.top_db=9"], "now models.mel.spectrum.top_db"),
        (
            ["+experiment=spectra_variants", "variant=mel_cnn", "model.n_fft=9"],
            "now model.spectrum.n_fft",
        ),
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
        ("model.precise=false", "model.precise=false"),  # bag_of_mfcc has no node
        ("model.split=artist", "model.split=artist"),
    ],
)
def test_a_bare_split_is_its_kind_and_other_keys_pass(arg: str, expected: str) -> None:
    assert in_place([SOUND, arg, "-m"]) == [SOUND, expected, "-m"]


@pytest.mark.parametrize(
    "args",
    [
        ["model=mel_cnn", "model.spectrum.n_mels=9"],
        ["model=mel_cnn", "model.spectrum={n_mels: 9}"],
        ["model=mel_cnn", "model.freq_mask=3"],
        ["model=mel_cnn", "model.lr=0.1"],
    ],
)
def test_an_option_of_a_model_that_stands_where_it_did_passes(args: list[str]) -> None:
    assert in_place(args) == args


def test_a_sweep_over_models_or_variants_leaves_the_data_set_known() -> None:
    for sweep in ("model=mel_cnn,bag_of_mfcc", "variant=mfcc,mel"):
        args = ["+experiment=audio_frontends", sweep, "dataset.split=artist", "-m"]
        assert in_place(args) == [*args[:2], "dataset.split.by=artist", "-m"]


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


def test_the_recipe_of_an_old_network_gets_the_node_of_its_spectrum() -> None:
    target = "muso_exp.models.mel_cnn.MelCNN"
    new = modern({"_target_": target, "n_mels": 64, "n_frames": 0, "dropout": 0.5, "lr": 0.1})
    assert new == {
        "_target_": target,
        "spectrum": {"n_mels": 64, "n_frames": 0},
        "dropout": 0.5,
        "lr": 0.1,
    }
    assert modern(new) == new
    dims = {"head": "genres", "n_outputs": 3, "n_samples": 22050, "sample_rate": 22050}
    model = build(new, LightningModule, **dims)
    assert (model.log_mel(torch.zeros(1, 22050)).shape[1], model.training_plan.lr) == (64, 0.1)


def test_a_class_that_no_configuration_may_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"_target_=os\.system: refused"):
        modern({"_target_": "os.system", "command": "true"})


@pytest.mark.parametrize(
    ("arg", "message"),
    [
        ("model=separation", "^model=separation: now model=distance_net$"),
        ("model=dff,separation_siamese", "now model=dff,distance_siamese$"),
        ("model@models.a=separation_ordinal", r"now model@models\.a=distance_ordinal$"),
        ("options.separation.lr=1", r"^options\.separation\.lr: now options\.distance_net\.lr$"),
        ("~options.separation", r"^options\.separation: now options\.distance_net$"),
    ],
)
def test_a_model_of_another_name_answers_with_its_name_of_today(arg: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        in_place(["+experiment=dos_classifier", arg])


HYBRID = "muso_exp.models.hybrid.Hybrid"


def test_an_option_of_an_old_model_that_the_data_set_has_now_goes_there() -> None:
    old = {
        "dataset": {"_target_": "muso_exp.data.content_plays.ContentPlays", "root": None},
        "model": {"_target_": HYBRID, "fit": {"cold_share": 0.3, "val_share": 0.4, "n_dims": 8}},
    }
    new = modern_parts(old)
    assert new["dataset"]["validation"] == {"items": 0.3, "plays": 0.4}
    assert new["model"] == {"_target_": HYBRID, "fit": {"n_dims": 8}}
    assert modern_parts(new) == new
    assert modern_parts({"model": {"_target_": HYBRID}})["model"] == {"_target_": HYBRID}


@pytest.mark.parametrize("start", [[], ["+experiment=hybrid", "variant=hybrid"]])
def test_an_option_that_the_data_set_has_now_answers_with_its_place(start: list[str]) -> None:
    args = [*start, "model=hybrid", "+model.fit.cold_share=0.3"]
    with pytest.raises(
        ConfigError, match=r"^model\.fit\.cold_share: now dataset\.validation\.items$"
    ):
        in_place(args)


def test_a_model_of_ones_own_may_hold_an_old_name() -> None:
    args = ["+experiment=wmf", "model=separation_of_mine", "model.separation=1"]
    assert in_place(args) == args


@pytest.mark.parametrize("old", MODELS)
def test_the_recipe_of_an_old_run_gets_the_name_of_its_model(old: str) -> None:
    name = "".join(part.title() for part in old.split("_"))
    new = modern({"_target_": f"muso_exp.models.{old}.{name}", "lr": 0.1})
    dims = {"input_dim": 6, "n_classes": 3, "hidden_sizes": [2]}
    blocks = {"block_sizes": [1, 2]} if old.endswith("siamese") else {}
    model = build(new, LightningModule, **dims, **blocks)
    assert (type(model).__module__, model.lr) == (f"muso_exp.models.{MODELS[old]}", 0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separation": {"lr": 1}}, r"^options\.separation: now options\.distance_net$"),
        ({"mel_cnn": {"n_mels": 9}}, r"options\.mel_cnn\.n_mels: now options\.mel_cnn\.spectrum\."),
    ],
)
def test_old_options_of_an_experiment_answer_with_their_place(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        refuse_old_options(options, "mel_cnn", "muso_exp.models.mel_cnn.MelCNN")


def test_options_that_stand_where_they_did_pass() -> None:
    options = {"mel_cnn": {"channels": [4], "spectrum": {"n_mels": 9}}, "wmf": None}
    for name in options:
        refuse_old_options(options, name, "muso_exp.models.mel_cnn.MelCNN")
