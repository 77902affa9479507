"""A checkpoint is resumed by the run that it is of."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from muso_exp.errors import CheckpointError
from muso_exp.experiment.resume import refuse_other_run

INERT_KEYS = ("dataset.root",)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    recipe = {"dataset": {"root": "a", "size": 3}, "model": {"lr": 0.1}, "seed": 0}
    path = str(tmp_path / "last.ckpt")
    torch.save({"state_dict": {}, "recipe": recipe, "epoch": 3}, path)
    refuse_other_run(path, recipe | {"dataset": {"root": "b", "size": 3}}, 3, INERT_KEYS)
    refuse_other_run(path, recipe, -1, INERT_KEYS)
    with pytest.raises(CheckpointError, match="another run: seed is 0 there and 1 here"):
        refuse_other_run(path, recipe | {"seed": 1}, 3, INERT_KEYS)
    with pytest.raises(CheckpointError, match=r"model\.lr is 0\.1 there and absent here"):
        refuse_other_run(path, recipe | {"model": {}}, 3, INERT_KEYS)
    with pytest.raises(CheckpointError, match=r"3 epochs .*max_epochs=2; set it to 3 or more"):
        refuse_other_run(path, recipe, 2, INERT_KEYS)
    torch.save({"state_dict": {}, "recipe": recipe}, path)
    with pytest.raises(CheckpointError, match="does not say how many epochs"):
        refuse_other_run(path, recipe, 3, INERT_KEYS)
    torch.save({"state_dict": {}}, path)
    with pytest.raises(CheckpointError, match="not of a run of this program"):
        refuse_other_run(path, recipe, 3, INERT_KEYS)


def test_the_option_that_differs_is_named_before_what_follows_from_it(tmp_path: Path) -> None:
    target = {"_target_": "muso_exp.data.hetrec.HetRec"}
    then = {"train_pairs": "unordered", "test_pairs": "unordered", "max_dos": None}
    then |= {"max_train_pairs": 9, "max_test_pairs": 9}
    old = {"dataset": target | then, "model": {"n_classes": 5}, "seed": 0}
    path = str(tmp_path / "last.ckpt")
    torch.save({"state_dict": {}, "recipe": old, "epoch": 3}, path)
    pairs = then | {"sampling": "by_distance"}
    now = {"dataset": target | {"pairs": pairs}, "model": {"n_classes": 7}}
    with pytest.raises(CheckpointError, match=r"pairs\.sampling is 'uniform' there and 'by_dist"):
        refuse_other_run(path, old | now, 3, INERT_KEYS)


def test_an_old_checkpoint_of_plays_is_older_than_the_items_of_the_probe(tmp_path: Path) -> None:
    target = {"_target_": "muso_exp.data.plays.Plays"}
    old = {"dataset": {"plays": target | {"n_tags": 5}}, "model": {}, "seed": 0}
    old["dataset"]["_target_"] = "muso_exp.data.audio_factors.AudioFactors"
    path = str(tmp_path / "last.ckpt")
    torch.save({"state_dict": {}, "recipe": old, "epoch": 3}, path)
    probe = {"split_list": None, "within": None, "where": "test"}
    plays = {"dataset": old["dataset"] | {"plays": target | {"n_tags": 5, "probe": probe}}}
    refuse_other_run(path, old | plays, 3, INERT_KEYS)
    probe["where"] = "all"
    with pytest.raises(CheckpointError, match=r"probe\.where is 'test' there and 'all' here"):
        refuse_other_run(path, old | plays, 3, INERT_KEYS)


def test_what_is_said_of_the_files_makes_no_other_run(tmp_path: Path) -> None:
    recipe = {"dataset": {"size": 3, "plays": {"published": False}}, "model": {}, "seed": 0}
    path = str(tmp_path / "last.ckpt")
    torch.save({"state_dict": {}, "recipe": recipe, "epoch": 3}, path)
    said = {"size": 3, "published": True, "plays": {"published": True}}
    refuse_other_run(path, recipe | {"dataset": said}, 3, INERT_KEYS)


def test_the_options_of_an_old_checkpoint_are_read_in_their_places_of_today(tmp_path: Path) -> None:
    target = {"_target_": "muso_exp.data.audio_genres.AudioGenres"}
    old = {"dataset": target | {"world_users": 5}, "model": {}, "seed": 0}
    path = str(tmp_path / "last.ckpt")
    torch.save({"state_dict": {}, "recipe": old, "epoch": 3}, path)
    refuse_other_run(path, old | {"dataset": target | {"world": {"users": 5}}}, 3, INERT_KEYS)
    with pytest.raises(CheckpointError, match=r"dataset\.world\.users is 5 there and 6 here"):
        refuse_other_run(path, old | {"dataset": target | {"world": {"users": 6}}}, 3, INERT_KEYS)


def test_the_network_of_an_old_checkpoint_is_compared_in_its_places_of_today(
    tmp_path: Path,
) -> None:
    target = {"_target_": "muso_exp.models.mel_cnn.MelCNN"}
    old = {"dataset": {}, "model": target | {"n_mels": 64}, "seed": 0}
    path = str(tmp_path / "last.ckpt")
    torch.save({"state_dict": {}, "recipe": old, "epoch": 3}, path)
    refuse_other_run(path, old | {"model": target | {"spectrum": {"n_mels": 64}}}, 3, INERT_KEYS)
    with pytest.raises(CheckpointError, match=r"model\.spectrum\.n_mels is 64 there and 32 here"):
        refuse_other_run(
            path, old | {"model": target | {"spectrum": {"n_mels": 32}}}, 3, INERT_KEYS
        )


MEL = {"_target_": "muso_exp.models.mel_cnn.MelCNN", "head": "genres", "spectrum": {"n_mels": 64}}


def resume(tmp_path: Path, then: dict[str, Any], now: dict[str, Any]) -> None:
    """Resume a run of one model by a run of another."""
    path = str(tmp_path / "last.ckpt")
    recipes = [{"dataset": {}, "model": model, "seed": 0} for model in (then, now)]
    torch.save({"state_dict": {}, "recipe": recipes[0], "epoch": 3}, path)
    refuse_other_run(path, recipes[1], 3, INERT_KEYS)


@pytest.mark.parametrize(
    ("option", "default"),
    [
        ({"freq_mask": 0}, "model.freq_mask; it had its default, 0"),
        ({"hidden_sizes": [256, 128]}, r"model.hidden_sizes; it had its default, \[256, 128\]"),
        ({"n_stages": 1}, "model.n_stages; it had its default, 1"),  # of the class above
        (
            {"spectrum": {"n_mels": 64, "n_fft": 1024}},
            "model.spectrum.n_fft; it had its default, 1024",
        ),
        ({"channels_last": None}, ""),
    ],
)
def test_an_option_that_is_newer_than_a_checkpoint_had_its_default(
    option: dict[str, Any], default: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "muso_exp")
    resume(tmp_path, MEL, MEL | option)
    (told,) = caplog.messages or [""]
    assert default.replace("\\", "") in told
    caplog.clear()
    resume(tmp_path, MEL | option, MEL)
    assert not caplog.messages


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        (MEL, MEL | {"freq_mask": 8}, r"model\.freq_mask is 0 there and 8 here"),
        (MEL | {"freq_mask": 8}, MEL, r"model\.freq_mask is 8 there and 0 here"),
        (MEL, MEL | {"n_samples": 9}, r"model\.n_samples is absent there and 9 here"),
        (MEL | {"gone": 1}, MEL, r"model\.gone is 1 there and absent here"),
        (MEL | {"spectrum": {"n_mels": "x"}}, MEL | {"spectrum": {"n_mels": "x", "n_fft": 9}},
         r"model\.spectrum\.n_fft is absent there and 9 here"),
    ],
)  # fmt: skip
def test_an_option_without_a_default_or_with_another_value_is_another_run(
    then: dict[str, Any], now: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match=told):
        resume(tmp_path, then, now)
