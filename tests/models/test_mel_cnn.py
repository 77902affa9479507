from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from pytest import approx
from torch.utils.data import DataLoader

from muso_exp.models.mel_cnn import MelCNN, WindowMelOptions, resized
from muso_exp.training.callbacks import RandomState

SECOND = 22_050


def small(head: str = "genres", n_frames: int = 0, **changed: object) -> MelCNN:
    torch.manual_seed(0)
    spectrum = WindowMelOptions(n_mels=16, n_frames=n_frames)
    sizes = {"channels": [4, 4], "hidden_sizes": [8, 6], "spectrum": spectrum, **changed}
    return MelCNN(head, 3, n_samples=6000, sample_rate=8000, **sizes)


@pytest.mark.parametrize(
    ("n_samples", "n_frames", "resized_frames", "expected", "flat"),
    [
        (SECOND, 0, 0, 44, 128 * 8 * 2),
        (22_527, 0, 0, 44, 128 * 8 * 2),
        (3 * SECOND, 0, 0, 130, 128 * 8 * 8),
        (3 * SECOND, 129, 0, 129, 128 * 8 * 8),
        (3 * SECOND, 0, 44, 44, 128 * 8 * 2),
        (3 * SECOND, 129, 44, 44, 128 * 8 * 2),
        (10 * SECOND, 0, 44, 44, 128 * 8 * 2),
    ],
)
def test_the_input_is_the_documents(
    n_samples: int, n_frames: int, resized_frames: int, expected: int, flat: int
) -> None:
    spectrum = WindowMelOptions(n_frames=n_frames, resized_frames=resized_frames)
    model = MelCNN("genres", 10, n_samples, SECOND, spectrum).eval()
    shapes = []
    model.convolutions.register_forward_hook(
        lambda _, inputs, output: shapes.extend([inputs[0].shape, output.shape])
    )
    model(torch.randn(2, n_samples))
    assert shapes[0] == (2, 1, 128, expected)
    assert shapes[1].numel() == 2 * flat


def test_resizing_weighs_frames_by_their_distance_and_leaves_bands_alone() -> None:
    # of 4 frames to 2: the new ones stand at 1 and 3 of 4, and reach 2 frames to either side
    weights = torch.tensor([[0.75, 0.75, 0.25, 0.0], [0.0, 0.25, 0.75, 0.75]])
    weights = weights / weights.sum(dim=1, keepdim=True)
    x = torch.tensor([[[1.0, 2.0, 4.0, 8.0], [0.0, 0.0, 0.0, 7.0]]])
    assert torch.allclose(resized(x, 2), x @ weights.T)
    assert resized(x, 2)[0, 1].tolist() == approx([0.0, 7 * 3 / 7])


def test_a_resized_spectrogram_keeps_its_level_and_another_length_is_left_as_it_is() -> None:
    x = torch.randn(3, 16, 130).abs().cumsum(dim=2)
    flat = torch.full((2, 16, 130), -31.5)
    assert torch.allclose(resized(flat, 44), torch.full((2, 16, 44), -31.5))
    assert resized(x, 130) is x
    assert (resized(x, 44).diff(dim=2) > 0).all()  # what grows still grows
    assert resized(x, 44).mean() == approx(float(x.mean()), rel=0.01)


def test_a_resized_window_is_cut_before_it_is_resized() -> None:
    model, x = small(n_frames=8).eval(), torch.randn(2, 6000)
    spectrum = WindowMelOptions(n_mels=16, n_frames=8, resized_frames=4)
    other = small(spectrum=spectrum).eval()
    assert torch.allclose(pictures(other, x), resized(pictures(model, x), 4), atol=1e-3)


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


def pictures(model: MelCNN, x: torch.Tensor) -> torch.Tensor:
    seen = []
    handle = model.convolutions.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    model(x)
    handle.remove()
    return seen[0][:, 0]  # (B, 16, 12)


