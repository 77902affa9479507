"""Where held-out items rank among all candidates, exactly and without sorting them (numba).

Nothing here ever holds users x items: callers score a block of users at a time
(`rank_in_blocks`). Ties are without favour: a held-out item that ties with others is described by
how many items are above it and how many it ties with, and every formula built on that
(`ranking_formulas`) is the exact expectation over all orders of the tied items.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np

from muso_exp.features import ranking_kernels as kernels
from muso_exp.features.item_credits import padded_places
from muso_exp.features.ranking_formulas import user_columns
from muso_exp.features.threads import one_blas_thread

BLOCK_BYTES = 256 * 2**20  # of scores that a thread holds at once, at most
BLOCK_USERS = 64  # that are scored at once, at most


class Places(NamedTuple):
    """Where the held-out items of some users rank.

    Attributes:
        above: candidates with a larger score than each held-out item, shape (n_positives,); the
            held-out items of a user stand in descending order of score, not in that of `col`.
        tied: candidates with the same score, itself counted, shape (n_positives,).
        finite: users all of whose scores are finite, shape (n_users,); the other arrays are unset
            for the others.
        top: each user's best candidates, best first, shape (n_users, n_top), int32, see
            `rank_in_blocks`.
        items: number of each held-out item, in the same order, shape (n_positives,).
    """

    above: np.ndarray
    tied: np.ndarray
    finite: np.ndarray
    top: np.ndarray
    items: np.ndarray


class Rows(NamedTuple):
    """The item lists of some users, as in a CSR matrix without values.

    Attributes:
        crow: where each user's list begins and ends in `col`, shape (n_users + 1,).
        col: item numbers, shape (n_entries,); ascending and without repeats within a user.
    """

    crow: np.ndarray
    col: np.ndarray

    def slice(self, start: int, stop: int) -> Rows:
        """Return the lists of users start..stop - 1."""
        crow = self.crow[start : stop + 1]
        return Rows(crow - crow[0], self.col[crow[0] : crow[-1]])


def rank_in_blocks(
    score_block: Callable[[int, int], np.ndarray],
    seen: Rows,
    positives: Rows,
    n_items: int,
    cutoffs: Sequence[int],
    n_top: int = 10,
    users: np.ndarray | None = None,
    n_threads: int = 1,
    longest: int = 0,
) -> dict[str, np.ndarray]:
    """Score users a block at a time and return their ranking columns.

    Each thread scores and ranks blocks of its own: threads that share a product wait for each
    other, which on a busy machine takes longer than the product. Blocks do not depend on the number
    of threads, and BLAS has one in each: a product of another shape rounds otherwise, and near-ties
    would fall otherwise.

    Args:
        score_block: (start, stop) -> scores of users start..stop - 1, shape (stop - start,
            n_items), float32; larger is better. It is only read, until the thread asks again.
        seen: items that a user is not recommended (those of training).
        positives: held-out items of each user, at least one.
        n_items: number of items.
        cutoffs: the k of the columns that are named after one.
        n_top: length of the recommended lists in the column `top`; 0 leaves the column out.
        users: ids of the users, which decide how ties in `top` fall; by default their places.
        n_threads: that call `score_block`, each with one BLAS thread.
        longest: width of the columns of `item_credits.padded_places`; 0 leaves them out.

    Returns:
        The columns of `user_columns`, shape (n_users,), and `top` (n_users, n_top), int32: the
        best items not seen, best first, ties in an order that depends on user and item alone, -1
        where there are no more. A user with a score that is not finite has NaN in every column,
        and -1 in `top`.

    Raises:
        ValueError: a user without held-out items, an item number out of range, not ascending or
            repeated, or held out and seen at once.
    """
    places = place_blocks(score_block, seen, positives, n_items, n_top, users, n_threads)
    n_candidates = n_items - np.diff(seen.crow)
    return columns_of(places, positives.crow, n_candidates, cutoffs, n_top, longest)


def place_blocks(
    score_block: Callable[[int, int], np.ndarray],
    seen: Rows,
    positives: Rows,
    n_items: int,
    n_top: int = 10,
    users: np.ndarray | None = None,
    n_threads: int = 1,
) -> Places:
    """Score users a block at a time and return where their held-out items rank.

    Arguments and errors are those of `rank_in_blocks`.
    """
    seen, positives = as_int64(seen), as_int64(positives)
    check_rows(seen, positives, n_items)
    n_users = len(positives.crow) - 1
    users = np.arange(n_users) if users is None else np.asarray(users)

    def rank(block: tuple[int, int]) -> Places:
        start, stop = block
        scores = np.ascontiguousarray(score_block(start, stop), dtype=np.float32)
        lists = seen.slice(start, stop), positives.slice(start, stop)
        return place(scores, *lists, n_top, users[start:stop])

    blocks = list(blocks_of(n_users, n_items))
    with one_blas_thread():
        if n_threads == 1 or len(blocks) == 1:
            parts = [rank(block) for block in blocks]
        else:
            parts = list(workers(n_threads).map(rank, blocks))
    return Places(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def columns_of(
    places: Places,
    crow: np.ndarray,
    n_candidates: np.ndarray,
    cutoffs: Sequence[int],
    n_top: int,
    longest: int,
) -> dict[str, np.ndarray]:
    """Return the columns of `rank_in_blocks` of where the held-out items rank.

    Args:
        places: of all users.
        crow: where each user's held-out items begin and end, shape (n_users + 1,).
        n_candidates: of each user, shape (n_users,).
        cutoffs: see `rank_in_blocks`.
        n_top: see `rank_in_blocks`.
        longest: see `rank_in_blocks`.
    """
    above, tied = places.above, places.tied
    if not places.finite.all():  # a score that is not a number has no rank, and may tie with none
        counts = np.diff(crow)
        lost = np.repeat(~places.finite, counts)
        above, tied = np.where(lost, 0, above), np.where(lost, np.repeat(counts, counts), tied)
    columns = user_columns(above, tied, crow, n_candidates, cutoffs)
    if n_top:
        columns["top"] = places.top
    if longest:
        columns |= padded_places(places.items, above, tied, crow, longest)
    for column in columns.values():
        column[~places.finite] = -1 if column.dtype == np.int32 else np.nan
    return columns


def as_int64(rows: Rows) -> Rows:
    """Return the lists as the compiled loops take them."""
    return Rows(rows.crow.astype(np.int64, copy=False), rows.col.astype(np.int64, copy=False))


@cache
def workers(n_threads: int) -> ThreadPoolExecutor:
    """Return threads that stay, with whatever memory `score_block` keeps for each."""
    return ThreadPoolExecutor(n_threads, "ranking")


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=workers.cache_clear)  # a forked process has none of them


def blocks_of(n_users: int, n_items: int) -> Iterator[tuple[int, int]]:
    """Yield the start and stop of blocks of users, all but the last of one size."""
    size = block_users(n_items)
    for start in range(0, max(n_users, 1), size):
        yield start, min(start + size, n_users)


def block_users(n_items: int) -> int:
    """Return how many users are scored at once."""
    return min(max(BLOCK_BYTES // (4 * n_items), 1), BLOCK_USERS)


def check_rows(seen: Rows, positives: Rows, n_items: int) -> None:
    """Refuse item lists that the native loops below must not see; see `rank_in_blocks`."""
    if len(seen.crow) != len(positives.crow):
        n_seen, n_positives = len(seen.crow) - 1, len(positives.crow) - 1
        raise ValueError(f"seen items of {n_seen} users, held-out items of {n_positives}")
    empty = np.flatnonzero(np.diff(positives.crow) == 0)
    if len(empty):
        raise ValueError(
            f"user in row {empty[0]} has no held-out item ({len(empty)} such users); leave them out"
        )
    for name, rows in (("seen", seen), ("held-out", positives)):
        if rows.crow[0] != 0 or rows.crow[-1] != len(rows.col) or (np.diff(rows.crow) < 0).any():
            raise ValueError(f"{name} items: crow must rise from 0 to the {len(rows.col)} items")
        row = int(kernels.first_bad_row(*rows, n_items))
        if row >= 0:
            raise ValueError(
                f"{name} items of row {row} must be ascending, without repeats, 0..{n_items - 1}"
            )
    row = int(kernels.first_overlap(*seen, *positives))
    if row >= 0:
        raise ValueError(f"row {row} has a held-out item among the seen ones")


def place(scores: np.ndarray, seen: Rows, positives: Rows, n_top: int, users: np.ndarray) -> Places:
    """Count the candidates above each held-out item, those that it ties with, and list the best.

    One pass over the scores: a histogram between the user's few held-out scores, and comparisons
    in the buckets that hold one. The seen items are then taken off.

    Args:
        scores: shape (B, n_items), float32.
        seen: items that are no candidates, B lists.
        positives: held-out items, B lists; checked by `check_rows`.
        n_top: length of the lists of the best.
        users: ids, shape (B,), see `rank_in_blocks`.
    """
    above = np.empty(len(positives.col), dtype=np.int64)
    tied = np.empty(len(positives.col), dtype=np.int64)
    finite = np.empty(len(scores), dtype=bool)
    top = np.full((len(scores), n_top), -1, dtype=np.int32)
    ids = users.astype(np.uint64)
    kernels.rank_rows(scores, *seen, *positives, ids, above, tied, finite, top)
    rows = np.repeat(np.arange(len(scores)), np.diff(positives.crow))
    order = np.lexsort([-scores[rows, positives.col], rows])  # as the kernel puts them
    return Places(above, tied, finite, top, positives.col[order])


def put_first(
    ranked: Places,
    crow: np.ndarray,
    scores: np.ndarray,
    chosen: np.ndarray,
    chosen_scores: np.ndarray,
) -> Places:
    """Return where held-out items rank where some candidates are put before all others.

    As `place` on scores in which those are the largest, without a pass over all.

    Args:
        ranked: the places without that.
        crow: where each user's held-out items begin and end, shape (B + 1,).
        scores: of the held-out items as `ranked` has them, shape (n_positives,).
        chosen: the candidates of each user, best first, -1 behind them, shape (B, n_top), with
            `n_top` that of `ranked`, or all that are left.
        chosen_scores: theirs, shape (B, n_top).
    """
    items, above, tied = (np.empty_like(part) for part in (ranked.items, ranked.above, ranked.tied))
    before = crow, ranked.items, ranked.above, ranked.tied, scores
    kernels.put_first(*before, chosen, chosen_scores, items, above, tied)
    return Places(above, tied, ranked.finite, chosen.astype(np.int32), items)
