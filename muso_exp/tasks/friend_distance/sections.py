"""The sections of the report: labels of the pairs, and predicted against true DOS."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from muso_exp.figures.common import matrix_figure, truth_figure
from muso_exp.records import Section
from muso_exp.tasks.friend_distance.user_pairs import UserPairs

MATRIX_USERS = 200  # a larger matrix is unreadable in a report
SAMPLE_USERS = 8  # MuSo, Methods, the table below its matrix


def sections(pairs: UserPairs, predictions: pd.DataFrame) -> list[Section]:
    """Return the DOS matrix and its first rows, the labels, and predicted against true DOS."""
    return [
        _matrix_section(pairs, "dos_matrix", "DOS matrix", MATRIX_USERS),
        _matrix_section(pairs, "dos_sample", "DOS matrix, a sample", SAMPLE_USERS),
        _label_section(pairs),
        _truth_section(pairs, predictions),
    ]


def _matrix_section(pairs: UserPairs, name: str, title: str, n_users: int) -> Section:
    users = pairs.listeners.splits["train"][:n_users]
    values = pairs.listeners.distances[np.ix_(users, users)].astype(np.float64)
    values[values < 0] = np.nan
    names = [pairs.listeners.users[user] for user in users]
    figure = partial(matrix_figure, values, names, "Train users", "degree of separation")
    text = (
        f"Degree of separation between the first {len(users)} train users, in the order of the "
        "files (of MuSo's: of the chain); white where there is no path."
    )
    return Section(name, title, text, figure=figure)


def _label_section(pairs: UserPairs) -> Section:
    splits = {name: split for name, split in pairs.vectors.items() if len(split)}
    top = pairs.n_classes
    table = pd.DataFrame({"DOS": np.arange(1, top + 1)})
    for name, split in splits.items():
        table[f"{name} pairs"] = np.bincount(split.dos, minlength=top + 1)[1:]
    return Section("dos_labels", "Labels", "How many pairs have each DOS.", table=table)


def _truth_section(pairs: UserPairs, predictions: pd.DataFrame) -> Section:
    defined = ~pairs.vectors["test"].is_nan
    target, preds = predictions["dos"].to_numpy(), predictions["predicted_dos"].to_numpy()
    text = "Test pairs by true and predicted DOS; a perfect model fills the diagonal only."
    if not defined.all():
        text += (
            f" {int((~defined).sum())} pairs whose vector is NaN are not drawn: their 1 is no "
            "prediction, though it is scored as one."
        )
    figure = (
        partial(truth_figure, target[defined], preds[defined], "DOS") if defined.any() else None
    )
    return Section("predicted_dos", "Predicted against true DOS", text, figure=figure)
