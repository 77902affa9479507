"""What is said of a new song: estimated features with intervals, and the nearest known songs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from muso_exp.data.base import Predict
from muso_exp.data.sound.clip_data import predict_batches
from muso_exp.features.tracks import FEATURES, Scaling
from muso_exp.formats.sound.named_songs import find_new_songs
from muso_exp.formats.sound.new_songs import warn_of_bad

if TYPE_CHECKING:
    from muso_exp.data.spectra import Spectra

log = logging.getLogger(__name__)

N_NEAREST = 5  # document 4: the five nearest tracks


def estimate_songs(data: Spectra, path: Path, predict: Predict) -> pd.DataFrame:
    """Return what is said of the sound file, or of those in the folder, at `path`.

    The columns, and what is raised: `muso_exp.data.spectra.Spectra.apply`.
    """
    files = find_new_songs(path)
    with TemporaryDirectory() as folder:
        new = data.inputs.of_files(files, Path(folder))
        warn_of_bad(new.quarantine, len(files))
        columns = predict_batches(data.loader(new.part, shuffle=False), predict)
        index = new.index[["track_id", "seconds"]]
    songs = index.merge(files.drop(columns="path"), on="track_id", how="left")
    named = [name for name in ("artist", "title", "genre") if (songs[name] != "").any()]
    songs = songs[["track_id", *named, "seconds"]].rename(columns={"track_id": "song"})
    preds = data.own_units(columns["preds"].double().numpy())
    songs["nearest"] = nearest_songs(preds, data.known, data.features, data.scaling)
    songs["nearest_raw"] = nearest_songs(preds, data.known, data.features, None)
    log.info("intervals hold %.0f %% of new songs like those of training", 100 * data.coverage)
    return estimates_table(songs, preds, data.half_widths, data.features)


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
