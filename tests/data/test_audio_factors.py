"""Latent factors from sound, on twelve tones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sound_tasks import Heard, factors, made, plays
from tiny_sound import N_CLIPS, write_sound_folder

from muso_exp.errors import ConfigError


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def test_targets_are_the_factors_of_the_played_item(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    assert data.tracks["item"].tolist() == list(range(N_CLIPS))
    norms = np.linalg.norm(data.factors, axis=1, keepdims=True)
    assert data.labels.numpy() == pytest.approx(data.factors / norms, abs=1e-6)
    assert data.head == "factors" and data.dims["n_outputs"] == 3


def test_standardised_targets_are_fitted_on_train_and_turned_back(root: Path, cache: Path) -> None:
    data = factors(root, cache, scaling="standard")
    train = data.labels[data.parts["train"]]
    assert train.mean(dim=0).numpy() == pytest.approx(np.zeros(3), abs=1e-6)
    assert train.std(dim=0, correction=0).numpy() == pytest.approx(np.ones(3), abs=1e-5)
    assert data.scaling.invert(data.labels.numpy()) == pytest.approx(data.factors, abs=1e-5)
    assert data.head == "regression"


def test_clips_are_found_by_name_up_to_case(root: Path, cache: Path) -> None:
    by_id, by_name = factors(root, cache), factors(root, cache, match="names")
    assert by_name.tracks["item"].tolist() == by_id.tracks["item"].tolist()


def test_new_songs_are_set_beside_known_ones(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    again = made("audio_factors", root, cache, plays=plays(cache))
    again.load_state_dict(data.state_dict())
    wanted = data.factors[[4]]
    model = Heard(lambda batch: {"preds": torch.from_numpy(wanted)})
    table = again.read_new(root / "audio" / "4.wav").apply(model)
    assert table["nearest 1"].tolist() == ["two - song 4"]
    assert table["cosine 1"][0] == pytest.approx(1, abs=1e-5)


def test_queries_are_found_by_name_or_id_and_refused_otherwise(root: Path, cache: Path) -> None:
    assert factors(root, cache, queries=["ONE - song 2", "5"]).task.rows.queries == [2, 4]
    with pytest.raises(ConfigError, match="queries: no item is called 'abba'"):
        factors(root, cache, queries=["abba"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"match": "sound"}, "match=sound: one of id, names is needed"),
        ({"scaling": "log"}, "scaling=log: one of l2, standard, none is needed"),
        ({"factors": {"n_factors": 50}}, "factors.n_factors=50: at most 12"),
    ],
)
def test_factors_that_cannot_be_are_refused(
    options: dict, message: str, root: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        factors(root, cache, **options)


def test_sound_and_plays_that_do_not_belong_together_are_refused(
    tmp_path: Path, cache: Path
) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    manifest = (folder / "manifest.csv").read_text().replace(".wav,", ".wav,x")
    (folder / "manifest.csv").write_text(manifest)
    with pytest.raises(ConfigError, match="0 of 12 clips are among the 13 played items"):
        factors(folder, cache)
