"""What is asked of a summed log: its items and their plays, by DuckDB here or by Apache Spark."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.formats.listening.aggregate import Aggregate
from muso_exp.formats.listening.load import (
    LoadedPlays,
    item_totals,
    load_notes,
    load_plays,
    plays_dtype,
    refuse_too_many,
)
from muso_exp.formats.listening.logs import Layout
from muso_exp.formats.listening.matched_items import MatchedItems, match_items
from muso_exp.formats.listening.msd import ReadOptions
from muso_exp.formats.listening.spark_match import match_by_spark
from muso_exp.formats.listening.spark_pairs import LogTotals, log_totals
from muso_exp.formats.listening.stored_pairs import StoredPairs

log = logging.getLogger(__name__)


def totals_of(summed: Aggregate, options: ReadOptions) -> LogTotals:
    """Return the items of a log, and the plays of each."""
    if options.pushed_down:
        return log_totals(summed.pairs, options.spark)
    return LogTotals(*item_totals(summed))


def load_log(
    logs: Mapping[str, Aggregate],
    options: ReadOptions,
    top_items: int | None = None,
    events: bool = False,
    timed: bool = False,
    kept: np.ndarray | None = None,
    totals: LogTotals | None = None,
) -> LoadedPlays:
    """Load summed logs; where a cluster filters one log, only the plays of each item in total.

    Args:
        logs: by name.
        options: with the engine.
        top_items: see `load_plays`, as all that follow.
        events: whether a line is an event.
        timed: whether plays before the cut are wanted.
        kept: ids of the items to load in place of the most played, ascending; None for all.
        totals: of the log, if they were asked for before.
    """
    if not options.pushed_down or len(logs) > 1:
        if options.spark and options.filtered:
            why = "names are merged" if options.merge else "halves of users are read together"
            log.info("Spark sums; what is left is filtered and split on this machine: %s here", why)
        return load_plays(logs, top_items, events, timed, kept)
    name, summed = next(iter(logs.items()))
    totals = totals or log_totals(summed.pairs, options.spark)
    users, items, plays = totals.users, totals.items, totals.plays
    chosen, n_left = np.ones(len(items), bool), 0
    if kept is not None:
        chosen = np.isin(items, kept)
    elif top_items is not None:
        chosen[np.argsort(-plays, kind="stable")[top_items:]] = False
        n_left = int((~chosen).sum())
    refuse_too_many(0, int(chosen.sum()))
    sums = csr_matrix((len(users), int(chosen.sum())), dtype=np.int64)
    sums.data, sums.indices = plays[chosen], np.arange(sums.shape[1], dtype=np.int32)
    sums.indptr[1:] = sums.shape[1]
    stored = StoredPairs(summed.pairs, users, plays_dtype(summed), timed, options.spark)
    notes = load_notes(logs, events, n_left)
    return LoadedPlays(users, items[chosen], {name: sums}, None, notes, stored)


def find_items(
    table: tuple[Path, Layout], artists: pd.Series, ids: np.ndarray, order: np.ndarray,
    asked: pd.DataFrame, options: ReadOptions,
) -> MatchedItems:  # fmt: skip
    """Find asked tracks among items by name, see `match_items`."""
    if options.pushed_down:
        where = options.cache, options.spark
        return match_by_spark(table, artists, ids, order, asked, *where)
    return match_items(table, artists, ids, order, asked)