@pytest.mark.parametrize(("option", "axis"), [("freq_mask", 2), ("time_mask", 1)])
def test_training_masks_one_stripe_of_at_most_the_stated_width(option: str, axis: int) -> None:
    x = torch.randn(400, 6000)
    plain, masked = pictures(small().train(), x), pictures(small(**{option: 3}).train(), x)
    assert torch.equal(masked[masked != 0], plain[masked != 0])
    stripes = (masked == 0).all(dim=axis)  # (B, 16) or (B, 12)
    assert torch.equal(stripes.sum() * masked.shape[axis], (masked == 0).sum())
    assert stripes.sum(dim=1).unique().tolist() == [0, 1, 2, 3]  # other widths in other windows
    begins = (stripes[:, 0].long() + stripes.long().diff(dim=1).clamp(min=0).sum(dim=1)).unique()
    assert begins.tolist() == [0, 1]
    assert stripes.any(dim=0)[:-1].all()  # torchaudio's never reach the last place


def test_predictions_and_statistics_of_bands_know_no_masks() -> None:
    plain, masked = small(), small(freq_mask=15, time_mask=11)
    assert plain.state_dict().keys() == masked.state_dict().keys()
    x = torch.randn(8, 6000)
    for model in (plain, masked):
        model.train().embed(x)
        model.eval()
    assert torch.equal(plain.standardise.running_mean, masked.standardise.running_mean)
    assert torch.equal(plain(x), masked(x))


def test_without_masks_nothing_is_drawn() -> None:
    model, state = small().train(), torch.get_rng_state()
    model.embed(torch.randn(2, 6000, generator=torch.Generator().manual_seed(1)))
    assert torch.equal(torch.get_rng_state(), state)


def test_masks_are_drawn_again_in_a_run_that_is_resumed(tmp_path: Path) -> None:
    x = torch.randn(8, 6000, generator=torch.Generator().manual_seed(0))
    batch = {"x": x, "target": torch.arange(8) % 3}

    def train(masks: int, epochs: int, resume: str | None = None) -> pl.Trainer:
        quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        folder = tmp_path / f"{masks} {epochs} {resume is None}"
        trainer = pl.Trainer(
            accelerator="cpu",
            max_epochs=epochs,
            default_root_dir=folder,
            callbacks=[RandomState()],
            **quiet,
        )
        model = small(freq_mask=masks, time_mask=masks, dropout=0.0)
        trainer.fit(model, DataLoader([batch] * 2, batch_size=None), ckpt_path=resume)
        return trainer

    def weights(trainer: pl.Trainer) -> torch.Tensor:
        return torch.cat([weight.flatten() for weight in trainer.model.parameters()])

    whole, half = train(6, 4), train(6, 2)
    torch.randn(5)  # another place in the generator's series
    resumed = train(6, 4, half.checkpoint_callback.best_model_path)
    assert torch.equal(weights(whole), weights(resumed))
    assert not torch.equal(weights(whole), weights(train(0, 4)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"n_frames": 13},
            r"spectrum\.n_frames must be 0 \(all\) or at most the window's 12 frames, got 13",
        ),
        (
            {"spectrum": WindowMelOptions(n_mels=16, resized_frames=3)},
            r"16 x 3 cannot be pooled 2 times by 2",
        ),
        ({"channels": []}, r"at least one convolution, got \[\]"),
        ({"channels": [4] * 4}, r"16 x 12 cannot be pooled 4 times by 2"),
        ({"hidden_sizes": [8]}, r"hidden_sizes: two layers needed, got \[8\]"),
        ({"freq_mask": 16}, r"freq_mask must be below 16 bands and .* 12 frames, got 16 and 0"),
        ({"time_mask": 12}, r"time_mask below 12 frames, got 0 and 12"),
        ({"n_frames": 8, "time_mask": 8}, r"time_mask below 8 frames, got 0 and 8"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changed: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**changed)
