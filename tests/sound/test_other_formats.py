"""Sound that libsndfile does not read, encoded by FFmpeg and read back."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from muso_exp.formats.sound.layouts import read_tracks
from muso_exp.sound.decoding import AudioError, decode, open_audio
from muso_exp.sound.other_formats import DEMUXERS
from muso_exp.sound.suffixes import ALONE, OTHER_SUFFIXES, is_unread

av = pytest.importorskip("av", reason="PyAV, the extra `audio`, is not installed")
RATE, SECONDS, PITCH = 22_050, 3.0, 441.0
LOSSLESS = {"a.m4a": "alac", "a.wv": "wavpack", "a.tta": "tta"}
LOSSY = {"b.m4a": "aac", "b.aac": "aac", "b.wma": "wmav2", "b.webm": "libopus", "b.ac3": "ac3"}
CONTAINERS = {".m4a": "ipod", ".aac": "adts", ".wma": "asf"}


def encode(path: Path, codec: str, rate: int = RATE, seconds: float = SECONDS) -> Path:
    """Write a tone, left twice as loud as right, with artist and title where there are tags."""
    rate = {"libopus": 48_000, "ac3": 44_100, "wmav2": 44_100}.get(codec, rate)
    time = np.arange(int(rate * seconds)) / rate
    left = 0.5 * np.sin(2 * np.pi * PITCH * time)
    waveform = np.stack([left, left / 2]).astype(np.float32)
    name = CONTAINERS.get(path.suffix, path.suffix[1:])
    with av.open(str(path), "w", format=name) as container:
        container.metadata.update({"artist": "Björk", "title": "Jóga"})
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        if codec == "wmav2":
            stream.bit_rate = 64_000
        resampler = av.AudioResampler(
            format=stream.format.name,
            layout="stereo",
            rate=rate,
            frame_size=stream.frame_size or 1024,
        )
        frame = av.AudioFrame.from_ndarray(waveform, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(part):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


@pytest.mark.parametrize(("name", "codec"), [*LOSSLESS.items(), *LOSSY.items()])
def test_a_tone_is_read_at_its_pitch_and_the_mean_of_its_channels(
    name: str, codec: str, tmp_path: Path
) -> None:
    waveform, rate = decode(encode(tmp_path / name, codec), sample_rate=RATE)
    assert rate == RATE and len(waveform) == pytest.approx(RATE * SECONDS, abs=0.1 * RATE)
    middle = waveform[RATE : 2 * RATE]
    spectrum = np.abs(np.fft.rfft(middle))
    assert spectrum.argmax() == PITCH
    assert middle.std() == pytest.approx(0.75 * 0.5 / np.sqrt(2), rel=0.05)


def test_lossless_sound_is_read_to_the_sample_and_in_parts(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a", "alac")
    whole, _ = decode(path)
    time = np.arange(int(RATE * SECONDS)) / RATE
    np.testing.assert_allclose(whole, 0.375 * np.sin(2 * np.pi * PITCH * time), atol=1e-4)
    part, _ = decode(path, start=1.0, seconds=0.5)
    np.testing.assert_array_equal(part, whole[RATE : RATE + RATE // 2])


def test_tags_are_read_and_folders_of_such_files_are_tracks(tmp_path: Path) -> None:
    (tmp_path / "rock").mkdir()
    path = encode(tmp_path / "rock" / "a.m4a", "aac")
    with open_audio(path) as (file, info):
        assert file.copy_metadata()["artist"] == "Björk" and info.channels == 1
    row = read_tracks(tmp_path).iloc[0]
    assert (row["artist"], row["title"], row["genre"]) == ("Björk", "Jóga", "rock")


def test_what_is_none_or_cut_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = encode(tmp_path / "a.wv", "wavpack").read_bytes()
    (tmp_path / "cut.wv").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(AudioError, match=r"cut\.wv: its header says 3\.00 s, not all of it"):
        decode(tmp_path / "cut.wv")
    (tmp_path / "none.m4a").write_bytes(b"....ftypM4A ")
    with pytest.raises(AudioError, match=r"none\.m4a: no \.m4a that FFmpeg knows"):
        decode(tmp_path / "none.m4a")
    (tmp_path / "text.wma").write_text("hello")
    with pytest.raises(AudioError, match=r"text\.wma: "):
        decode(tmp_path / "text.wma")


def test_no_file_makes_it_open_another_one(tmp_path: Path) -> None:
    encode(tmp_path / "real.aac", "aac")
    listed = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nreal.aac\n#EXT-X-ENDLIST\n"
    for suffix in (".aac", ".m4a", ".webm"):  # a list that FFmpeg would follow, were it asked
        (tmp_path / f"list{suffix}").write_text(listed)
        with pytest.raises(AudioError):
            decode(tmp_path / f"list{suffix}")


def test_it_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "a.m4a", "aac")
    assert not is_unread(path)
    monkeypatch.setenv(ALONE, "1")
    assert is_unread(path)
    with pytest.raises(AudioError, match=r"is not read; convert it, .*or let PyAV read it"):
        decode(path)


def test_every_suffix_has_a_demuxer() -> None:
    assert set(DEMUXERS) == set(OTHER_SUFFIXES)
    for name in set(DEMUXERS.values()):
        av.format.ContainerFormat(name, "r")
