"""Is what a model says of other people's recordings what a listener would say? Rank statistics."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from muso_exp.errors import ConfigError
from muso_exp.metrics.ranks import weighted_auc
from muso_exp.metrics.resampling import RESAMPLING_SEED, bootstrap_weights, percentile_interval

RESAMPLES = 1000
COLUMNS = ["feature", "higher in", "than in", "share", "low", "high", "verdict"]


def check_features(checks: Sequence[Sequence[str]], features: Sequence[str]) -> None:
    """Raise ConfigError unless each check is a feature and two genres."""
    for check in checks:
        if len(check) != 3 or check[0] not in features:
            raise ConfigError(
                f"dataset.checks: [feature, genre where it is higher, genre where it is lower] is "
                f"needed, got {list(check)}; features are {', '.join(features)}"
            )


def compare_genres(
    estimates: pd.DataFrame, artists: np.ndarray, checks: Sequence[Sequence[str]]
) -> pd.DataFrame:
    """Return for each check how often it holds for a song of either genre, drawn at random.

    The share is P(feature of a song of the first genre > that of one of the second), ties one
    half: the area under the ROC curve. Its 95 % interval resamples artists.

    Args:
        estimates: `genre` and the features, a row per song.
        artists: a group for each song, shape (n_songs,).
        checks: feature, genre where a listener expects more of it, genre where less.

    Returns:
        COLUMNS, a row per check whose two genres are there.
    """
    genre = estimates["genre"].to_numpy(str)
    rows = []
    for feature, more, less in checks:
        among = np.isin(genre, [more, less])
        if len(set(genre[among])) < 2:
            continue
        values = torch.from_numpy(estimates[feature].to_numpy(dtype=np.float64)[among])
        positive = torch.from_numpy(genre[among] == more)
        units = np.unique(artists[among], return_inverse=True)[1]
        share = float(weighted_auc(torch.ones(1, len(values)).double(), values, positive)[0])
        weights = bootstrap_weights(units, RESAMPLES, RESAMPLING_SEED)
        low, high = percentile_interval(weighted_auc(weights, values, positive))
        rows.append((feature, more, less, share, low, high, _verdict(low, high)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _verdict(low: float, high: float) -> str:
    if low > 0.5:
        return "as expected"
    return "the other way round" if high < 0.5 else "not told apart"
