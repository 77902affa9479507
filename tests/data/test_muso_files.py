"""The files of document 1: what counts as the same data, what is missing, the real ones."""

import gzip
import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tiny_files import LISTENING, muso, write_muso_files

from muso_exp.data.muso import MuSo
from muso_exp.errors import ConfigError, DatasetNotFoundError


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return write_muso_files(tmp_path / "muso")


def score(data: MuSo, null: str) -> dict[str, float]:
    metrics = data.task.metrics()
    metrics.update(**data.task.nulls()[null], target=data.task.target)
    return {name: float(value) for name, value in metrics.compute().items()}


def test_fingerprint_ignores_handles_names_and_compression(files: Path, tmp_path: Path) -> None:
    other = tmp_path / "author"
    other.mkdir()
    renamed = {f"train_{name}": f"MuSo_User_{new}" for name, new in AUTHOR.items()}
    renamed |= {f"test_{name}": f"MuSo_Test_User_{new}" for name, new in AUTHOR.items()}
    for name, new in renamed.items():
        shutil.copy(files / name, other / new)
    path = other / "MuSo_User_Data.json"
    path.write_text(path.read_text().replace('"a"', '"handle"'))
    path = other / "MuSo_User_DOS.csv"
    path.write_text(path.read_text().replace("a,", "handle,"))
    with gzip.open(other / "MuSo_Test_User_Data.json.gz", "wb") as file:
        file.write((other / "MuSo_Test_User_Data.json").read_bytes())
    (other / "MuSo_Test_User_Data.json").unlink()
    assert muso(other).fingerprint == muso(files).fingerprint


AUTHOR = {"listening.json": "Data.json", "dos.csv": "DOS.csv"}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("train_listening.json", '"rock": 10', '"rock": 11'),
        ("train_listening.json", '"jazz"', '"free jazz"'),
        ("test_dos.csv", "9", "8"),
    ],
)
def test_fingerprint_follows_every_number_and_item(
    files: Path, name: str, old: str, new: str
) -> None:
    before = muso(files).fingerprint
    path = files / name
    path.write_text(path.read_text().replace(old, new))
    assert muso(files).fingerprint != before


def test_listening_may_stand_in_another_order_than_the_matrix(files: Path) -> None:
    before = muso(files)
    backwards = dict(reversed(LISTENING["train"].items()))
    (files / "train_listening.json").write_text(json.dumps(backwards))
    assert muso(files).fingerprint == before.fingerprint


def test_zero_between_two_users_means_no_known_distance(files: Path) -> None:
    (files / "test_dos.csv").write_text("user,e,f,g\ne,0,1,0\nf,1,0,3\ng,0,3,0\n")
    data = muso(files)
    assert data.pairs.drawn["test"].n_without_path == 2
    assert data.task.target.tolist() == [0, 0, 2, 2]


def test_missing_files_are_named_with_what_to_do(files: Path) -> None:
    (files / "train_dos.csv").unlink()
    (files / "test_dos.csv").unlink()
    with pytest.raises(DatasetNotFoundError, match=r"not found: train_dos.csv, test_dos.csv; put"):
        muso(files)
    with pytest.raises(DatasetNotFoundError, match="not found: the folder itself; put"):
        muso(files / "nowhere")


def test_without_a_root_the_same_reader_reads_simulated_files_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def simulate(self: MuSo, folder: Path) -> None:
        written.append(write_muso_files(folder))

    monkeypatch.setattr(MuSo, "_simulate", simulate)
    first, second = (muso(None, cache=str(tmp_path)) for _ in range(2))
    assert first.simulated and not first.published
    assert first.fingerprint == second.fingerprint
    assert len(written) == 1
    muso(None, cache=str(tmp_path), world={"seed": 1})
    assert len(written) == 2


@pytest.mark.data
def test_real_files_give_the_documents_sizes(real_data: Path) -> None:
    data = muso(real_data / "muso-lastfm-chains")
    assert data.published and not data.simulated
    assert data.dims["input_dim"] == 18432 and data.dims["n_classes"] == 41
    assert data.dims["block_sizes"] == [2223, 2624, 2824, 1545]
    counts = data.task.counts()
    assert (counts["train_pairs"], counts["test_pairs"]) == (435, 350)
    assert len(muso(data.root, test_pairs="unordered").task.target) == 175


@pytest.mark.data
def test_real_files_give_the_exact_null_scores(real_data: Path) -> None:
    data = muso(real_data / "muso-lastfm-chains")
    expected = {
        "uniform": (0.1160, 0.1597),
        "train_prior": (0.122, 0.169),
        "always_1": (50 / 350, 60 / 350),
    }
    for null, (lt3, le3) in expected.items():
        found = score(data, null)
        assert found["acc_within_lt3"] == pytest.approx(lt3, abs=5e-4)
        assert found["acc_within_le3"] == pytest.approx(le3, abs=5e-4)
    nulls = data.task.nulls()
    assert int(nulls["best_constant_lt3"]["strategy"][0].argmax()) + 1 == 3
    assert int(nulls["best_constant_le3"]["strategy"][0].argmax()) + 1 == 4
    assert score(data, "best_constant_lt3")["acc_within_lt3"] == pytest.approx(70 / 350)
    assert score(data, "best_constant_le3")["acc_within_le3"] == pytest.approx(88 / 350)


@pytest.mark.data
def test_reading_the_real_files_changes_none(real_data: Path) -> None:
    folder = real_data / "muso-lastfm-chains"
    before = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}
    muso(folder)
    assert before == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_a_world_too_small_for_its_chains_is_refused_and_not_cached(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.world: no such world can be simulated"):
        muso(None, cache=str(tmp_path), world={"users": 40, "train": 30, "test": 24})
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
