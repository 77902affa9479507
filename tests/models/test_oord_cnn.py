"""The two-convolution network on mel bands, and the bag of words: shapes, words, refusals."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytest import approx
from sklearn.cluster import KMeans
from torch.utils.data import DataLoader

from muso_exp.models.bag_of_words import BagOfWords
from muso_exp.models.oord_cnn import OordCNN
from muso_exp.models.sample_cnn import SampleCNN

RATE = 22_050


def test_the_network_has_as_many_weights_as_its_layers_say() -> None:
    model = OordCNN("factors", 40, 3 * RATE, RATE)
    convolutions = (128 * 4 * 256 + 256) + (256 * 4 * 256 + 256)
    connected = 256 * (130 // 4 // 2) * 512 + 512 + (512 * 40 + 40)
    assert sum(w.numel() for w in model.parameters()) == convolutions + connected


def test_filters_span_all_bands_and_move_along_time() -> None:
    model = OordCNN("factors", 3, 3 * RATE, RATE, n_filters=[5, 7], hidden_size=6).eval()
    shapes = []
    for layer in model.convolutions:
        layer.register_forward_hook(
            lambda _, given, out: shapes.extend([given[0].shape, out.shape])
        )
    model(torch.randn(2, 3 * RATE))
    assert shapes == [(2, 128, 130), (2, 5, 32), (2, 5, 32), (2, 7, 16)]
    assert model.embedding(torch.randn(2, 3 * RATE)).shape == (2, 6)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"n_filters": [4]}, r"model\.n_filters and model\.pools: two layers are needed"),
        ({"pools": [4, 2, 2]}, r"model\.pools: two layers are needed"),
        ({"pools": [40, 40]}, r"130 frames cannot be pooled by \[40, 40\]; take longer windows"),
    ],
)
def test_layers_that_do_not_fit_are_refused(options: dict, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        OordCNN("factors", 3, 3 * RATE, RATE, **options)


def fitted(n_words: int, n_rows: int = 12) -> tuple[BagOfWords, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(n_rows, 8000, generator=draw) * torch.linspace(0.01, 1, n_rows)[:, None]
    batch = {"x": x, "target": torch.linspace(-1, 1, n_rows)[:, None], "row": torch.arange(n_rows)}
    model = BagOfWords("regression", 1, 8000, n_words=n_words)
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    runner = pl.Trainer(accelerator="cpu", max_epochs=1, enable_checkpointing=False, **quiet)
    runner.fit(model, DataLoader([batch], batch_size=None))
    return model.eval(), x


def test_a_bag_holds_the_share_of_frames_nearest_to_each_word() -> None:
    model, x = fitted(6)
    frames = (model.mfcc(x).transpose(1, 2) / model.frame_scale).numpy()  # (12, T, 39)
    bags = model.describe(x).numpy()
    centres = model.centres.numpy()
    for own, bag in zip(frames, bags, strict=True):
        words = ((own[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        assert bag == approx(np.bincount(words, minlength=6) / len(own))
    assert bags.sum(axis=1) == approx(1)


def test_the_words_are_no_worse_clusters_than_scikit_learns() -> None:
    model, x = fitted(6)
    frames = (model.mfcc(x).transpose(1, 2) / model.frame_scale).flatten(0, 1).numpy()
    own = ((frames[:, None] - model.centres.numpy()) ** 2).sum(axis=2).min(axis=1).sum()
    theirs = KMeans(6, n_init=1, random_state=0).fit(frames).inertia_
    assert own < 1.1 * theirs


def test_a_louder_clip_is_told_from_a_quiet_one() -> None:
    model, x = fitted(12)
    preds = model(x)[:, 0].numpy()
    assert np.corrcoef(preds, np.linspace(-1, 1, 12))[0, 1] > 0.8


def test_too_few_frames_make_fewer_words_and_say_so(caplog: pytest.LogCaptureFixture) -> None:
    model, x = fitted(500)
    n_frames = model.mfcc(x).shape[2] * 12
    assert int(model.n_used) == n_frames // 4
    assert f"{n_frames} train frames give {n_frames // 4} words of model.n_words=500" in caplog.text


def test_an_unbounded_output_may_have_any_length_and_a_bounded_one_has_1() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 3**4)
    sizes = {"n_outputs": 5, "n_samples": 3**4, "channels": [4, 4, 4]}
    bounded, free = (SampleCNN("factors", **sizes, normalise=n).eval() for n in (True, False))
    assert bounded(x).norm(dim=1).tolist() == approx([1] * 4)
    assert not torch.allclose(free(x).norm(dim=1), torch.ones(4), atol=1e-2)
