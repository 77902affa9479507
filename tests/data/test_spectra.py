"""The data set of spectra: what it reads, splits, scales and says of new songs."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from pytest import approx
from tiny_songs import (
    ANSWER,
    N_BINS,
    RATE,
    ready,
    spectrum_options,
    table,
    waveform,
    write_matrix,
    write_songs,
)

from muso_exp.data.feature_regression.splits import split_sizes
from muso_exp.data.spectra import Spectra
from muso_exp.features.audio import spectrum
from muso_exp.records import Finding
from muso_exp.sound.spectrum_task import SpectrumReading, read_spectrum

OPTIONS = SpectrumReading(spectrum_options(n_bins=N_BINS))


def audited(data: Spectra) -> dict[str, Finding]:
    return {finding.check: finding for finding in data.task.audit(ANSWER)}


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_songs(tmp_path_factory.mktemp("songs"))


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    return write_matrix(tmp_path / "matrix")


def test_the_published_parts_have_their_sizes() -> None:
    sizes = split_sizes(22_359, 0.2, 0.1)
    assert sizes == {"train": 15_652, "val": 4_471, "test": 2_236}


def test_every_song_is_in_one_part(matrix: Path, tmp_path: Path) -> None:
    parts = ready(matrix, tmp_path).parts
    assert np.sort(np.concatenate(list(parts.values()))).tolist() == list(range(30))
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 21, "val": 6, "test": 3}


def test_another_seed_splits_otherwise(matrix: Path, tmp_path: Path) -> None:
    one, same, other = (ready(matrix, tmp_path, seed=seed) for seed in (0, 0, 1))
    assert one.parts["test"].tolist() == same.parts["test"].tolist()
    assert one.parts["test"].tolist() != other.parts["test"].tolist()
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_no_artist_is_in_two_parts(songs: Path, cache: Path) -> None:
    data = ready(songs, cache, split={"by": "artist"})
    artists = [set(data.artists[rows]) for rows in data.parts.values()]
    assert sum(len(names) for names in artists) == len(set.union(*artists)) == 15


def test_train_inputs_and_targets_have_mean_0_and_spread_1(matrix: Path, tmp_path: Path) -> None:
    data = ready(matrix, tmp_path, batch_size=0)
    batch = next(iter(data.train_dataloader()))
    for name in ("x", "target"):
        assert batch[name].mean(dim=0).abs().max() < 1e-5
        assert batch[name].std(dim=0, correction=0).sub(1).abs().max() < 1e-4


def test_test_songs_are_scaled_by_the_train_songs(matrix: Path, tmp_path: Path) -> None:
    data = ready(matrix, tmp_path)
    values = np.load(matrix / "spectra.npy")
    train, test = data.parts["train"], data.parts["test"]
    expected = (values[test] - values[train].mean(axis=0)) / values[train].std(axis=0)
    batch = next(iter(data.test_dataloader()))
    assert batch["x"].numpy() == approx(expected, abs=1e-4)
    raw = table()[data.features].to_numpy()
    expected = (raw[test] - raw[train].mean(axis=0)) / raw[train].std(axis=0)
    assert data.task.target.numpy() == approx(expected, abs=1e-5)


def test_each_epoch_sees_all_train_songs_in_another_order(matrix: Path, tmp_path: Path) -> None:
    loader = ready(matrix, tmp_path).train_dataloader()
    torch.manual_seed(0)
    one, two = (torch.cat([batch["row"] for batch in loader]).tolist() for _ in range(2))
    assert sorted(one) == sorted(two) == list(range(21))
    assert one != two


def test_sound_files_give_the_spectra_of_the_document(songs: Path, cache: Path) -> None:
    data = ready(songs, cache)
    assert data.songs.values is not None
    for number in (0, 7, 29):
        expected = spectrum(waveform(number) / np.float32(32_768), RATE, OPTIONS.spectrum)
        assert data.songs.values[data.songs.rows[number]] == approx(expected)


def test_spectra_are_computed_once(
    songs: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ready(songs, cache)
    monkeypatch.setattr("muso_exp.sound.spectra._compute", None)
    assert ready(songs, cache).fingerprint == first.fingerprint


def test_a_matrix_and_its_sound_files_are_the_same_data(
    songs: Path, tmp_path: Path, cache: Path
) -> None:
    heard = ready(songs, cache)
    assert heard.songs.values is not None
    folder = write_matrix(tmp_path / "matrix")
    np.save(folder / "spectra.npy", heard.songs.values)
    assert ready(folder, tmp_path / "cache").fingerprint == heard.fingerprint


def test_the_documents_file_names_are_known(matrix: Path, tmp_path: Path) -> None:
    expected = ready(matrix, tmp_path / "cache").fingerprint
    (matrix / "spectra.npy").rename(matrix / "dense_mtx.npy")
    ids = (matrix / "spectra_ids.txt").read_text().split()
    (matrix / "spectra_ids.txt").unlink()
    labels = "\n".join(f"spotify:track:{name}.mp3" for name in ids)
    (matrix / "npy_chunk_labels.txt").write_text(labels)
    assert ready(matrix, tmp_path / "cache").fingerprint == expected


@pytest.mark.parametrize(
    ("subtype", "channels"),
    [("PCM_U8", 1), ("PCM_24", 1), ("PCM_32", 1), ("FLOAT", 1), ("DOUBLE", 1), ("PCM_16", 5)],
)
def test_every_wav_gives_the_spectrum_of_16_bits(
    subtype: str, channels: int, tmp_path: Path
) -> None:
    samples = waveform(3).astype(np.float64) / 32_768
    soundfile.write(tmp_path / "plain.wav", samples, RATE, subtype="PCM_16")
    spread = np.tile(samples[:, None], (1, channels))
    soundfile.write(tmp_path / "other.wav", spread, RATE, subtype=subtype)
    plain, other = (
        read_spectrum(OPTIONS, str(tmp_path / f"{name}.wav"))[0] for name in ("plain", "other")
    )
    noise = 256 if subtype == "PCM_U8" else 0  # a step of 8 bits, in steps of 16
    line = noise / np.sqrt(12) * np.sqrt(len(samples)) / (25 * N_BINS)  # of white noise
    assert np.abs(other - plain).max() < 2 * line + 1e-4 * plain.mean()


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = waveform(1).astype(np.int16), waveform(2).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), RATE)
    mean = (left.astype(np.float32) + right) / 2 / 32_768
    expected = spectrum(mean, RATE, OPTIONS.spectrum)
    assert read_spectrum(OPTIONS, str(tmp_path / "a.wav"))[0] == approx(expected, rel=1e-4)


def test_bad_files_are_set_aside_and_counted(tmp_path: Path) -> None:
    root = write_songs(tmp_path / "songs")
    (root / "0.wav").write_bytes(b"")
    (root / "1.wav").write_text("no sound at all")
    soundfile.write(root / "2.wav", waveform(2, 0.015), RATE)
    soundfile.write(root / "3.wav", np.zeros(RATE), RATE)
    soundfile.write(root / "4.wav", waveform(4), 8_000)
    data = ready(root, tmp_path / "cache")
    bad = data.songs.quarantine.set_index("track_id")
    codes = ["empty", "not_audio", "too_short", "silent", "bad_rate"]
    assert bad["code"].tolist() == codes
    assert "0.02 s are needed for 100 bins below 5000 Hz" in bad["detail"]["track0002"]
    assert "10000 is needed to reach 5000 Hz" in bad["detail"]["track0004"]
    assert len(data.table) == 25
    found = audited(data)
    assert found["files_in_quarantine"].value == 5
    assert found["files_in_quarantine"].level == "warning"
    expected = spectrum(waveform(7) / np.float32(32_768), RATE, OPTIONS.spectrum)
    row = data.table.index[data.table["id"] == "track0007"][0]
    assert data.songs.values is not None
    assert data.songs.values[data.songs.rows[row]] == approx(expected)


def test_songs_without_features_are_left_out_and_counted(matrix: Path, tmp_path: Path) -> None:
    content = table(34).iloc[4:]  # four others than those that have a spectrum
    content.to_csv(matrix / "track_features.csv", index=False)
    data = ready(matrix, tmp_path)
    assert len(data.table) == 26
    assert (data.songs.without_features, data.songs.without_sound) == (4, 4)
    values = np.load(matrix / "spectra.npy")
    assert data.songs.values is not None
    assert (data.songs.values[data.songs.rows] == values[4:]).all()


def test_a_constant_input_is_0_and_counted(matrix: Path, tmp_path: Path) -> None:
    values = np.load(matrix / "spectra.npy")
    values[:, 5] = 0.1
    np.save(matrix / "spectra.npy", values)
    data = ready(matrix, tmp_path)
    assert (next(iter(data.test_dataloader()))["x"][:, 5] == 0).all()
    assert audited(data)["constant_inputs"].value == 1


def test_the_mean_scores_1_on_what_it_was_fitted_on(matrix: Path, tmp_path: Path) -> None:
    data = ready(matrix, tmp_path)
    metrics, train = data.task.metrics(), data.labels[torch.from_numpy(data.parts["train"])]
    metrics.update(preds=torch.zeros_like(train), target=train)
    assert float(metrics.compute()["mse"]) == approx(1, abs=1e-5)


def test_the_mode_is_right_on_the_right_side_of_one_half(matrix: Path, tmp_path: Path) -> None:
    data = ready(matrix, tmp_path)
    place = data.features.index("mode")
    truth = data.task.target
    almost = truth.clone()
    almost[:, place] = (
        torch.where(  # .4 and .6 in the feature's own units
            truth[:, place] > 0, 0.6 - data.scaling.shift[place], 0.4 - data.scaling.shift[place]
        )
        / data.scaling.span[place]
    )
    metric = data.task.metrics()["mode_accuracy"]
    metric.update(preds=almost, target=truth)
    assert float(metric.compute()) == 1


def test_the_artists_mean_is_a_null_where_artists_are_on_both_sides(
    songs: Path, cache: Path
) -> None:
    data = ready(songs, cache)
    nulls = data.task.nulls()
    assert (nulls["train_mean"]["preds"] == 0).all()
    train, test = data.parts["train"], data.parts["test"]
    for row, song in enumerate(test):
        theirs = data.labels[train[data.artists[train] == data.artists[song]]]
        expected = theirs.sum(dim=0) / (len(theirs) + 2)
        assert nulls["artist_mean"]["preds"][row].numpy() == approx(expected.numpy(), abs=1e-6)
    assert set(ready(songs, cache, split={"by": "artist"}).task.nulls()) == {"train_mean", "level"}


@pytest.mark.data
def test_real_mp3s_have_spectra(real_data: Path, tmp_path: Path) -> None:
    path = next((real_data / "emotify-audio" / "audio" / "rock").glob("*.mp3"))
    values, seconds = read_spectrum(SpectrumReading(spectrum_options()), str(path))
    assert values.shape == (10_000,) and seconds == approx(30, abs=0.2)
    bass = values[:500].mean()  # below 250 Hz
    assert bass > 5 * values[8_000:].mean()
