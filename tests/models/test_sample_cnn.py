from math import sqrt

import pytest
import torch
from pytest import approx
from torch import nn

from muso_exp.models.sample_cnn import PUBLISHED, SampleCNN

SMALL = [4, 4, 6, 8]  # 3^5 = 243 samples


def small(head: str = "factors", **changed: object) -> SampleCNN:
    torch.manual_seed(0)
    return SampleCNN(head, 3, 243, channels=SMALL, **changed)


def published(head: str = "factors", n_outputs: int = 80) -> SampleCNN:
    return SampleCNN(head, n_outputs, 59_049)


def test_the_published_network_has_as_many_weights_as_its_layers_say() -> None:
    first = (1 * 128 * 3 + 128) + 2 * 128
    blocks = 2 * ((128 * 128 * 3 + 128) + 2 * 128)
    blocks += (128 * 256 * 3 + 256) + 2 * 256
    blocks += 5 * ((256 * 256 * 3 + 256) + 2 * 256)
    blocks += (256 * 512 * 3 + 512) + 2 * 512
    last = (512 * 512 * 1 + 512) + 2 * 512
    for n_outputs in (50, 80):
        dense = 512 * n_outputs + n_outputs
        model = published(n_outputs=n_outputs)
        found = sum(weight.numel() for weight in model.parameters())
        assert found == first + blocks + last + dense == 1_844_224 + dense


def test_the_published_lengths_are_powers_of_three() -> None:
    model, shapes = published().eval(), []
    for layer in (model.strided, *model.blocks, model.last):
        layer.register_forward_hook(lambda _, __, out: shapes.append((out.shape[1], out.shape[3])))
    with torch.no_grad():
        assert model(torch.zeros(1, 59_049)).shape == (1, 80)
    lengths = [3**power for power in range(9, 0, -1)]
    before_pooling = list(zip(PUBLISHED, lengths, strict=True))
    assert shapes == [(128, 19_683), *before_pooling, (512, 1)]


def test_layers_are_convolution_normalisation_relu_as_published() -> None:
    model = published()
    for layer in (model.strided, *model.blocks, model.last):
        assert [type(part) for part in layer] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
        assert (layer[1].eps, layer[1].momentum) == (1e-3, 0.01)
    first = model.strided[0]
    assert (first.kernel_size, first.stride, first.padding) == ((1, 3), (1, 3), (0, 0))
    for conv in (block[0] for block in model.blocks):
        assert (conv.kernel_size, conv.stride, conv.padding) == ((1, 3), (1, 1), (0, 1))
    assert model.last[0].kernel_size == (1, 1)
    assert (model.pool.kernel_size, model.dropout.p) == ((1, 3), 0.5)


def test_weights_start_he_uniform() -> None:
    model = published()
    for layer in (model.strided, *model.blocks, model.last):
        conv = layer[0]
        bound = sqrt(6 / (conv.in_channels * conv.kernel_size[1]))
        largest = float(conv.weight.detach().abs().max())
        assert 0.95 * bound < largest <= bound
        assert float(conv.weight.detach().std()) == approx(bound / sqrt(3), rel=0.15)
        assert not conv.bias.any()
    assert not model.dense.bias.any()


def test_the_published_training_is_sgd_in_five_stages() -> None:
    plan = published("tags", 50).configure_optimizers()
    settings, schedule = plan["optimizer"].defaults, plan["lr_scheduler"]["scheduler"]
    assert (settings["lr"], settings["momentum"], settings["nesterov"]) == (0.01, 0.9, True)
    assert (schedule.n_stages, schedule.factor, schedule.patience) == (5, 0.2, 3)
    assert schedule.decay == 1e-6


def test_predicted_factors_of_a_window_have_norm_1() -> None:
    preds = small().eval()(torch.randn(5, 243))
    assert preds.norm(dim=1).tolist() == approx([1.0] * 5)


def test_factors_of_a_clip_are_the_mean_of_unit_vectors() -> None:
    model = small().eval()
    x = torch.randn(2, 4, 243)
    expected = torch.stack([model(x[:, window]) for window in range(4)]).mean(dim=0)
    assert torch.allclose(model(x), expected, atol=1e-6)
    assert (model(x).norm(dim=1) < 1).all()


def test_the_loss_of_factors_is_between_directions() -> None:
    model = small().eval()
    batch = {"x": torch.randn(6, 243), "target": torch.randn(6, 3)}
    preds = model(batch["x"])
    cosine = torch.nn.functional.cosine_similarity(preds, batch["target"]).mean().item()
    expected = (2 - 2 * cosine) / 3  # |a - b|^2 = 2 - 2 cos, over 3 outputs
    assert float(model.loss(batch)) == approx(expected, rel=1e-5)
    longer = {**batch, "target": 100 * batch["target"]}
    assert float(model.loss(longer)) == approx(expected, rel=1e-5)


