"""Decoding sound files: the right samples, and each fault by its code."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from damaged_sound import RATE, encoded, music, patched, with_hole, write_damaged

from muso_exp.sound.clips import SILENCE, ClipOptions, loudest_moment, read_clip
from muso_exp.sound.decoding import AudioError, decode
from muso_exp.sound.quiet import quiet


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_width_of_wav_gives_the_mean_of_its_channels(tmp_path: Path, subtype: str) -> None:
    channels = np.stack([music(seed=n) for n in range(3)], axis=1)
    soundfile.write(tmp_path / "x.wav", channels, RATE, subtype=subtype)
    stored = soundfile.read(tmp_path / "x.wav")[0]
    waveform, sample_rate = decode(tmp_path / "x.wav")
    assert sample_rate == RATE
    assert waveform.dtype == np.float32
    np.testing.assert_allclose(waveform, stored.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "wav", "aiff", "au", "w64", "rf64"])
def test_a_part_is_what_the_whole_file_holds_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    soundfile.write(path, music(), RATE)
    whole = soundfile.read(path, dtype="float32")[0]
    part, _ = decode(path, start=2.0, seconds=1.5)
    np.testing.assert_allclose(part, whole[2 * RATE : 2 * RATE + round(1.5 * RATE)], atol=1e-6)


def test_a_rate_is_converted_by_soxr(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", music(), RATE, subtype="FLOAT")
    waveform, sample_rate = decode(tmp_path / "x.wav", 16_000)
    assert sample_rate == 16_000
    np.testing.assert_array_equal(waveform, soxr.resample(music(), RATE, 16_000, quality="HQ"))


def test_a_tone_keeps_its_pitch_and_its_height_at_another_rate(tmp_path: Path) -> None:
    t = np.arange(44_100 * 2) / 44_100
    soundfile.write(tmp_path / "x.flac", 0.5 * np.sin(2 * np.pi * 1000 * t), 44_100)
    waveform, _ = decode(tmp_path / "x.flac", 16_000)
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(32_000) / 16_000)
    assert len(waveform) == 32_000
    np.testing.assert_allclose(waveform[500:-500], expected[500:-500], atol=1e-4)


def test_the_end_of_a_file_makes_a_part_shorter(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", music(3.0), RATE)
    assert len(decode(tmp_path / "x.wav", start=2.0, seconds=5.0)[0]) == RATE
    with pytest.raises(AudioError, match=r"ends after 3.00 s, wanted from 3.00 s on") as caught:
        decode(tmp_path / "x.wav", start=3.0)
    assert caught.value.code == "too_short"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": -1.0}, "start must be >= 0 and seconds > 0, got -1.0 and None"),
        ({"seconds": 0.0}, "start must be >= 0 and seconds > 0, got 0.0 and 0.0"),
        ({"sample_rate": 10}, "sample_rate must be 4000 to 384000 Hz, got 10"),
    ],
)
def test_impossible_parts_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode(Path("x.wav"), **arguments)


SAYS = {
    "cut": "cut off",
    "not_audio": "no sound format that libsndfile knows",
    "damaged": "does not decode|No 'data' chunk|decoder",
    "bad_channels": r"Channel count is zero|Too many channels|5000 channels; at most 32 are read",
    "bad_rate": r"sample rate (1 Hz|10000000 Hz); 4000 to 384000 is needed|zero or impossible",
    "too_long": r"hours by its header; at most 12 are read",
    "silent": r"nowhere louder than -70 dBFS",
    "not_finite": "NaN or infinite",
    "bad_scale": r"samples up to .*; -1 to 1 is needed",
    "too_short": r"0.50 s long; at least 2 s are needed",
    "not_a_file": "a folder, not a file|a pipe, socket or device, not a file",
    "missing": "cannot be found: No such file",
    "empty": "no bytes|a header without samples",
}


def test_each_damaged_file_is_refused_for_its_own_reason(tmp_path: Path) -> None:
    codes = write_damaged(tmp_path)
    assert len(codes) == 34
    assert set(codes.values()) == set(SAYS)
    for name, code in codes.items():
        with pytest.raises(AudioError, match=SAYS[code]) as caught:
            read_clip(tmp_path / name, ClipOptions(16_000, 4.0, "centre", 2.0))
        assert (name, caught.value.code) == (name, code)
        assert str(caught.value) == f"{tmp_path / name}: {caught.value.detail}"


def test_more_channels_than_a_studio_has_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((100, 33)), RATE)
    with pytest.raises(AudioError, match="33 channels; at most 32 are read"):
        decode(tmp_path / "x.wav")


def test_a_stream_without_a_length_is_refused(tmp_path: Path) -> None:
    flac = encoded()["flac"]
    rest = int.from_bytes(flac[18:26], "big") >> 36 << 36  # number of samples 0: not known
    (tmp_path / "x.flac").write_bytes(patched(flac, 18, ">Q", rest))
    with pytest.raises(AudioError, match="does not say how long it is") as caught:
        decode(tmp_path / "x.flac")
    assert caught.value.code == "no_length"


def test_samples_without_a_header_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.raw").write_bytes(bytes(1000))
    with pytest.raises(AudioError, match="raw samples without a header"):
        decode(tmp_path / "x.raw")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_one_may_not_read_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", music(), RATE)
    (tmp_path / "x.wav").chmod(0)
    with pytest.raises(AudioError, match="cannot be read: permission or device") as caught:
        decode(tmp_path / "x.wav")
    assert caught.value.code == "unreadable"


def test_a_hole_where_the_part_lies_is_distinguished_from_a_cut(tmp_path: Path) -> None:
    """A flac decoder seeks over a hole, so the end is there; what is asked for is not."""
    (tmp_path / "x.flac").write_bytes(with_hole(encoded(music(30.0))["flac"]))
    with pytest.raises(AudioError, match="does not decode") as caught:
        decode(tmp_path / "x.flac", start=16.0, seconds=1.0)
    assert caught.value.code == "damaged"
    assert len(decode(tmp_path / "x.flac", seconds=5.0)[0]) == 5 * RATE


@pytest.mark.parametrize("size", [0, 2**32 - 1])
def test_a_wav_of_a_pipe_states_no_length_and_is_not_called_cut(tmp_path: Path, size: int) -> None:
    wav = encoded()["wav"]
    place = wav.find(b"data") + 4
    (tmp_path / "x.wav").write_bytes(patched(wav, place, "<I", size))
    if size:
        assert len(decode(tmp_path / "x.wav")[0]) == len(music())
    else:
        with pytest.raises(AudioError, match="a header without samples"):
            decode(tmp_path / "x.wav")


@pytest.mark.parametrize("suffix", ["aiff", "au", "w64", "rf64", "wav", "ogg"])
def test_a_cut_is_seen_where_libsndfile_says_nothing(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    soundfile.write(path, music(), RATE)
    path.write_bytes(path.read_bytes()[:-3000])
    assert len(soundfile.read(path)[0]) < len(music())
    with pytest.raises(AudioError, match="shorter than its header says: cut off"):
        decode(path, seconds=1.0)


def test_an_error_crosses_from_process_to_process() -> None:
    error = pickle.loads(pickle.dumps(AudioError("x.mp3", "cut", "too little")))
    assert (error.code, error.detail, str(error)) == ("cut", "too little", "x.mp3: too little")


def test_seeking_in_an_mp3_writes_nothing_to_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    for n in range(3):
        path = tmp_path / f"{n}.mp3"
        soundfile.write(path, music(10.0, n), RATE, bitrate_mode="CONSTANT", compression_level=0.9)
        decode(path, start=4.0, seconds=2.0)
    with quiet(), quiet():
        os.write(2, b"lost")
    os.write(2, b"kept")
    assert capfd.readouterr().err == "kept"


def test_loudness_is_that_of_the_loudest_moment_without_an_offset() -> None:
    waveform = np.full(16_000, 0.3)
    assert loudest_moment(waveform, 16_000) == pytest.approx(0)
    waveform[8000:8800] += 0.01 * np.sign(np.sin(np.arange(800) / 5))  # 50 ms of a square wave
    assert loudest_moment(waveform, 16_000) == pytest.approx(0.01, rel=0.01)
    assert loudest_moment(waveform[:1], 16_000) == 0
    assert pytest.approx(-70) == 20 * np.log10(SILENCE)


@pytest.mark.data
def test_real_mp3s_decode_whole(real_data: Path) -> None:
    for path in sorted((real_data / "emotify-audio" / "audio").glob("*/1*.mp3"))[:8]:
        waveform, sample_rate = decode(path)
        np.testing.assert_array_equal(waveform, soundfile.read(path, dtype="float32")[0])
        assert len(waveform) == 30 * sample_rate


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "wav", "aiff", "au", "w64", "rf64"])
def test_whatever_stands_in_a_header_ends_in_a_clip_or_in_a_reason(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"x.{suffix}"
    soundfile.write(path, music(1.0), RATE)
    whole = path.read_bytes()
    options = ClipOptions(16_000, 0.5, "centre", 0.25)
    n_refused = 0
    for place in range(0, 140, 2):
        for value in (0, 0xFFFF):
            path.write_bytes(patched(whole, place, "<H", value))
            try:
                clip, _ = read_clip(path, options)
            except AudioError as error:
                n_refused += 1
                assert error.code
            else:
                assert clip.shape == (8000,)
    assert n_refused
