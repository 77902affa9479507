"""MusiCNN against an independent forward pass in numpy, over the same weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from musicnn_arrays import Arrays, named, random_arrays, write_musicnn
from numpy.lib.stride_tricks import sliding_window_view

from muso_exp.errors import ConfigError
from muso_exp.features.mel import log_mel
from muso_exp.models.musicnn import Musicnn, fetched_arrays
from muso_exp.models.musicnn_net import MusicnnNet


def forward(arrays: Arrays, x: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The published network on one spectrogram x (T, 96), in float64."""

    def norm(x: np.ndarray, number: int) -> np.ndarray:
        part = {k: arrays[f"{named('batch_normalization', number)}/{k}"].astype(float)
                for k in ("gamma", "beta", "moving_mean", "moving_variance")}  # fmt: skip
        scale = part["gamma"] / np.sqrt(part["moving_variance"] + 1e-3)
        return (x - part["moving_mean"]) * scale + part["beta"]

    def convolve(x: np.ndarray, number: int, before: int, after: int) -> np.ndarray:
        kernel = arrays[f"{named('conv2d', number)}/kernel"][:, :, 0].astype(float)
        windows = sliding_window_view(np.pad(x, ((before, after), (0, 0))), kernel.shape[:2])
        bias = arrays[f"{named('conv2d', number)}/bias"]
        return np.maximum(np.tensordot(windows, kernel, axes=2) + bias, 0)  # (T, bands, filters)

    x = norm(x[:, :, None], 0)[:, :, 0]
    sides = [(3, 3), (3, 3), (63, 64), (31, 32), (15, 16)]
    maps = [norm(convolve(x, n, *side), n + 1).max(axis=1) for n, side in enumerate(sides)]
    front = np.concatenate(maps, axis=1)  # (T, 561)
    first = norm(convolve(front, 5, 3, 3)[:, 0], 6)  # (T, 64)
    second = norm(convolve(first, 6, 3, 3)[:, 0], 7) + first
    third = norm(convolve(second, 7, 3, 3)[:, 0], 8) + second
    dense = np.concatenate([front, first, second, third], axis=1)
    layers = {"max_pool": dense.max(axis=0), "mean_pool": dense.mean(axis=0)}
    pooled = norm(np.stack([layers["max_pool"], layers["mean_pool"]], axis=1).ravel(), 9)
    hidden = np.maximum(pooled @ arrays["dense/kernel"] + arrays["dense/bias"], 0)
    layers["penultimate"] = norm(hidden, 10)
    return layers, layers["penultimate"] @ arrays["dense_1/kernel"] + arrays["dense_1/bias"]


def test_the_network_is_the_published_one() -> None:
    arrays = random_arrays()
    net = MusicnnNet()
    net.load_arrays(arrays)
    spectra = np.random.default_rng(1).uniform(0, 3, (2, 60, 96)).astype(np.float32)
    layers, logits = net(torch.from_numpy(spectra))
    for row, spectrum in enumerate(spectra):
        expected, tags = forward(arrays, spectrum.astype(float))
        np.testing.assert_allclose(logits[row], tags, atol=1e-5)
        for name, values in expected.items():
            np.testing.assert_allclose(layers[name][row], values, atol=1e-5, err_msg=name)


def test_its_input_is_librosas_mel_power_compressed() -> None:
    waveform = np.random.default_rng(0).normal(0, 0.1, 47616).astype(np.float32)
    found = MusicnnNet().log_mel(torch.from_numpy(waveform)[None])[0].numpy()
    decibels = log_mel(waveform, 16000, n_mels=96, n_fft=512, hop_length=256, top_db=None)
    expected = np.log10(1 + 10000 * 10 ** (decibels.T / 10))
    assert found.shape == (187, 96)
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_a_network_in_training_stays_as_it_was() -> None:
    net = MusicnnNet().train()
    assert not net.training and not any(p.requires_grad for p in net.parameters())


def test_a_missing_array_is_named() -> None:
    arrays = random_arrays()
    del arrays["conv2d_6/bias"]
    with pytest.raises(KeyError, match="conv2d_6/bias"):
        MusicnnNet().load_arrays(arrays)


def test_another_sample_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"set dataset.store.sample_rate=16000"):
        Musicnn("genres", 3, 22050, str(tmp_path))


def test_without_weights_the_command_that_fetches_them_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="muso_exp fetch musicnn"):
        fetched_arrays(tmp_path, "mtt")


@pytest.mark.parametrize(("layer", "size"), [("penultimate", 200), ("mean_pool", 753)])
def test_the_embedding_is_the_mean_over_windows(layer: str, size: int, tmp_path: Path) -> None:
    write_musicnn(tmp_path)
    model = Musicnn("genres", 3, 16000, str(tmp_path), layer=layer)
    model.on_fit_start()
    x = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, (2, 3, 16000))).float()
    found = model.embedding(x)
    assert found.shape == (2, size) == (2, model.embedding_dim)
    alone = torch.stack([model.describe(x[:, window]) for window in range(3)])
    torch.testing.assert_close(found, alone.mean(dim=0))
