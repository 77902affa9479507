"""The rows of the task: clips of sound with the latent factors that WMF learned of them."""

from dataclasses import dataclass

import numpy as np

from muso_exp.features.factor_scaling import FactorScaling, unit_rows
from muso_exp.records import Columns, Finding
from muso_exp.tasks.factor_regression.listening_test import ListeningTest
from muso_exp.tasks.sound_clips import SoundClips


@dataclass(frozen=True)
class FactorClips:
    """Clips, their true factors, and what users played of them.

    Attributes:
        clips: with scaled factors as targets, shape (n_clips, n_factors), float32.
        factors: true factors of each clip, shape (n_clips, n_factors).
        scaling: how factors become targets, fitted on train.
        loudness: of each clip, see `muso_exp.sound.loudness.pooled_loudness`, shape (n_clips, 3).
        listeners: of each clip, shape (n_clips,).
        known: train clips that factors are known of, ascending.
        shuffled: the vectors that a model is given of clips, dealt out anew among them, shape
            (n_clips, D); None where it is given sound alone.
        listening: the test of recommendation.
        users: ids of its users, shape (n_rows,).
        queries: clips whose neighbours are shown.
        n_users: users of the plays.
        n_items: items of the plays, with a clip or without.
        match: how a clip is found among the played items: `id` or `names`.
        notes: what the reading of the plays found.
    """

    clips: SoundClips
    factors: np.ndarray
    scaling: FactorScaling
    loudness: np.ndarray
    listeners: np.ndarray
    known: np.ndarray
    shuffled: np.ndarray | None
    listening: ListeningTest
    users: np.ndarray
    queries: list[int]
    n_users: int
    n_items: int
    match: str
    notes: list[Finding]

    def known_factors(self) -> np.ndarray:
        """Return the true factors as a network may know them: with `l2`, their directions."""
        return unit_rows(self.factors) if self.scaling.kind == "l2" else self.factors

    def ranked(self, factors: np.ndarray) -> Columns:
        """Return the ranking columns of factors (n_clips, n_factors) in the recommendation."""
        parts = self.clips.parts
        return self.listening.rank(factors[parts["train"]], factors[parts["test"]])
