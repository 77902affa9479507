"""Bad matrices, tables, sound and options of the spectra: one line each, nothing half-written."""

import gzip
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from damage import refusal
from tiny_songs import (
    N_BINS,
    RATE,
    SOUND,
    ready,
    spectrum_options,
    table,
    waveform,
    write_matrix,
    write_songs,
)

from muso_exp.data.feature_regression.inputs import SpectrumInputs
from muso_exp.data.feature_regression.sources import Songs
from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.sound.spectrum_task import SpectrumReading

Spoil = Callable[[np.ndarray], np.ndarray]


message = partial(refusal, ready)


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    return write_matrix(tmp_path / "matrix")


def with_nan(values: np.ndarray) -> np.ndarray:
    values[12, 34] = np.nan
    return values


HEADER = "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 100)}}"


def npy(header: str) -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(400)


def an_npz(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.ones((30, N_BINS)))


@pytest.mark.parametrize(
    "spoil",
    [
        an_npz,
        lambda path: path.write_bytes(npy(HEADER.format(-1))),
        lambda path: path.write_bytes(npy(HEADER.format(10**13))),
        lambda path: path.write_bytes(npy("{'descr': '<f4', 'shape': (30, 100)}")),
        lambda path: path.write_bytes(npy("{'descr': 'no', 'fortran_order': 1, 'shape': 'x'}")),
        lambda path: path.write_bytes(npy("(")),
        lambda path: path.write_bytes(b""),
        lambda path: os.truncate(path, 300),
    ],
    ids=["npz", "negative", "huge", "no order", "no type", "no literal", "empty", "torn"],
)
def test_no_matrix_at_all_is_reported_in_one_line(
    spoil: Callable[[Path], object], matrix: Path, tmp_path: Path
) -> None:
    spoil(matrix / "spectra.npy")
    with pytest.raises(
        DataFormatError, match=r"spectra\.npy: (no \.npy file|a matrix of)"
    ) as caught:
        ready(matrix, tmp_path / "cache")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (with_nan, "spectra.npy, column 35: row 13 (track0012) holds a value that is no number"),
        (lambda values: values[:-1], "spectra_ids.txt: 30 ids for 29 rows of spectra.npy"),
        (lambda values: values[0], "a matrix of numbers, a row per track and a column per bin"),
        (lambda values: values > 0, "a matrix of numbers, a row per track and a column per bin"),
        (lambda values: values[:, :50], "dataset.spectrum.n_bins=100: "),
        (lambda values: 0 * values, "every bin has one value in all train songs"),
        (lambda values: values.astype(object), "no .npy file: "),
    ],
    ids=["nan", "rows", "vector", "truth values", "bins", "constant", "objects"],
)
def test_a_bad_matrix_is_reported_in_one_line(
    spoil: Spoil, expected: str, matrix: Path, tmp_path: Path
) -> None:
    np.save(matrix / "spectra.npy", spoil(np.load(matrix / "spectra.npy")))
    assert expected in message(matrix, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no numbers", None], ids=["empty", "text", "cut"])
def test_a_file_that_is_no_matrix_is_reported_in_one_line(
    content: bytes | None, matrix: Path, tmp_path: Path
) -> None:
    path = matrix / "spectra.npy"
    path.write_bytes(path.read_bytes()[:-1000] if content is None else content)
    assert "spectra.npy: no .npy file: " in message(matrix, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("track0004", "track0003", "spectra_ids.txt, line 5: second row of the same track"),
        ("track0004", "", "spectra_ids.txt, line 5: an empty line instead of an id"),
        ("track0004\n", "", "29 ids for 30 rows of spectra.npy; each row needs its own id"),
    ],
)
def test_a_bad_list_of_ids_is_reported_in_one_line(
    old: str, new: str, expected: str, matrix: Path, tmp_path: Path
) -> None:
    path = matrix / "spectra_ids.txt"
    path.write_text(path.read_text().replace(old, new, 1))
    assert expected in message(matrix, tmp_path)


def test_ids_may_be_gzipped_and_must_then_be_whole(matrix: Path, tmp_path: Path) -> None:
    plain = matrix / "spectra_ids.txt"
    packed = gzip.compress(plain.read_bytes())
    plain.unlink()
    (matrix / "spectra_ids.txt.gz").write_bytes(packed)
    assert len(ready(matrix, tmp_path / "cache").table) == 30
    (matrix / "spectra_ids.txt.gz").write_bytes(packed[:-20])
    with pytest.raises(DataFormatError, match="damaged gzip file"):
        ready(matrix, tmp_path / "cache")


