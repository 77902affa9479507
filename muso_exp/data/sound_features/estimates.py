"""What is said of a new song: estimated features with intervals, and the nearest known songs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from muso_exp.features.tracks import FEATURES, Scaling

N_NEAREST = 5  # document 4: the five nearest tracks


def estimates_table(
    songs: pd.DataFrame, preds: np.ndarray, half_widths: np.ndarray, features: Sequence[str]
) -> pd.DataFrame:
    """Return the songs with each feature's estimate and the ends of its interval.

    Ends are cut to the feature's documented range.

    Args:
        songs: what stands at the left of each row.
        preds: in the features' own units, shape (n_songs, n_features).
        half_widths: of the intervals, in the same units, shape (n_features,).
        features: names.
    """
    columns: dict[str, np.ndarray] = {}
    for place, name in enumerate(features):
        limits, estimate = FEATURES[name], preds[:, place]
        columns[name] = estimate
        columns[f"{name}_low"] = np.clip(estimate - half_widths[place], limits.low, limits.high)
        columns[f"{name}_high"] = np.clip(estimate + half_widths[place], limits.low, limits.high)
    return pd.concat([songs.reset_index(drop=True), pd.DataFrame(columns)], axis=1)


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

    Source: document 4, NOTES section 4 ("5 nearest tracks by Euclidean distance over the 11 raw
    features predicted from the spectrum"). Deviation: none without scaling.
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