def test_a_regression_is_neither_normalised_nor_bounded() -> None:
    model = small("regression").eval()
    with torch.no_grad():
        model.dense.bias += 5
    batch = {"x": torch.randn(6, 243), "target": torch.randn(6, 3)}
    preds = model(batch["x"])
    assert (preds.norm(dim=1) > 2).all()
    assert float(model.loss(batch)) == approx(float(((preds - batch["target"]) ** 2).mean()))


def test_losses_of_tags_and_genres_are_cross_entropies() -> None:
    x = torch.randn(6, 243)
    tags, genres = small("tags").eval(), small("genres").eval()
    has = (torch.rand(6, 3) > 0.5).float()
    p = tags(x)
    expected = -(has * p.log() + (1 - has) * (1 - p).log()).mean()
    assert float(tags.loss({"x": x, "target": has})) == approx(float(expected), rel=1e-5)
    genre = torch.tensor([0, 1, 2, 0, 1, 2])
    expected = -genres(x)[torch.arange(6), genre].log().mean()
    assert float(genres.loss({"x": x, "target": genre})) == approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("channels_last", [True, None])
def test_channels_last_computes_the_same(channels_last: bool | None) -> None:
    plain, other = small(channels_last=False), small(channels_last=channels_last)
    layouts = []
    for model in (plain, other):
        model.blocks[0].register_forward_hook(
            lambda _, __, out: layouts.append(out.is_contiguous(memory_format=torch.channels_last))
        )
    batch = {"x": torch.randn(3, 243), "target": torch.randn(3, 3)}
    for model in (plain, other):
        model.dropout.p = 0.0
        model.loss(batch).backward()
    assert layouts == [False, True]
    for one, two in zip(plain.parameters(), other.parameters(), strict=True):
        assert torch.allclose(one.grad, two.grad, atol=1e-5)
    assert torch.allclose(plain.eval()(batch["x"]), other.eval()(batch["x"]), atol=1e-6)


def test_the_convolutions_are_those_of_one_dimension() -> None:
    model = small().eval()
    x = torch.randn(2, 1, 243)
    expected = nn.functional.conv1d(x, model.strided[0].weight[:, :, 0], None, stride=3)
    assert torch.allclose(model.strided[0](x[:, :, None])[:, :, 0], expected, atol=1e-6)


@pytest.mark.parametrize("channels_last", [False, True])
def test_chosen_blocks_join_the_embedding_and_leave_the_head_alone(channels_last: bool) -> None:
    plain = small(channels_last=channels_last).eval()
    more = small(channels_last=channels_last, embedding_blocks=[1, 2]).eval()
    more.load_state_dict(plain.state_dict())
    x = torch.randn(5, 2, 243)
    before, after = (model.predict_step({"x": x})["preds"] for model in (plain, more))
    assert torch.allclose(before, after, atol=1e-6)
    assert (plain.embedding_dim, more.embedding_dim) == (8, 4 + 6 + 8)
    short, long = plain.embedding(x), more.embedding(x)
    assert long.shape == (5, 18)
    assert torch.allclose(short, long[:, -8:], atol=1e-6)


def test_a_block_in_the_embedding_is_its_mean_over_time() -> None:
    model, seen = small(embedding_blocks=[0]).eval(), []
    model.blocks[0].register_forward_hook(lambda _, __, out: seen.append(out))
    embedding = model.embed(torch.randn(2, 243))
    pooled = seen[0][:, :, 0].unflatten(2, (27, 3)).amax(dim=3)  # (2, 4, 27)
    assert torch.allclose(embedding[:, :4], pooled.mean(dim=2), atol=1e-6)


def test_one_row_has_no_loss_under_batch_normalisation() -> None:
    batch = {"x": torch.randn(1, 243), "target": torch.randn(1, 3)}
    assert small().train().loss(batch) is None
    assert small().eval().loss(batch) is not None


@pytest.mark.parametrize(
    ("n_samples", "changed", "message"),
    [
        (59_048, {}, r"9 blocks take windows of 3\^10 = 59049 samples, got n_samples 59048"),
        (243, {"channels": []}, r"widths of at least one block, got \[\]"),
        (243, {"channels": [4, 0, 4, 4]}, r"widths of at least one block, got \[4, 0, 4, 4\]"),
        (243, {"channels": SMALL, "embedding_blocks": [4]}, r"blocks are 0..3, got \[4\]"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(n_samples: int, changed: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SampleCNN("tags", 3, n_samples, **changed)
