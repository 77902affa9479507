import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tensorflow_files import write_arrays

from muso_exp.errors import DataFormatError
from muso_exp.formats.musicnn import write_musicnn

LABELS = "import os\nSR = 16000\nMTT_LABELS = ['flute', 'harp']\nMSD_LABELS = ['rock', 'pop']\n"
WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


def write_wheel(path: Path, labels: str = LABELS, without: str = "") -> str:
    index, data = write_arrays({"dense/kernel": WEIGHT, "dense/kernel/Adam": WEIGHT})
    files = {"musicnn/configuration.py": labels.encode()}
    for name in ("MTT", "MSD"):
        files[f"musicnn/{name}_musicnn/.index"] = index
        files[f"musicnn/{name}_musicnn/.data-00000-of-00001"] = data
    files.pop(without, None)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_weights_and_tags_are_written_without_the_state_of_the_optimiser(tmp_path: Path) -> None:
    digest = write_wheel(tmp_path / "a.whl")
    write_musicnn(tmp_path / "a.whl", tmp_path, digest)
    with np.load(tmp_path / "msd.npz") as arrays:
        assert sorted(arrays) == ["dense/kernel", "tags"]
        np.testing.assert_array_equal(arrays["dense/kernel"], WEIGHT)
        assert arrays["tags"].tolist() == ["rock", "pop"]


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    write_wheel(tmp_path / "a.whl")
    with pytest.raises(DataFormatError, match=r"the wheel of musicnn 0.1.0, sha256 f38a4890c648"):
        write_musicnn(tmp_path / "a.whl", tmp_path)


@pytest.mark.parametrize(
    ("labels", "without"),
    [
        (LABELS, "musicnn/MSD_musicnn/.index"),
        ("MTT_LABELS = [print('x')]", ""),
        ("MTT_LABELS = [", ""),
        ("", ""),
    ],
)
def test_a_wheel_that_lacks_something_is_refused(labels: str, without: str, tmp_path: Path) -> None:
    digest = write_wheel(tmp_path / "a.whl", labels, without)
    with pytest.raises(DataFormatError, match="no wheel of musicnn"):
        write_musicnn(tmp_path / "a.whl", tmp_path, digest)
