"""New songs for a model of spectra or waveforms, and the checks on other songs with genres."""

from pathlib import Path

import pytest
import soundfile
from pytest import approx
from tiny_songs import (
    ANSWER,
    RATE,
    SOUND,
    Zeros,
    ready,
    table,
    waveform,
    write_songs,
)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_songs(tmp_path_factory.mktemp("songs"))


def test_new_songs_get_estimates_intervals_and_neighbours(songs: Path, cache: Path) -> None:
    data = ready(songs, cache)
    data.half_widths = data.scaling.span * 0.5
    again = ready(songs, cache)
    again.load_state_dict(data.state_dict())
    result = again.read_new(songs).apply(Zeros())
    assert result["song"].tolist() == table()["id"].tolist()
    assert result["artist"][3] == "artist 1" and result["genre"][3] == "rock"
    assert result["seconds"].tolist() == approx([0.5] * 30, abs=1e-3)
    mean = data.part("train")["energy"].mean()
    assert result["energy"].tolist() == approx([mean] * 30)
    assert result["energy_low"][0] == approx(mean - 0.5 * data.part("train")["energy"].std(ddof=0))
    raw = data.part("train")[data.features]
    distances = (((raw - raw.mean()) / raw.std(ddof=0)) ** 2).sum(axis=1)
    nearest = data.part("train").loc[distances.idxmin()]
    assert result["nearest"][0].startswith(f"{nearest['artist']} - {nearest['title']}; ")
    assert len(result["nearest_raw"][0].split("; ")) == 5


def test_of_one_longer_new_song_as_much_is_heard_as_of_the_train_songs(
    songs: Path, tmp_path: Path, cache: Path
) -> None:
    data = ready(songs, cache)
    data.load_state_dict(data.state_dict())
    soundfile.write(tmp_path / "long.wav", waveform(1, 3.0), RATE)
    result = data.read_new(tmp_path / "long.wav").apply(Zeros())
    assert result["song"].tolist() == ["long.wav"]
    assert result["seconds"].tolist() == approx([0.5], abs=1e-3)
    assert "artist" not in result and "genre" not in result


def test_waveforms_have_the_same_songs_and_targets(songs: Path, cache: Path) -> None:
    options = {"store": SOUND, "windows": {"n_samples": 2_000}}
    heard = ready(songs, cache, inputs="waveform", **options)
    seen = ready(songs, cache)
    assert heard.labels.equal(seen.labels)
    assert heard.dims == {
        "head": "regression", "sample_rate": RATE, "n_samples": 2_000, "n_outputs": 11
    }  # fmt: skip
    batch = next(iter(heard.test_dataloader()))
    assert batch["x"].shape == (3, 2, 2_000)
    row = heard.parts["test"][0]
    expected = waveform(row)[:2_000] / 32_768
    assert batch["x"][0, 0].numpy() == approx(expected, abs=1e-4)
    train = next(iter(heard.train_dataloader()))
    assert train["x"].shape == (8, 2_000) and train["target"].shape == (8, 11)


def test_waveforms_of_new_songs_are_cut_alike(songs: Path, cache: Path) -> None:
    options = {"store": SOUND, "windows": {"n_samples": 2_000}}
    data = ready(songs, cache, inputs="waveform", **options)
    data.load_state_dict(data.state_dict())
    assert len(data.read_new(songs).apply(Zeros())) == 30


def test_the_report_checks_other_songs_that_have_genres(songs: Path, cache: Path) -> None:
    data = ready(songs, cache, checks={"root": str(songs)})
    truth = {"preds": data.task.target}
    sections = {
        part.name: part for part in data.task.sections(data.task.predictions(truth), ANSWER)
    }
    assert {"by_feature", "estimates", "songs", "importance", "intervals"} < set(sections)
    by_feature = sections["by_feature"].table
    assert by_feature is not None and by_feature["R2"].tolist() == approx([1] * 11)
    checks = sections["genre_checks"].table
    assert checks is not None
    assert checks["feature"].tolist() == ["energy", "loudness", "acousticness"]  # rock, classical
    assert checks["share"].tolist() == [0.5] * 3  # zeros: all songs alike
    assert set(checks["verdict"]) == {"no difference"}
    means = sections["genre_check_means"].table
    assert means is not None and means["genre"].tolist() == ["classical", "rock"]
