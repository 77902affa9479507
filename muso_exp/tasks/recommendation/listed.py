"""Ranking columns of recommended lists that were made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from muso_exp.features.ranking import rank_in_blocks
from muso_exp.records import Columns
from muso_exp.tasks.base import NotAnsweredError
from muso_exp.tasks.recommendation.split_plays import HeldOut


def listed_columns(
    held: HeldOut, table: pd.DataFrame, n_items: int, cutoffs: Sequence[int], n_top: int
) -> Columns:
    """Return the ranking columns of lists; items that a list leaves out tie behind it.

    Args:
        held: the test rows.
        table: a row per test row, in row order; `top` holds item ids, the best first, of any
            length, -1 behind the last.
        n_items: of the catalogue.
        cutoffs: the k of the columns.
        n_top: length of the lists that are kept.

    Raises:
        NotAnsweredError: no column `top`, or one that holds something else.
    """
    lists = _lists(table, n_items)
    place = np.full(n_items, -1)
    candidates = np.arange(n_items) if held.candidates is None else held.candidates
    place[candidates] = np.arange(len(candidates))

    def score(start: int, stop: int) -> np.ndarray:
        scores = np.zeros((stop - start, held.n_items), dtype=np.float32)
        for row, items in enumerate(lists[start:stop]):
            listed = place[items]
            ranks = np.arange(len(items), 0, -1, dtype=np.float32)
            scores[row, listed[listed >= 0]] = ranks[listed >= 0]
        return scores

    columns = rank_in_blocks(
        score, *held.rows(), held.n_items, cutoffs, n_top, held.users, longest=held.longest
    )
    columns |= {"top": held.ids(columns["top"])}
    return {name: torch.from_numpy(column) for name, column in columns.items()}


def _lists(table: pd.DataFrame, n_items: int) -> list[np.ndarray]:
    if "top" not in table:
        raise NotAnsweredError("no column 'top': a list of item ids a row, the best first")
    found = []
    for row, cell in enumerate(table["top"]):
        try:
            items = np.asarray(cell)
            whole = items.astype(np.int64)
        except (TypeError, ValueError) as error:
            raise NotAnsweredError(f"row {row}: top is no list of item ids") from error
        if items.ndim != 1 or (items != whole).any():
            raise NotAnsweredError(f"row {row}: top is no list of item ids")
        items = whole[whole != -1]
        foreign = items[(items < 0) | (items >= n_items)]
        if len(foreign):
            raise NotAnsweredError(
                f"row {row}: no item {foreign[0]} in these data (0..{n_items - 1})"
            )
        if len(np.unique(items)) < len(items):
            raise NotAnsweredError(f"row {row}: top names an item twice")
        found.append(items)
    return found