def test_missing_files_are_named(matrix: Path, tmp_path: Path) -> None:
    (matrix / "spectra_ids.txt").unlink()
    assert "not found: spectra_ids.txt; give the id of each of the 30 rows" in message(
        matrix, tmp_path
    )
    (matrix / "track_features.csv").unlink()
    assert "not found: track_features.csv" in message(matrix, tmp_path)
    with pytest.raises(DatasetNotFoundError, match="the folder itself"):
        ready(tmp_path / "nowhere", tmp_path / "cache")


def test_ids_that_are_all_others_are_reported(matrix: Path, tmp_path: Path) -> None:
    table(30).assign(id=[f"other{i}" for i in range(30)]).to_csv(matrix / "track_features.csv")
    text = message(matrix, tmp_path)
    assert "none of 30 songs with sound is among the 30 of the feature table" in text


def test_a_constant_feature_says_how_to_do_without_it(matrix: Path, tmp_path: Path) -> None:
    table(30).assign(mode=1).to_csv(matrix / "track_features.csv", index=False)
    text = message(matrix, tmp_path)
    assert "mode has one value in all 21 train songs" in text
    assert text.endswith("leave it out: 'dataset.drop=[mode]'")
    data = ready(matrix, tmp_path / "cache", drop=["mode"])
    assert data.dims["n_outputs"] == 10 and "mode_accuracy" not in data.task.metrics()


def test_too_few_songs_are_reported(tmp_path: Path) -> None:
    root = write_matrix(tmp_path / "few", 5)
    assert "5 songs are too few for a train, a dev and a test part" in message(root, tmp_path)


def test_a_folder_without_one_good_file_is_reported(tmp_path: Path) -> None:
    root = write_songs(tmp_path / "songs", 3)
    soundfile.write(root / "0.wav", waveform(0, 0.01), RATE)
    (root / "1.wav").write_bytes(b"")
    (root / "2.wav").unlink()
    text = message(root, tmp_path)
    assert "none of the 3 sound files can be used" in text
    assert "0.01 s long; 0.02 s are needed for 100 bins below 5000 Hz" in text


def test_one_new_file_that_is_bad_is_reported(matrix: Path, tmp_path: Path) -> None:
    data = ready(matrix, tmp_path / "cache")
    data.load_state_dict(data.state_dict())
    (tmp_path / "song.mp3").write_text("no sound")
    with pytest.raises(DataFormatError, match=r"song\.mp3: no sound format that libsndfile knows"):
        data.read_new(tmp_path / "song.mp3")
    with pytest.raises(DatasetNotFoundError, match=r"song\.wav"):
        data.read_new(tmp_path / "song.wav")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"inputs": "sound"}, "inputs=sound: one of spectrum, waveform is needed"),
        ({"split": {"by": "genre"}}, r"split\.by=genre: one of track, artist is needed"),
        ({"duplicates": "last"}, "duplicates=last: one of refuse, first is needed"),
        ({"coverage": 1.0}, r"coverage=1\.0: float < 1 is needed"),
        ({"store": {"crop": "end"}}, r"store\.crop=end: one of centre, start is needed"),
        (
            {"store": {"seconds": 0.01}},
            r"store\.seconds=0\.01: 0\.02 s are needed for 100 bins",
        ),
        ({"features": ["energy", "colour"]}, r"no audio feature 'colour'"),
        ({"features": ["energy"], "drop": ["energy"]}, r"dataset\.drop leaves no feature"),
        (
            {"split": {"val_share": 0.0}},
            r"split\.val_share=0\.0, test_share=0\.1: shares above",
        ),
        (
            {"split": {"test_share": 0.9}},
            r"split\.val_share=0\.2, test_share=0\.9: shares above",
        ),
        ({"inputs": "waveform"}, r"waveform: set dataset\.store\.sample_rate and"),
        (
            {"inputs": "waveform", "store": SOUND, "windows": {"n_samples": 9_999}},
            r"store\.seconds=0\.5: a window of 9999 samples at 11025 Hz is 0\.91 s long",
        ),
        (
            {"inputs": "waveform", "store": SOUND, "windows": {"n_samples": 100}},
            r"dataset\.inputs=waveform: spectra\.npy holds spectra, no sound",
        ),
        (
            {"checks": {"expected": [["energy", "rock"]]}},
            r"checks\.expected: \[feature, genre where",
        ),
        (
            {"checks": {"expected": [["colour", "rock", "pop"]]}},
            r"expected: \[feature, genre where",
        ),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(
    options: dict, expected: str, matrix: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=expected):
        ready(matrix, tmp_path / "cache", **options)


def test_spectra_must_be_asked_for(matrix: Path) -> None:
    inputs = SpectrumInputs(SpectrumReading(spectrum_options(n_bins=N_BINS)), 1, 0)
    nothing = table(1)
    songs = Songs(nothing, None, np.arange(1), nothing, 0, 0, nothing)
    with pytest.raises(ValueError, match="songs without spectra"):
        inputs.open(songs, matrix)
