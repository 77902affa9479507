import pytest
import pytorch_lightning as pl
import torch
from pytest import approx
from torch.utils.data import DataLoader

from muso_exp.models.mel_cnn import MelCNN

SECOND = 22_050


def small(head: str = "genres", **changed: object) -> MelCNN:
    torch.manual_seed(0)
    sizes = {"channels": [4, 4], "hidden_sizes": [8, 6], "n_mels": 16, **changed}
    return MelCNN(head, 3, n_samples=6000, sample_rate=8000, **sizes)


@pytest.mark.parametrize(
    ("n_samples", "n_frames", "expected", "flat"),
    [
        (SECOND, 0, 44, 128 * 8 * 2),
        (22_527, 0, 44, 128 * 8 * 2),
        (3 * SECOND, 0, 130, 128 * 8 * 8),
        (3 * SECOND, 129, 129, 128 * 8 * 8),
    ],
)
def test_the_input_is_the_documents(
    n_samples: int, n_frames: int, expected: int, flat: int
) -> None:
    model = MelCNN("genres", 10, n_samples, SECOND, n_frames=n_frames).eval()
    shapes = []
    model.convolutions.register_forward_hook(
        lambda _, inputs, output: shapes.extend([inputs[0].shape, output.shape])
    )
    model(torch.randn(2, n_samples))
    assert shapes[0] == (2, 1, 128, expected)
    assert shapes[1].numel() == 2 * flat


def test_the_network_has_as_many_weights_as_its_layers_say() -> None:
    model = MelCNN("genres", 10, SECOND, SECOND)
    convolutions = sum(9 * a * b + b for a, b in [(1, 32), (32, 64), (64, 128), (128, 128)])
    connected = (2048 * 256 + 256) + (256 * 128 + 128)
    softmax = 128 * 10 + 10
    found = sum(weight.numel() for weight in model.parameters())
    assert found == convolutions + connected + softmax == 798_986


def test_the_representation_is_the_second_fully_connected_layer() -> None:
    model, seen = small().eval(), []
    model.second.register_forward_hook(lambda _, __, out: seen.append(out))
    embedding = model.embedding(torch.randn(4, 6000))
    assert torch.equal(embedding, seen[0].relu())
    assert model.embedding_dim == 6


def test_an_untrained_network_predicts_zeros_and_even_odds() -> None:
    x = torch.randn(8, 6000)
    assert small("regression").train()(x).abs().max() < 0.3
    assert (small("genres").train()(x) - 1 / 3).abs().max() < 0.1


def test_factors_are_regressed_as_they_are_unless_asked() -> None:
    batch = {"x": torch.randn(6, 6000), "target": 7 * torch.randn(6, 3)}
    model = small("factors").eval()
    expected = float(((model(batch["x"]) - batch["target"]) ** 2).mean())
    assert float(model.loss(batch)) == approx(expected, rel=1e-5)
    unit = small("factors", normalise=True).eval()(batch["x"])
    assert unit.norm(dim=1).tolist() == approx([1.0] * 6)


def test_bands_are_scaled_by_the_train_windows_alone() -> None:
    model = small()
    train = [torch.randn(8, 6000), 0.01 * torch.randn(8, 6000)]
    batches = [{"x": x, "target": torch.arange(8) % 3, "row": torch.arange(8)} for x in train]
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=1, num_sanity_val_steps=0, enable_checkpointing=False, **quiet
    )
    other = [{**batches[0], "x": 100 * batches[0]["x"]}]
    trainer.fit(model, DataLoader(batches, batch_size=None), DataLoader(other, batch_size=None))
    levels = [model.log_mel(x).mean(dim=(0, 2)) for x in train]
    assert torch.allclose(model.standardise.running_mean, (levels[0] + levels[1]) / 2, rtol=1e-4)


def test_louder_sound_changes_nothing_once_its_bands_are_scaled() -> None:
    quiet, loud = small(), small()
    x = torch.randn(8, 6000)
    for model, scale in ((quiet, 0.01), (loud, 1.0)):
        model.train().embed(scale * x)
        model.eval()
    assert torch.allclose(quiet(0.01 * x), loud(x), atol=1e-4)


def test_channels_last_computes_the_same() -> None:
    plain, other = small(channels_last=False, dropout=0.0), small(dropout=0.0)
    batch = {"x": torch.randn(4, 6000), "target": torch.arange(4) % 3}
    layouts = []
    for model in (plain, other):
        model.convolutions.register_forward_hook(
            lambda _, __, out: layouts.append(out.is_contiguous(memory_format=torch.channels_last))
        )
        model.loss(batch).backward()
    assert layouts == [False, True]
    for one, two in zip(plain.parameters(), other.parameters(), strict=True):
        assert torch.allclose(one.grad, two.grad, atol=1e-4)


def test_batch_normalisation_is_an_option() -> None:
    kinds = [type(layer).__name__ for layer in small(batch_norm=True).convolutions[0]]
    assert kinds == ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"]
    assert [type(layer).__name__ for layer in small().convolutions[0]] == [
        "Conv2d",
        "ReLU",
        "MaxPool2d",
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_frames": 13}, r"at most the window's 12 frames, got 13"),
        ({"channels": []}, r"at least one convolution, got \[\]"),
        ({"channels": [4] * 4}, r"16 x 12 cannot be pooled 4 times by 2"),
        ({"hidden_sizes": [8]}, r"hidden_sizes: two layers needed, got \[8\]"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changed: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**changed)
