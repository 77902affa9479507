"""A bag of vector-quantised cepstral coefficients under a linear model."""

import logging

import numpy as np
import torch
from torch import Tensor

from muso_exp.features.clusters import kmeans, nearest
from muso_exp.models.frontends import MFCC, MelOptions
from muso_exp.models.solved_head import SolvedHead
from muso_exp.options import Count, NotNegative, Positive
from muso_exp.records import Batch

log = logging.getLogger(__name__)

FRAMES_PER_WORD = 4  # at least, or there are fewer words


class BagOfWords(SolvedHead):
    """Shares of the words in a window, into a linear model; a word is a cluster of frames.

    The 39 cepstral coefficients of each frame (13, first and second differences), of unit variance
    over the train frames, are assigned to the nearest of `n_words` centres of k-means.

    Args:
        head: from the data set, see `muso_exp.models.audio.AudioModel`.
        n_outputs: from the data set.
        sample_rate: in Hz, from the data set.
        n_mfcc: coefficients without differences.
        n_words: centres; fewer where the train windows have fewer than four frames for each.
        max_frames: train frames that k-means reads, drawn at random.
        max_iter_words: iterations of k-means.
        precise: see `muso_exp.models.frontends.MelOptions`.
        alpha, C, max_iter: see `SolvedHead`.

    Raises:
        ValueError: see `SolvedHead`.

    Source: van den Oord, Dieleman, Schrauwen 2013, section 5.2 (13 coefficients with differences,
    4,000 words by k-means, linear regression). Deviation: ridge regression on standardised shares
    in place of their principal components; frames of unit variance, of which the paper says
    nothing.
    """

    centres: Tensor
    frame_scale: Tensor
    n_used: Tensor

    def __init__(
        self,
        head: str,
        n_outputs: int,
        sample_rate: int,
        n_mfcc: Count = 13,
        n_words: Count = 4000,
        max_frames: Count = 200_000,
        max_iter_words: Count = 100,
        precise: bool = True,
        alpha: NotNegative = 1.0,
        C: Positive = 0.01,
        max_iter: Count = 200,
    ) -> None:
        super().__init__(head, n_outputs, n_words, alpha, C, max_iter)
        self.save_hyperparameters(logger=False)
        self.mfcc = MFCC(sample_rate, n_mfcc, MelOptions(precise=precise))
        self.n_words, self.max_frames = n_words, max_frames
        self.max_iter_words = max_iter_words
        self.register_buffer("centres", torch.zeros(n_words, 3 * n_mfcc))
        self.register_buffer("n_used", torch.tensor(n_words))  # words that are not empty
        self.register_buffer("frame_scale", torch.ones(3 * n_mfcc))
        self._learning = False

    def describe(self, x: Tensor) -> Tensor:
        """Return the shares of the words (B, n_words) in windows x (B, S).

        While the words are being learned: the coefficients (B, 3 * n_mfcc, T).
        """
        with torch.autocast(x.device.type, enabled=False):
            series = self.mfcc(x)  # (B, 39, T)
        return series if self._learning else self._shares(series)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect the coefficients of the batch; learn the words and solve at the last one."""
        self._learning = True
        try:
            super().training_step(batch, batch_idx)
        finally:
            self._learning = False

    def _solve(self, x: np.ndarray, target: np.ndarray) -> None:
        """Learn the words of coefficients x (n, 39, T), and solve on their shares."""
        series = torch.from_numpy(x).float()
        self._learn_words(series.transpose(1, 2).reshape(-1, series.shape[1]).numpy())
        super()._solve(self._shares(series.to(self.device)).cpu().double().numpy(), target)

    def _learn_words(self, frames: np.ndarray) -> None:
        """Fit the centres to frames (n_frames, 39)."""
        spread = frames.std(axis=0, dtype=np.float64)
        scale = np.where(spread > 0, spread, 1).astype(np.float32)
        self.frame_scale.copy_(torch.from_numpy(scale))
        n_words = max(min(self.n_words, len(frames) // FRAMES_PER_WORD), 1)
        if n_words < self.n_words:
            log.warning(
                "%d train frames give %d words of model.n_words=%d; the others stay empty",
                *(len(frames), n_words, self.n_words),
            )
        rng = np.random.default_rng(0)
        chosen = np.sort(rng.choice(len(frames), min(self.max_frames, len(frames)), replace=False))
        scaled = frames[chosen] / scale
        found = kmeans(scaled, n_words, "k-means++", n_init=1, max_iter=self.max_iter_words, seed=0)
        self.n_used.fill_(n_words)
        self.centres[:n_words] = torch.from_numpy(found.centres).float()

    def _shares(self, series: Tensor) -> Tensor:
        """Return the shares of the words (B, n_words) of coefficients (B, 39, T)."""
        n_rows, _, n_frames = series.shape
        frames = series.transpose(1, 2) / self.frame_scale  # (B, T, 39)
        used = self.centres[: int(self.n_used)]
        words, _ = nearest(
            frames.flatten(0, 1).cpu().numpy().astype(np.float32),
            used.cpu().numpy().astype(np.float64),
        )
        rows = np.repeat(np.arange(n_rows), n_frames)
        counts = np.bincount(rows * self.n_words + words, minlength=n_rows * self.n_words)
        shares = torch.from_numpy(counts.reshape(n_rows, self.n_words) / n_frames)
        return shares.float().to(series.device)
