from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import torch
import torchaudio
from pytest import approx

from muso_exp.features import mel
from muso_exp.models.frontends import MFCC, Difference, LogMel, MelOptions

RATE = 22050
PADDINGS: list[mel.Padding] = ["reflect", "constant"]
CUTS = [80.0, None]


def sounds() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    times = np.arange(30_000) / RATE
    click = np.zeros(30_000)
    click[12_345] = 1.0
    return {
        "noise": rng.normal(0, 0.1, 30_000),
        "quiet noise": rng.normal(0, 1e-4, 30_000),
        "tone": 0.9 * np.sin(2 * np.pi * 440 * times),
        "sweep": 0.5 * np.sin(2 * np.pi * (100 + 3000 * times) * times),
        "click": click,
        "silence": np.zeros(30_000),
        "fade": np.exp(-8 * times) * rng.normal(0, 0.3, 30_000),
    }


def in_graph(module: torch.nn.Module, waveform: np.ndarray) -> np.ndarray:
    return module(torch.from_numpy(waveform.astype(np.float32))[None])[0].numpy()


def greatest(found: np.ndarray, expected: np.ndarray) -> float:
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max())


def check(waveform: np.ndarray, rate: int, pad_mode: mel.Padding, top_db: float | None) -> None:
    waveform = waveform.astype(np.float32)
    options = {"pad_mode": pad_mode, "top_db": top_db}
    spectrum = in_graph(LogMel(rate, MelOptions(**options)), waveform)
    assert greatest(spectrum, mel.log_mel(waveform, rate, **options)) < 1e-3
    coefficients = in_graph(MFCC(rate, spectrum=MelOptions(**options)), waveform)
    assert greatest(coefficients, mel.mfcc(waveform, rate, **options)) < 1e-3


@pytest.mark.parametrize("top_db", CUTS)
@pytest.mark.parametrize("pad_mode", PADDINGS)
@pytest.mark.parametrize("name", list(sounds()))
def test_front_ends_are_librosa_within_a_thousandth_of_a_decibel(
    name: str, pad_mode: mel.Padding, top_db: float | None
) -> None:
    check(sounds()[name], RATE, pad_mode, top_db)


@pytest.mark.data
@pytest.mark.parametrize("top_db", CUTS)
@pytest.mark.parametrize("pad_mode", PADDINGS)
@pytest.mark.parametrize("name", ["brahms", "trumpet"])
def test_front_ends_are_librosa_on_real_recordings(
    name: str, pad_mode: mel.Padding, top_db: float | None, real_data: Path
) -> None:
    path = real_data / "librosa-example-audio" / f"{name}.ogg"
    waveform, rate = soundfile.read(path, dtype="float32", frames=10 * RATE)
    check(waveform, rate, pad_mode, top_db)


def test_librosa_itself_says_the_same_at_its_own_settings() -> None:
    waveform = sounds()["fade"].astype(np.float32)
    power = librosa.feature.melspectrogram(y=waveform, sr=RATE, n_fft=1024, hop_length=512)
    expected = librosa.power_to_db(power)
    assert (
        greatest(in_graph(LogMel(RATE, MelOptions(pad_mode="constant")), waveform), expected) < 1e-3
    )


def test_torchaudio_says_the_same_within_its_rounding() -> None:
    waveform = sounds()["noise"].astype(np.float32)
    transform = torchaudio.transforms.MelSpectrogram(
        RATE, n_fft=1024, hop_length=512, n_mels=128, norm="slaney", mel_scale="slaney"
    )
    decibels = torchaudio.transforms.AmplitudeToDB(top_db=80.0)
    expected = decibels(transform(torch.from_numpy(waveform))).numpy()
    assert greatest(in_graph(LogMel(RATE), waveform), expected) < 0.01


def test_other_sizes_agree_too() -> None:
    waveform = sounds()["sweep"].astype(np.float32)
    sizes = {"n_mels": 40, "n_fft": 512, "hop_length": 200}
    found = in_graph(LogMel(16000, MelOptions(**sizes)), waveform)
    expected = mel.log_mel(waveform, 16000, **sizes)
    assert greatest(found, expected) < 1e-3


def test_a_batch_is_its_waveforms_one_by_one() -> None:
    batch = torch.from_numpy(np.stack(list(sounds().values()))).float()
    for module in (LogMel(RATE), MFCC(RATE)):
        together = module(batch)
        alone = torch.cat([module(one) for one in batch.split(1)])
        assert torch.allclose(together, alone, atol=1e-4)


def test_float32_is_close_and_no_more() -> None:
    waveform = sounds()["noise"].astype(np.float32)
    expected = mel.log_mel(waveform, RATE)
    assert greatest(in_graph(LogMel(RATE, MelOptions(precise=False)), waveform), expected) < 0.01


def test_without_precision_no_number_is_float64() -> None:
    module = MFCC(RATE, spectrum=MelOptions(precise=False))
    assert {buffer.dtype for buffer in module.buffers()} == {torch.float32}
    waveform = sounds()["noise"].astype(np.float32)
    assert greatest(in_graph(module, waveform), mel.mfcc(waveform, RATE)) < 0.02


def test_the_number_of_frames_is_known_beforehand() -> None:
    module = LogMel(RATE)
    for n_samples in (600, 22_016, 22_050, 22_527, 22_528, 66_150):
        assert module(torch.zeros(1, n_samples)).shape == (1, 128, module.n_frames(n_samples))
    assert [module.n_frames(n) for n in (22_050, 66_047, 66_150)] == [44, 129, 130]


def test_the_numbers_are_float32_under_autocast() -> None:
    waveform = torch.from_numpy(sounds()["noise"]).float()[None]
    module = MFCC(RATE)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = module(waveform)
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, module(waveform))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("n_frames", [9, 10, 44])
def test_differences_are_librosas_to_the_very_ends(order: int, n_frames: int) -> None:
    series = np.random.default_rng(order).normal(size=(3, 5, n_frames))
    found = Difference(order)(torch.from_numpy(series).float()).numpy()
    expected = librosa.feature.delta(series, order=order)
    assert found == approx(expected, abs=1e-5)


def test_a_parabola_has_its_slope_and_its_curvature_everywhere() -> None:
    times = torch.arange(12.0)
    series = (3 + 2 * times + times**2 / 2)[None, None]
    assert torch.allclose(Difference(2)(series), torch.ones(1, 1, 12), atol=1e-4)
    middle = Difference(1)(series)[0, 0, 4:-4]
    assert torch.allclose(middle, (2 + times)[4:-4], atol=1e-4)


def test_a_waveform_without_half_a_window_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs more than 512 samples, got 512"):
        LogMel(RATE)(torch.zeros(1, 512))


def test_too_few_frames_for_a_difference_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 9 frames, got 8"):
        Difference(1)(torch.zeros(1, 1, 8))
