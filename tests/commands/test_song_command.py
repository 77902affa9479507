from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from muso_exp.figures.song import waveform_figure


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Three seconds of a tone, at a rate that must be resampled."""
    clock = np.arange(3 * 8000) / 8000
    soundfile.write(tmp_path / "[red]x$.wav", 0.3 * np.sin(2 * np.pi * 440 * clock), 8000)
    return tmp_path / "[red]x$.wav"


def test_a_song_is_described_and_drawn(sound: Path, call: callable, tmp_path: Path) -> None:
    status, out, _ = call("song", str(sound), "--out", str(tmp_path / "new" / "x.png"))
    assert status == 0
    assert "3.0 s" in out and "LUFS" in out and "[red]x$.wav" in out
    assert (tmp_path / "new" / "x.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.png"]


def test_waveform_and_bands_are_drawn_as_in_the_thesis(
    sound: Path, call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(
        "muso_exp.figures.song.waveform_figure",
        lambda *given: drawn.append(given) or waveform_figure(*given),
    )
    status, out, err = call("song", str(sound), "--spectrogram", str(tmp_path / "x.png"))
    assert status == 0 and "figure: " in out and err == ""
    hertz = librosa.mel_frequencies(162, fmax=11_025)  # where bands begin and end
    bins = np.arange(257) * 22_050 / 512
    empty = sum(
        not ((low < bins) & (bins < high)).any()
        for low, high in zip(hertz[:-2], hertz[2:], strict=True)
    )
    assert f"{empty} of 160 mel bands hold no frequency" in out
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    ((_, waveform, bands, rate, hop),) = drawn
    assert (len(bands), rate, hop) == (160, 22_050, 256)
    assert bands.shape[1] == 1 + len(waveform) // 256
    loudest = bands.mean(axis=1).argmax()  # 440 Hz lies in the lowest eighth of the mel scale
    assert 10 < loudest < 40


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--out", "x.png", "--spectrogram", "x.png"], "--spectrogram x.png: that is --out; give"),
        (["--out", "x.txt"], "--out x.txt: a name that ends in .png, .svg or .pdf is needed"),
        (
            ["--spectrogram", "x"],
            "--spectrogram x: a name that ends in .png, .svg or .pdf is needed",
        ),
        (["--out", "{file}/x.png"], "x.png: cannot be written: "),
        (["short"], "short.wav: 1.00 s of sound; tempo and key need 2 s"),
        (["gone"], "gone.wav"),
    ],
)
def test_what_cannot_be_done_ends_in_one_line(
    args: list[str], message: str, sound: Path, call: callable, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(8000), 8000)
    file = sound if args[0].startswith("--") else tmp_path / f"{args.pop()}.wav"
    status, out, err = call("song", str(file), *(arg.format(file=sound) for arg in args))
    assert status != 0 and out == "" and len(err.splitlines()) == 1
    assert message in err
