"""A checkpoint is resumed by the run that it is of."""

from pathlib import Path

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
    with pytest.raises(CheckpointError, match=r"model\.lr is 0\.1 there and None here"):
        refuse_other_run(path, recipe | {"model": {}}, 3, INERT_KEYS)
    with pytest.raises(CheckpointError, match=r"3 epochs .*max_epochs=2; set it to 3 or more"):
        refuse_other_run(path, recipe, 2, INERT_KEYS)
    torch.save({"state_dict": {}, "recipe": recipe}, path)
    with pytest.raises(CheckpointError, match="does not say how many epochs"):
        refuse_other_run(path, recipe, 3, INERT_KEYS)
    torch.save({"state_dict": {}}, path)
    with pytest.raises(CheckpointError, match="not of a run of this program"):
        refuse_other_run(path, recipe, 3, INERT_KEYS)


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
