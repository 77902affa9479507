"""Tags from what a network of another run heard: its factors and its inner layers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from factors_of_a_run import write_factors
from sound_tasks import MODEL_OF_LAYERS, factors, tags
from tiny_sound import write_sound_folder

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.factors import load_heard
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.tasks.base import Answer


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def heard_run(folder: Path, root: Path, cache: Path, keep_layers: bool = True) -> Path:
    """Write factors.npz as a run of factors from sound does; return its folder."""
    data = factors(root, cache, keep_layers=keep_layers)
    answer = Answer(MODEL_OF_LAYERS, {}, Bootstrap(5))
    sections = {part.name: part for part in data.task.sections(pd.DataFrame(), answer)}
    arrays = sections["factors"].arrays
    assert arrays is not None
    folder.mkdir(exist_ok=True)
    np.savez(folder / "factors.npz", **arrays)
    return folder


def test_a_probe_reads_factors_and_layers_of_the_same_clips(
    root: Path, cache: Path, tmp_path: Path
) -> None:
    run = heard_run(tmp_path, root, cache)
    data = tags(root, cache, inputs="heard_layers+factors+heard_factors", heard=str(run))
    heard = load_heard(run)
    rows = [heard.ids.tolist().index(str(name)) for name in data.tracks["track_id"]]
    assert data.dims["input_dim"] == 2 + 3 + 3
    assert np.array_equal(data.x[:, :2], heard.vectors["heard_layers"][rows])
    assert torch.equal(data.x[:, 2:5], torch.from_numpy(data.factors))


def test_test_clips_that_the_network_was_trained_on_are_counted(
    root: Path, cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = heard_run(tmp_path, root, cache)
    arrays = dict(np.load(run / "factors.npz"))
    arrays["item_split"] = np.full(len(arrays["item_ids"]), "train")
    np.savez(run / "factors.npz", **arrays)
    data = tags(root, cache, inputs="heard_factors", heard=str(run))
    assert f"{len(data.part('test'))} test clips are among those" in caplog.text


def test_what_a_run_did_not_keep_is_refused(root: Path, cache: Path, tmp_path: Path) -> None:
    run = heard_run(tmp_path, root, cache, keep_layers=False)
    with pytest.raises(
        ConfigError, match=r"kept no inner layers; run it with dataset\.keep_layers"
    ):
        tags(root, cache, inputs="heard_layers", heard=str(run))
    with pytest.raises(ConfigError, match=r"set dataset\.heard=<folder of a run"):
        tags(root, cache, inputs="heard_layers")


def test_a_run_on_plays_or_on_other_sound_is_refused(
    root: Path, cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="factors of a run on plays; give one on sound"):
        load_heard(write_factors(tmp_path))
    run = heard_run(tmp_path, root, cache)
    arrays = dict(np.load(run / "factors.npz"))
    arrays["item_ids"] = np.array([f"x{name}" for name in arrays["item_ids"]])
    np.savez(run / "factors.npz", **arrays)
    with pytest.raises(ConfigError, match=r"clips are not in this run, the first is .*same sound"):
        tags(root, cache, inputs="heard_factors", heard=str(run))


def test_damaged_layers_are_refused(root: Path, cache: Path, tmp_path: Path) -> None:
    run = heard_run(tmp_path, root, cache)
    arrays = dict(np.load(run / "factors.npz"))
    arrays["item_layers"] = arrays["item_layers"][:-1]
    np.savez(run / "factors.npz", **arrays)
    with pytest.raises(DataFormatError, match="heard_layers: a row of numbers per clip is needed"):
        load_heard(run)
