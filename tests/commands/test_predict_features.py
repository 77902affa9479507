"""Document 4's last step: a sound file, its estimated features, its cluster, songs of that."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from tiny_songs import write_songs

from muso_exp.commands.predict import predict
from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.run import run


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_songs(tmp_path_factory.mktemp("songs"))


def finished(folder: Path, cache: Path, *overrides: str) -> str:
    common = ["scale=smoke", "resamples=20", "logger=none", f"paths.outputs={folder}"]
    places = [f"paths.run={folder / 'run'}", f"paths.cache={cache}"]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        run(compose("config", [*overrides, *common, *places]))
    return str(folder / "run")


@pytest.fixture(scope="module")
def spectra(songs: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    sound = [f"dataset.root={songs}", "dataset.checks.root=null", "dataset.spectrum.n_bins=100"]
    folder = tmp_path_factory.mktemp("spectra")
    return finished(folder, cache, "+experiment=spectra_features", *sound)


@pytest.fixture(scope="module")
def clusters(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("clusters")
    return finished(folder, cache, "+experiment=song_clusters")


def test_a_song_gets_its_cluster_and_songs_of_it(
    spectra: str, clusters: str, songs: Path, tmp_path: Path
) -> None:
    predict(clusters, [songs / "3.wav"], tmp_path / "song.csv", features=spectra)
    (song,) = pd.read_csv(tmp_path / "song.csv").to_dict("records")
    known = pd.read_parquet(Path(clusters) / "predictions.parquet")
    assert song["id"] == "3.wav" and song["cluster"] in set(known["cluster"])
    same = known.loc[known["cluster"] == song["cluster"], "id"].astype(str)
    assert set(song["recommended"].split()) <= set(same)


def test_a_table_of_estimates_gives_the_same_as_the_sound(
    spectra: str, clusters: str, songs: Path, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    for number in (3, 4):
        shutil.copy(songs / f"{number}.wav", tmp_path / "new")
    predict(spectra, [tmp_path / "new"], tmp_path / "estimates.csv")
    predict(clusters, [tmp_path / "estimates.csv"], tmp_path / "two.csv")
    predict(clusters, [tmp_path / "new"], tmp_path / "one.csv", features=spectra)
    both = [pd.read_csv(tmp_path / name) for name in ("two.csv", "one.csv")]
    pd.testing.assert_frame_equal(*both)
    assert both[0]["id"].tolist() == ["3.wav", "4.wav"]


def test_sound_without_features_and_the_wrong_runs_are_refused(
    spectra: str, clusters: str, songs: Path, tmp_path: Path
) -> None:
    for source in (songs / "3.wav", songs):
        with pytest.raises(ConfigError, match="of sound they are estimated: --features <run of"):
            predict(clusters, [source])
    with pytest.raises(ConfigError, match=r"a run on spectra .*, this is one on track_features"):
        predict(clusters, [songs / "3.wav"], features=clusters)
    with pytest.raises(ConfigError, match="a run on spectra reads no table of audio features"):
        predict(spectra, [songs / "3.wav"], features=spectra)
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    with pytest.raises(DataFormatError, match=r"bad.wav"):
        predict(clusters, [tmp_path / "bad.wav"], features=spectra)
