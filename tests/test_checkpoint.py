from pathlib import Path

import pytest
import torch

from muso_exp.errors import CheckpointError
from muso_exp.training.checkpoint import AtomicCheckpointIO, find_checkpoint, refuse_other_recipe


def test_a_failed_write_leaves_the_older_checkpoint_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    io, target = AtomicCheckpointIO(), tmp_path / "last.ckpt"
    io.save_checkpoint({"state_dict": {"w": torch.ones(1)}}, target)

    def torn(checkpoint: object, file: object) -> None:
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(OSError, match="disk full"):
        io.save_checkpoint({"state_dict": {}}, target)
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    assert torch.load(target)["state_dict"]["w"] == 1


def test_a_run_folder_means_its_last_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints" / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state_dict": {}}, file)
    assert find_checkpoint(str(tmp_path)) == str(file)


def test_a_place_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*last\.ckpt"):
        find_checkpoint(str(tmp_path))


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.ckpt"
    text.write_text("hello")
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        find_checkpoint(str(text))


def test_a_torch_file_without_a_model_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.ckpt")
    with pytest.raises(CheckpointError, match="has no state_dict"):
        find_checkpoint(str(tmp_path / "list.ckpt"))


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    recipe = {"dataset": {"root": "a", "size": 3}, "model": {"lr": 0.1}, "seed": 0}
    path = str(tmp_path / "last.ckpt")
    torch.save({"state_dict": {}, "recipe": recipe}, path)
    refuse_other_recipe(path, recipe | {"dataset": {"root": "b", "size": 3}})
    with pytest.raises(CheckpointError, match="another run: seed is 0 there and 1 here"):
        refuse_other_recipe(path, recipe | {"seed": 1})
    with pytest.raises(CheckpointError, match=r"model\.lr is 0\.1 there and None here"):
        refuse_other_recipe(path, recipe | {"model": {}})
    torch.save({"state_dict": {}}, path)
    with pytest.raises(CheckpointError, match="not of a run of this program"):
        refuse_other_recipe(path, recipe)
