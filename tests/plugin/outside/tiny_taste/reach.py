"""A figure of one's own: who is recommended, beside who is played."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from muso_exp.records import Section
from muso_exp.tasks.base import Answer
from muso_exp.tasks.recommendation.task import Recommendation


class ReachedArtists(Recommendation):
    """The task of recommendation, whose report shows how many lists each artist reaches."""

    def sections(self, table: pd.DataFrame, answer: Answer) -> Iterator[Section]:
        """Return the sections of recommendation, and the figure."""
        yield from super().sections(table, answer)
        top = answer.columns["top"].numpy()  # (n_rows, n_top), -1 where a list is shorter
        lists = np.bincount(top[top >= 0], minlength=len(self.listeners))
        yield Section("reach", "Who is recommended", figure=reach_figure(self.listeners, lists))


def reach_figure(listeners: np.ndarray, lists: np.ndarray) -> Figure:
    """Draw how many lists an item is in over its listeners in training, both (n_items,)."""
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    axes = figure.add_subplot()
    axes.scatter(listeners, lists, s=12)
    axes.set(xlabel="users who play the artist", ylabel="lists with the artist")
    return figure
