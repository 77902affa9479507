"""New songs: estimated features with intervals, and the nearest known songs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.features.conformal import conformal_half_widths
from muso_exp.features.tracks import FEATURES, Scaling
from muso_exp.records import Batch
from muso_exp.tasks.feature_regression.feature_songs import FeatureSongs
from muso_exp.tasks.feature_regression.next_songs import NextSongs, chosen_names
from muso_exp.tasks.new_clips import predict_batches

log = logging.getLogger(__name__)

N_NEAREST = 5  # document 4: the five nearest tracks


@dataclass(frozen=True)
class SongEstimates:
    """New songs whose features are estimated.

    Attributes:
        songs: `song` (its id), artist, title and genre where any is known, seconds heard.
        artists: of each song, or the song itself where unknown, shape (n_songs,).
        batches: the inputs, in row order.
        features: names of the features, in the order of the outputs.
        scaling: of the features.
        known: id, artist, title and the features of known songs.
        half_widths: of the intervals, in the features' own units, shape (n_features,).
        coverage: share of new songs that the intervals cover.
        chain: which songs follow a song; None for none.
    """

    songs: pd.DataFrame
    artists: np.ndarray
    batches: Iterable[Batch]
    features: list[str]
    scaling: Scaling
    known: pd.DataFrame
    half_widths: np.ndarray
    coverage: float
    chain: NextSongs | None = None

    def apply(self, model: Any) -> pd.DataFrame:
        """Estimate the features of each song.

        Returns:
            A row per song: names, seconds heard, cluster and next songs where there is a chain, the
            nearest known songs by standardised features and by raw ones, as published; the
            estimates, then the ends of their intervals.
        """
        preds = self.estimate(model)
        nearest = {
            name: nearest_songs(preds, self.known, self.features, scaling)
            for name, scaling in (("nearest", self.scaling), ("nearest_raw", None))
        }
        estimates = pd.DataFrame(preds, columns=self.features)
        songs = self.songs.assign(**chosen_names(self.chain, estimates), **nearest)
        log.info("intervals hold %.0f %% of new songs like those of training", 100 * self.coverage)
        return estimates_table(songs, preds, self.half_widths, self.features)

    def estimate(self, model: Any) -> np.ndarray:
        """Return the features in their own units, shape (n_songs, n_features)."""
        preds = predict_batches(model, self.batches)["preds"].double().numpy()
        return preds * self.scaling.span + self.scaling.shift


def half_widths(songs: FeatureSongs, dev: Iterable[Batch], model: Any) -> np.ndarray:
    """Return half the width of the intervals, in own units, from the errors on the dev songs.

    Args:
        songs: and their split.
        dev: batches of the dev songs, in row order.
        model: trained, or in training.
    """
    preds = predict_batches(model, dev)["preds"]
    errors = (preds - songs.targets_of("val")).double().numpy()
    return conformal_half_widths(errors, songs.coverage) * songs.scaling.span


def estimates_table(
    songs: pd.DataFrame, preds: np.ndarray, half_widths: np.ndarray, features: Sequence[str]
) -> pd.DataFrame:
    """Return the songs with each feature's estimate, then the ends of their intervals.

    An estimate is cut to the feature's documented range before the interval is laid around it:
    that brings it nearer to the truth, never farther, so the interval holds as often or more.

    Args:
        songs: what stands at the left of each row.
        preds: in the features' own units, shape (n_songs, n_features).
        half_widths: of the intervals, in the same units, shape (n_features,).
        features: names.
    """
    cut = {
        name: np.clip(preds[:, place], FEATURES[name].low, FEATURES[name].high)
        for place, name in enumerate(features)
    }
    ends: dict[str, np.ndarray] = {}
    for name, half_width in zip(features, half_widths, strict=True):
        ends[f"{name}_low"] = np.maximum(cut[name] - half_width, FEATURES[name].low)
        ends[f"{name}_high"] = np.minimum(cut[name] + half_width, FEATURES[name].high)
    return pd.concat([songs.reset_index(drop=True), pd.DataFrame({**cut, **ends})], axis=1)


def nearest_songs(
    preds: np.ndarray, known: pd.DataFrame, features: Sequence[str], scaling: Scaling | None
) -> list[str]:
    """Return the names of the known songs nearest to each estimate, by Euclidean distance.

    Args:
        preds: estimates in the features' own units, shape (n_songs, n_features).
        known: id, artist, title and the features of songs, at least one.
        features: names.
        scaling: of the features before distances are taken; None takes them as they are, as
            published, where tempo and loudness decide almost alone.

    Source: the code of document 4's authors: the 5 nearest tracks by Euclidean distance over the 11
    raw features predicted from the spectrum. Deviation: none without scaling.
    """
    theirs = known[list(features)].to_numpy(dtype=np.float64)
    if scaling is not None:
        preds, theirs = (scaling.apply(values).astype(np.float64) for values in (preds, theirs))
    squared = (preds**2).sum(1)[:, None] + (theirs**2).sum(1) - 2 * preds @ theirs.T
    order = np.argsort(squared, axis=1, kind="stable")[:, :N_NEAREST]  # (n_songs, n_nearest)
    names = [_name(*row) for row in known[["id", "artist", "title"]].to_numpy(str).tolist()]
    return ["; ".join(names[place] for place in row) for row in order.tolist()]


def _name(track_id: str, artist: str, title: str) -> str:
    shown = " - ".join(part for part in (artist, title) if part)
    return shown or track_id
