import errno
import os
import pickle
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from muso_exp.errors import CheckpointError
from muso_exp.models.dff import DFF
from muso_exp.training.checkpoint import (
    AtomicCheckpointIO,
    find_checkpoint,
    load_weights,
    read_checkpoint,
    resuming,
)


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


@pytest.mark.parametrize("room", [0, 700, 41_000, 80_000, 81_000])
def test_a_file_that_cannot_grow_is_an_error_of_the_system_wherever_it_ends(
    tmp_path: Path, room: int
) -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    weights = {name: torch.ones(10_000) for name in "ab"}
    earlier = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, earlier[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            AtomicCheckpointIO().save_checkpoint({"state_dict": weights}, tmp_path / "last.ckpt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, earlier)
    assert caught.value.errno == errno.EFBIG
    assert not list(tmp_path.iterdir())


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
    with pytest.raises(CheckpointError, match="not a readable checkpoint: a run folder"):
        find_checkpoint(str(text))
    text.write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(CheckpointError, match=r"not a readable checkpoint \(RuntimeError\)"):
        find_checkpoint(str(text))


def test_a_torch_file_without_a_model_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.ckpt")
    with pytest.raises(CheckpointError, match="has no state_dict"):
        find_checkpoint(str(tmp_path / "list.ckpt"))


class Evil:
    """Pickles to a call that leaves a canary."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.canary}",)


@pytest.mark.parametrize("key", ["state_dict", "callbacks", "recipe", "anything"])
def test_a_checkpoint_that_would_run_something_is_refused_before_it_runs(
    tmp_path: Path, key: str
) -> None:
    canary, path = tmp_path / "canary", tmp_path / "evil.ckpt"
    torch.save({"state_dict": {}, key: Evil(canary)}, path)
    with pytest.raises(CheckpointError, match=r"refused: it holds posix\.system, .* alone$"):
        read_checkpoint(path)
    with pytest.raises(CheckpointError, match="refused"):
        AtomicCheckpointIO().load_checkpoint(path, weights_only=False)
    assert not canary.exists()


def test_a_bare_pickle_is_refused_before_it_runs(tmp_path: Path) -> None:
    canary, path = tmp_path / "canary", tmp_path / "evil.ckpt"
    path.write_bytes(pickle.dumps(Evil(canary)))
    with pytest.raises(CheckpointError, match=r"evil\.ckpt: (refused|not a readable checkpoint)"):
        read_checkpoint(path)
    assert not canary.exists()


def test_weights_of_another_model_are_refused_in_one_line(tmp_path: Path) -> None:
    model = DFF(input_dim=4)
    edited = {"state_dict": {**model.state_dict(), "cut": torch.zeros(2, 3)}}
    for saved in ({"state_dict": {}}, edited, {"state_dict": {"cut": "x"}}):
        with pytest.raises(CheckpointError, match=r"x\.ckpt: does not fit DFF \([^\n]+$"):
            load_weights("x.ckpt", saved, model)


def test_a_damaged_state_of_the_training_is_reported_and_a_fault_of_the_training_is_not() -> None:
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    with pytest.raises(CheckpointError, match=r"ckpt=x: damaged .* \(KeyError: 'loops'\)"):
        with resuming("x", trainer):
            raise KeyError("loops")
    with pytest.raises(KeyError), resuming(None, trainer):
        raise KeyError("loops")
    with pytest.raises(KeyError), resuming("x", trainer):
        trainer.callbacks[-1].on_train_start(trainer, None)
        raise KeyError("of the model")
