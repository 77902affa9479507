"""The rows of the task: pairs of lists, how alike they are, and how well they are separated."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class ListPairs:
    """All pairs of lists; those of two train lists are trained on, those of two test lists tested.

    Attributes:
        table: `first` and `second` (names of the lists), `n_first` and `n_second` (their tracks),
            `artist_cosine` and `shared_tracks` (how alike the taste is, 0 to 1), `feature_distance`
            (of the lists' mean features, in standard deviations) and `separability` (ROC AUC), a
            row per pair.
        lists: numbers of the two lists of each pair, shape (n_pairs, 2).
        rows: row numbers of `train` and `test`.
        n_read: lists that the files hold.
        too_short: lists left out for too few tracks.
        names_artists: whether the files name artists; else the cosine says nothing.
        left_out: rows with a feature that is none, by reason.
        estimated: share of the rows of each list in `table` whose features were estimated from
            sound, by name.
    """

    table: pd.DataFrame
    lists: np.ndarray
    rows: dict[str, np.ndarray]
    n_read: int
    too_short: int
    names_artists: bool
    left_out: Mapping[str, int]
    estimated: Mapping[str, float]

    def part(self, split: str) -> pd.DataFrame:
        """Return the pairs of a split, in row order."""
        return self.table.iloc[self.rows[split]].reset_index(drop=True)
