from pathlib import Path

import pytest
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir

from muso_exp.errors import DatasetNotFoundError
from muso_exp.run import run


@pytest.mark.parametrize(("rank", "kept"), [("0", False), ("1", True)])
def test_only_the_owner_of_a_run_folder_removes_it(
    rank: str, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_RANK", rank)
    folder = tmp_path / "run"
    if kept:  # rank 0 has claimed it
        (folder / "checkpoints").mkdir(parents=True)
    places = [f"paths.outputs={tmp_path}", f"paths.run={folder}", "dataset.root=/nowhere"]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        cfg = compose("config", ["+experiment=dos_classifier", "scale=smoke", *places])
    with pytest.raises(DatasetNotFoundError, match="/nowhere"):
        run(cfg)
    assert folder.exists() is kept
