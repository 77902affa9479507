"""The sections of the report: whether taste helps, and how scores part friends from others."""

from __future__ import annotations

from functools import partial

import pandas as pd
from scipy.stats import rankdata

from muso_exp.figures.two_class import distributions_figure
from muso_exp.records import Section
from muso_exp.tasks.friendship.graph_comparison import Beside, in_words


def taste_section(found: tuple[Beside, ...]) -> Section:
    """Return the comparison with the graph alone."""
    rows = [
        {
            "against": one.against,
            "model": f"{one.model:.3f}",
            "graph alone": f"{one.graph:.3f}",
            "difference": f"{one.difference:+.3f} [{one.low:+.3f}, {one.high:+.3f}]",
            "answer": one.answer,
        }
        for one in found
    ]
    text = f"The model beside the same trees on the graph alone: {in_words(found)}."
    text += " Paired on the same resamples of users."
    return Section("taste_helps", "Does taste help?", text, table=pd.DataFrame(rows))


def score_section(table: pd.DataFrame) -> Section:
    """Return the ranks of the scores of friends and of others."""
    score, friends = table["affinity"].to_numpy(), (table["kind"] == "friends").to_numpy()
    ranks = rankdata(score) / len(score)  # scores have any scale
    figure = partial(
        distributions_figure, {"rank of the score": ranks}, friends, ("friends", "others")
    )
    text = "Ranks of the test pairs by score, 1 the highest."
    return Section("scores", "Scores of friends and of others", text, figure=figure)
