"""A bag of cepstral coefficients under a linear model: what a network on sound has to beat."""

import torch
from torch import Tensor

from muso_exp.models.frontends import MFCC, MelOptions
from muso_exp.models.solved_head import SolvedHead
from muso_exp.options import Count, NotNegative, Positive


class BagOfMFCC(SolvedHead):
    """Mean and covariance of the cepstral coefficients of a window, into a linear model.

    The order of the frames is forgotten: of 39 coefficients (13, first and second differences)
    39 means and the 780 covariances of the upper triangle remain, 819 numbers.

    Args:
        head: from the data set, see `muso_exp.models.audio.AudioModel`.
        n_outputs: from the data set.
        sample_rate: in Hz, from the data set.
        n_mfcc: coefficients without differences.
        precise: see `muso_exp.models.frontends.MelOptions`.
        alpha, C, max_iter: see `SolvedHead`.

    Attributes:
        embedding_dim: length of the vector of means and covariances.

    Raises:
        ValueError: see `SolvedHead`.

    Source: document 5, section V-D (the 39 coefficients); van den Oord et al. 2013, section 5.2
    (linear regression on a bag of words). Deviation: mean and covariance instead of counts of
    quantised frames.
    """

    def __init__(
        self,
        head: str,
        n_outputs: int,
        sample_rate: int,
        n_mfcc: Count = 13,
        precise: bool = True,
        alpha: NotNegative = 1.0,
        C: Positive = 0.01,
        max_iter: Count = 200,
    ) -> None:
        size = 3 * n_mfcc
        super().__init__(head, n_outputs, size + size * (size + 1) // 2, alpha, C, max_iter)
        self.save_hyperparameters(logger=False)
        self.mfcc = MFCC(sample_rate, n_mfcc, MelOptions(precise=precise))

    def describe(self, x: Tensor) -> Tensor:
        """Return means and upper covariances (B, 819) of the coefficients of windows x (B, S)."""
        with torch.autocast(x.device.type, enabled=False):  # what is solved exactly is applied so
            return moments(self.mfcc(x))


def moments(series: Tensor) -> Tensor:
    """Return mean and covariance of each series' rows over time.

    Args:
        series: C rows over T frames, shape (B, C, T).

    Returns:
        C means, then the upper triangle of the covariance (divided by T) row by row, shape
        (B, C + C (C + 1) / 2).
    """
    mean = series.mean(dim=2)  # (B, C)
    centred = series - mean[:, :, None]
    covariance = centred @ centred.transpose(1, 2) / series.shape[2]  # (B, C, C)
    rows, columns = torch.triu_indices(*covariance.shape[1:], device=series.device)
    return torch.cat([mean, covariance[:, rows, columns]], dim=1)
