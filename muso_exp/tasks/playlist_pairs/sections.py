"""The sections of the report: how separable lists are, against how alike their taste is."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from muso_exp.features.separability import permutation_p
from muso_exp.figures.common import points_figure
from muso_exp.metrics.ranks import weighted_spearman
from muso_exp.metrics.resampling import Bootstrap, percentile_interval
from muso_exp.records import Section
from muso_exp.tasks.playlist_pairs.list_pairs import ListPairs

SHUFFLES = 999
EXTREMES = 5
LEVEL = 0.05  # of the permutation test
MEASURES = {
    "artist_cosine": "cosine of their artists",
    "shared_tracks": "tracks in common",
    "feature_distance": "distance of their mean features",
}


def sections(pairs: ListPairs, bootstrap: Bootstrap) -> Sequence[Section]:
    """Return separability against each measure of likeness, and the pairs at both ends."""
    found, shown = correlations(pairs, bootstrap), pairs.table
    table = pd.DataFrame(
        {
            "measure": found.index,
            "Spearman": found["correlation"],
            "95 % interval": [
                f"[{low:.3f}, {high:.3f}]"
                for low, high in found[["low", "high"]].itertuples(index=False)
            ],
            "p": found["p"],
        }
    )
    text = (
        f"{_answer(found.iloc[0])} Separability is the ROC AUC of a logistic regression on "
        "standardised audio features, out of fold by artist, of tracks that are in one of the two "
        "lists only. p: share of "
        f"{SHUFFLES} shuffles of the lists with a correlation as strong (Mantel); all pairs are "
        "looked at, those of a train and a test list too. The distance of mean features is nearly "
        "what separability measures; it stands here for comparison and is not given to the model."
    )
    figure = partial(
        points_figure,
        shown["artist_cosine"].to_numpy(),
        shown["separability"].to_numpy(),
        MEASURES["artist_cosine"],
        "separability (ROC AUC)",
        0.5,
    )
    order = shown.sort_values("separability", kind="stable")
    ends = pd.concat([order.tail(EXTREMES)[::-1], order.head(EXTREMES)], ignore_index=True)
    return [
        Section("likeness", "Similar and different listeners", text, table=table, figure=figure),
        Section(
            "extremes",
            "The pairs best and least separated",
            f"The {EXTREMES} best first, then the {EXTREMES} least, of all {len(shown)}.",
            table=ends.round(3),
        ),
    ]


def correlations(pairs: ListPairs, bootstrap: Bootstrap) -> pd.DataFrame:
    """Return Spearman's correlation of separability with each measure, over all pairs.

    Returns:
        `correlation`, the ends `low` and `high` of its interval over lists, and `p`, by measure.
    """
    target = pairs.table["separability"].to_numpy()
    weights = bootstrap.weights(pairs.lists)
    rows = {}
    for name, words in MEASURES.items():
        values = pairs.table[name].to_numpy(dtype=np.float64)
        ranks = torch.tensor(values), torch.tensor(target)
        low, high = percentile_interval(weighted_spearman(weights, *ranks))
        if np.ptp(values) == 0:
            rows[words] = {"correlation": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}
            continue
        p = permutation_p(values, target, pairs.lists, SHUFFLES, seed=0)
        rows[words] = {
            "correlation": spearmanr(values, target).statistic,
            "low": low,
            "high": high,
            "p": p,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _answer(found: pd.Series) -> str:
    if found["high"] < 0 and found["p"] < LEVEL:
        return "Listeners who share artists are harder to separate by audio features."
    if found["low"] > 0 and found["p"] < LEVEL:
        return "Listeners who share artists are easier to separate by audio features."
    return "Whether listeners who share artists are harder to separate does not show here."
