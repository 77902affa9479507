"""What the layers of networks on sound share: the layout of pictures, and the first weights."""

from torch import Tensor, nn


def lay_out(x: Tensor, channels_last: bool | None) -> Tensor:
    """Return pictures x (B, H, W) with a channel, (B, 1, H, W), in the layout of what follows.

    With one channel both layouts are the same numbers in the same order; the strides alone say
    torch which one is meant, and its layers hand it on. Results are the same but for rounding.

    Args:
        x: pictures.
        channels_last: keep the channels of a place side by side, which is about twice as fast on
            a CPU (`benchmarks/sample_cnn_step.py`); None: on a CPU only.
    """
    on_cpu = x.device.type == "cpu"
    if not (on_cpu if channels_last is None else channels_last):
        return x[:, None]
    height, width = x.shape[1:]
    return x.contiguous().as_strided(
        (len(x), 1, height, width), (height * width, 1, width, 1)
    )  # (B, 1, H, W)


def start_he_uniform(module: nn.Module) -> None:
    """Draw the weights of all convolutions and dense layers uniformly, biases 0.

    Bound sqrt(6 / fan_in), for ReLU. Source: the thesis' code (He et al. 2015).
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Linear)):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
