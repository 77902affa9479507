"""Whether estimates of other recordings differ by genre as a listener expects: rank statistics."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from muso_exp.errors import ConfigError
from muso_exp.metrics.ranks import weighted_auc
from muso_exp.metrics.resampling import Bootstrap, percentile_interval
from muso_exp.options import Options
from muso_exp.tasks.feature_regression.estimates import SongEstimates

COLUMNS = ["feature", "higher in", "than in", "share", "low", "high", "verdict"]


class CheckOptions(Options, frozen=True, kw_only=True):
    """Which other songs a listener's expectations are checked on.

    Attributes:
        root: folder of songs with genres; None: no checks.
        expected: [feature, genre where a listener expects more of it, genre where less].
    """

    root: str | None = None
    expected: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class GenreChecks:
    """Other songs with genres, and what a listener expects of them.

    Attributes:
        songs: the songs.
        checks: feature, genre where a listener expects more of it, genre where less.
        place: name of the folder that the songs are of.
    """

    songs: SongEstimates
    checks: Sequence[Sequence[str]]
    place: str


def check_features(checks: Sequence[Sequence[str]], features: Sequence[str]) -> None:
    """Raise ConfigError unless each check is a feature and two genres."""
    for check in checks:
        if len(check) != 3 or check[0] not in features:
            raise ConfigError(
                "dataset.checks.expected: [feature, genre where it is higher, genre where it is "
                f"lower] is needed, got {list(check)}; features are {', '.join(features)}"
            )


def compare_genres(
    estimates: pd.DataFrame,
    artists: np.ndarray,
    checks: Sequence[Sequence[str]],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return for each check how often it holds for a song of either genre, drawn at random.

    The share is P(feature of a song of the first genre > that of one of the second), ties one
    half: the area under the ROC curve. Its 95 % interval resamples artists.

    Args:
        estimates: `genre` and the features, a row per song.
        artists: a group for each song, shape (n_songs,).
        checks: feature, genre where a listener expects more of it, genre where less.
        bootstrap: of the run.

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
        samples = weighted_auc(bootstrap.weights(units), values, positive)
        low, high = percentile_interval(samples)
        rows.append((feature, more, less, share, low, high, _verdict(low, high)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _verdict(low: float, high: float) -> str:
    if low > 0.5:
        return "as expected"
    return "the other way round" if high < 0.5 else "no difference"
