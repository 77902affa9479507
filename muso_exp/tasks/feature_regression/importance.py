"""Which frequencies move which feature: a model's answers when bands of its input change."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from muso_exp.records import Batch, Columns

Predict = Callable[[Batch], Columns]

N_BANDS = 50
N_ROWS = 128  # songs that it is measured on, at most
SHUFFLES = 2  # that a band's importance is averaged over
_LOWEST = 20.0  # Hz: where the first band ends, if it began at 0


@dataclass(frozen=True)
class Importance:
    """What bands of frequencies do to a model's outputs.

    Attributes:
        edges: of the bands, in Hz, shape (n_bands + 1,).
        effect: change of each output, in standard deviations, for each standard deviation that
            all bins of a band rise, shape (n_outputs, n_bands).
        loss: rise of each output's mean squared error where the songs' bands are shuffled among
            them, shape (n_outputs, n_bands).
    """

    edges: np.ndarray
    effect: np.ndarray
    loss: np.ndarray


def band_importance(
    x: Tensor, target: Tensor, frequencies: np.ndarray, predict: Predict, seed: int
) -> Importance:
    """Change one band of the inputs after another and see what the outputs do.

    The effect is a central difference over half a standard deviation either way, the mean over
    songs: the mean gradient along the band. The loss is permutation importance: a band can move
    an output much and be of little use, and the other way round.

    Args:
        x: standardised spectra, shape (n_rows, n_bins).
        target: standardised features, shape (n_rows, n_outputs).
        frequencies: where bins begin and end, in Hz, shape (n_bins + 1,).
        predict: returns the prediction columns of a batch, with `preds`.
        seed: of the shuffles.

    Source: document 4 wished for "feature importance in the neural network". The method:
    Breiman 2001 (permutation), applied to bands because neighbouring bins hold the same.
    """
    x, target = x[:N_ROWS], target[:N_ROWS]
    bounds = band_bounds(frequencies)
    rng = np.random.default_rng([seed, 7])
    orders = [torch.from_numpy(rng.permutation(len(x))) for _ in range(SHUFFLES)]
    own = _errors(x, target, predict)
    effects, losses = [], []
    for first, last in pairwise(bounds.tolist()):
        up, down = x.clone(), x.clone()
        up[:, first:last] += 0.5
        down[:, first:last] -= 0.5
        change = predict({"x": up})["preds"] - predict({"x": down})["preds"]
        effects.append(change.mean(dim=0).double().numpy())
        shuffled = [_shuffled(x, order, first, last) for order in orders]
        rises = [_errors(other, target, predict) - own for other in shuffled]
        losses.append(np.mean(rises, axis=0))
    return Importance(frequencies[bounds], np.stack(effects, axis=1), np.stack(losses, axis=1))


def band_bounds(frequencies: np.ndarray, n_bands: int = N_BANDS) -> np.ndarray:
    """Return the first bin of each of up to n_bands bands of equal musical interval, and the end.

    Bands that would hold no bin are merged into the next.
    """
    n_bins = len(frequencies) - 1
    low = max(_LOWEST, float(frequencies[0]))
    wanted = np.geomspace(low, frequencies[-1], n_bands + 1)
    bounds = np.searchsorted(frequencies, wanted * (1 - 1e-9))
    bounds[0], bounds[-1] = 0, n_bins
    return np.unique(np.minimum(bounds, n_bins))


def _shuffled(x: Tensor, order: Tensor, first: int, last: int) -> Tensor:
    other = x.clone()
    other[:, first:last] = x[order, first:last]
    return other


def _errors(x: Tensor, target: Tensor, predict: Predict) -> np.ndarray:
    """Return the mean squared error of each output, (n_outputs,)."""
    preds = predict({"x": x})["preds"]
    return ((preds - target) ** 2).mean(dim=0).double().numpy()
