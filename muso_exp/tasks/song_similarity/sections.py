"""What the report shows of two likenesses: their density, and the pairs that disagree most."""

from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from muso_exp.figures.similarity import density_figure
from muso_exp.records import Section
from muso_exp.tasks.song_similarity.song_pairs import SongPairs

SHOWN = 15  # pairs of a table


def sections(rows: SongPairs, similarity: np.ndarray) -> list[Section]:
    """Return the density figure, and the pairs near by one likeness and far by the other.

    Args:
        rows: of the task.
        similarity: of the test clips to all clips by the model, shape (n_rows, n_clips).
    """
    pairs = compared_pairs(rows, similarity)
    names = (rows.inputs, rows.against)
    return [
        density(pairs, *names),
        disagreeing(rows, pairs, "near_by_inputs", *names),
        disagreeing(rows, pairs, "near_by_against", *names),
    ]


def compared_pairs(rows: SongPairs, similarity: np.ndarray) -> pd.DataFrame:
    """Return each pair of clips once, with both likenesses and their shares of pairs below.

    Returns:
        `one`, `other` (numbers of clips), `similarity`, `likeness`, and `near` and `known`: which
        share of the pairs is less alike by the model and by the other kind, ties half.
    """
    test, target = rows.clips.parts["test"], rows.target().numpy()
    row, other = np.nonzero(~np.isnan(target))
    one = test[row]
    once = (one < other) | ~np.isin(other, test)
    pairs = pd.DataFrame({"one": one, "other": other})
    pairs["similarity"], pairs["likeness"] = similarity[row, other], target[row, other]
    pairs = pairs[once].reset_index(drop=True)
    for column, of in (("near", "similarity"), ("known", "likeness")):
        pairs[column] = (rankdata(pairs[of]) - 0.5) / len(pairs)
    return pairs


def density(pairs: pd.DataFrame, inputs: str, against: str) -> Section:
    """Return how many pairs have which two likenesses."""
    figure = partial(
        density_figure,
        pairs["likeness"].to_numpy(),
        pairs["similarity"].to_numpy(),
        f"cosine by {against}",
        f"cosine by {inputs}",
    )
    text = (
        f"All {len(pairs)} pairs of songs of two artists by how alike they are by {against} and by "
        f"{inputs}; the line is the mean of the pairs in each tenth of the range. A level line: "
        "one says nothing of the other."
    )
    return Section("density", "Two likenesses, pair by pair", text, figure=figure)


def disagreeing(
    rows: SongPairs, pairs: pd.DataFrame, name: str, inputs: str, against: str
) -> Section:
    """Return the pairs near by one likeness and far by the other, the furthest apart first.

    Each song stands in one pair of the table at most.
    """
    near_inputs = name == "near_by_inputs"
    gap = (pairs["near"] - pairs["known"]) * (1 if near_inputs else -1)
    chosen: list[int] = []
    used: set[int] = set()
    for place in np.argsort(-gap.to_numpy(), kind="stable"):
        pair = {int(pairs["one"][place]), int(pairs["other"][place])}
        if used.isdisjoint(pair):
            chosen.append(place)
            used |= pair
        if len(chosen) == SHOWN:
            break
    found, names = pairs.iloc[chosen], rows.clips.names()
    genres = rows.clips.tracks["genre"].to_numpy(str)
    called = [
        f"{title} ({genre})" if genre else title for title, genre in zip(names, genres, strict=True)
    ]
    shown = pd.DataFrame(
        {
            "song": [called[number] for number in found["one"]],
            "and": [called[number] for number in found["other"]],
            f"cosine by {inputs}": found["similarity"].to_numpy(),
            f"nearer by {inputs} than": [f"{share:.1%}" for share in found["near"]],
            f"cosine by {against}": found["likeness"].to_numpy(),
            f"nearer by {against} than": [f"{share:.1%}" for share in found["known"]],
        }
    )
    near, far = (inputs, against) if near_inputs else (against, inputs)
    text = (
        f"Pairs of songs of two artists that are near by {near} and far by {far}: those whose "
        "shares of pairs that are less alike lie furthest apart; each song in one pair at most."
    )
    return Section(name, f"Near by {near}, far by {far}", text, table=shown)
