"""The base of every model that recommends: it scores all items and answers with ranking columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import ClassVar

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn import Module

from muso_exp.errors import ConfigError
from muso_exp.features.plays_batch import plays_batch
from muso_exp.features.ranking import Rows, block_users, rank_in_blocks
from muso_exp.models.abilities import FoldsIn, only_known_users
from muso_exp.models.base import Model, Solver
from muso_exp.options import Count
from muso_exp.records import Batch


class Ranker(Model):
    """A model that scores every item for a user.

    A subclass implements `score_block`; what else it can do (similar items, new users, factors) are
    the methods of `muso_exp.models.abilities`.

    Batches, made by the data set (all item lists ascending, without repeats):

    - train: the whole matrix of plays, `crow_indices` (n_users + 1,), `col_indices` (n_plays,),
      int32 or long, and `values` (n_plays,), float32, one batch in an epoch;
    - validation and test, a batch of B users with at least one held-out item each: `row`, `user`
      (B,); `seen_crow` (B + 1,) and `seen_col`, the items that are not to be recommended;
      `positives_crow` (B + 1,) and `positives_col`, the held-out ones; `target` (B,), unread; and
      where only some items are candidates, `candidates` (n_candidates,): their ids, and then
      `seen_col` and `positives_col` count within them, as a slice of a CSR's columns does; and
      where intervals draw items besides users `longest`, the width of the columns that need it;
      where the users are in no training, `crow_indices`, `col_indices` and `values` as of train:
      the plays that they are known by;
    - new users, or playlists, see `muso_exp.models.abilities.FoldsIn`: a batch as of train, of B
      rows.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_top: length of the recommended lists.
    """

    full_precision: ClassVar[bool] = True  # near-ties would fall otherwise

    def __init__(
        self, n_users: int, n_items: int, cutoffs: Sequence[int], n_top: Count = 10
    ) -> None:
        super().__init__()
        self.n_users = n_users
        self.n_items = n_items
        self.cutoffs = list(cutoffs)
        self.n_top = n_top
        self._memory: dict[tuple[int, str], np.ndarray] = {}  # of threads, for scores of a block

    @abstractmethod
    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the scores of all items for users (B,), shape (B, n_items); larger is better.

        `out` (B, n_items), where given, may be used for them: fresh memory costs as much time as a
        matrix product. On a CPU several threads may ask at once.
        """
        raise TypeError(f"{type(self).__name__} does not implement score_block")

    @contextmanager
    def ranked_to(self, k: int) -> Iterator[None]:
        """Answer with the columns at one cutoff, without lists, for the time of a block."""
        usual = self.cutoffs, self.n_top
        self.cutoffs, self.n_top = [k], 0
        try:
            yield
        finally:
            self.cutoffs, self.n_top = usual

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return the ranking columns of users, never the scores themselves.

        Returns:
            The columns of `muso_exp.features.ranking_formulas.user_columns` (B,), and `top`
            (B, n_top), item ids or -1; where the batch has `longest`, those of
            `muso_exp.features.item_credits.padded_places`.

        Raises:
            ConfigError: users who are in no training, of a model that knows only those.
        """
        users, candidates = batch["user"], batch.get("candidates")
        known = None  # plays of users who are in no training
        if "crow_indices" in batch:
            known = batch_plays(batch, len(users), self.n_items)
        with _threads_alone(users.device) as n_threads:
            columns = rank_in_blocks(
                lambda start, stop: self._scores(batch, known, start, stop),
                batch_rows(batch, "seen"),
                batch_rows(batch, "positives"),
                self.n_items if candidates is None else len(candidates),
                self.cutoffs,
                self.n_top,
                users.cpu().numpy(),
                n_threads,
                int(batch.get("longest", 0)),
            )
        result = {name: torch.from_numpy(column) for name, column in columns.items()}
        if candidates is not None and "top" in result:
            top = result["top"].long()
            result["top"] = torch.where(top < 0, top, candidates.cpu()[top.clamp(min=0)])
        return result

    @torch.no_grad()  # in every thread anew
    def _scores(self, batch: Batch, known: csr_matrix | None, start: int, stop: int) -> np.ndarray:
        """Return the scores of some users of a batch, as if they stood in a whole block.

        A matrix product rounds by its shape: padded to one shape, and computed by one thread, the
        scores of a user depend on what was learned alone, not on the batch or the machine's load.
        """
        users, candidates = batch["user"], batch.get("candidates")
        on_cpu = users.device.type == "cpu"
        if on_cpu:
            torch.set_num_threads(1)  # within this thread, one of several
        n_items = self.n_items if candidates is None else len(candidates)
        rows = torch.arange(start, max(stop, start + block_users(n_items) * (stop > start)))
        rows = rows.clamp(max=stop - 1).to(users.device)  # the last one again and again
        if known is not None:
            scores = self._scores_new(known, rows)
        else:
            out = self._own_memory("all", len(rows), self.n_items) if on_cpu else None
            scores = self.score_block(users[rows], out)
        scores = scores[: stop - start]  # (B, n_items)
        if candidates is not None:
            shape, fits = (len(scores), len(candidates)), on_cpu and scores.dtype == torch.float32
            own = self._own_memory("candidates", *shape) if fits else None
            scores = torch.index_select(scores, 1, candidates, out=own)
        return scores.cpu().numpy()

    def _scores_new(self, known: csr_matrix, rows: Tensor) -> Tensor:
        """Return the scores of users who are in no training, by rows of plays, (B, n_items)."""
        if not isinstance(self, FoldsIn):
            raise ConfigError(only_known_users(self))
        chosen = known[rows.cpu().numpy()]
        new = plays_batch(chosen)
        return self.score_new({name: part.to(rows.device) for name, part in new.items()})

    def _own_memory(self, purpose: str, n_users: int, n_items: int) -> Tensor:
        """Return memory of this thread, (n_users, n_items), float32; what was in it is lost."""
        key, size = (get_ident(), purpose), n_users * n_items
        if len(self._memory.get(key, ())) < size:
            self._memory[key] = np.empty(size, dtype=np.float32)
        return torch.from_numpy(self._memory[key][:size]).view(n_users, n_items)


class RankingSolver(Ranker, Solver):
    """A recommender that is solved on the whole matrix of plays, not descended."""

    def plays(self, batch: Batch) -> csr_matrix:
        """Return the matrix of plays (n_users, n_items) of a train batch, see `batch_plays`."""
        return batch_plays(batch, self.n_users, self.n_items)

    def new_plays(self, batch: Batch) -> csr_matrix:
        """Return the plays (B, n_items) of new rows, checked as those of training."""
        return batch_plays(batch, len(batch["crow_indices"]) - 1, self.n_items)


class RowRanker(RankingSolver):
    """A recommender that scores a row of plays, of a train user or of a new one.

    A subclass implements `score_rows`, and puts the plays of training into the buffers `known_...`
    by `register_csr`.

    Args:
        n_users: number of users, from the data set.
        n_items: number of items, from the data set.
        cutoffs: the k of the ranking columns, from the data set.
        n_top: length of the recommended lists.
    """

    def __init__(
        self, n_users: int, n_items: int, cutoffs: Sequence[int], n_top: Count = 10
    ) -> None:
        super().__init__(n_users, n_items, cutoffs, n_top)
        register_csr(self, "known", csr_matrix((n_users, n_items), dtype=np.float32))

    @abstractmethod
    def score_rows(self, rows: csr_matrix) -> Tensor:
        """Return the scores of all items for rows of plays (B, n_items), same shape."""
        raise TypeError(f"{type(self).__name__} does not implement score_rows")

    def score_block(self, users: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the scores of the users' rows, shape (B, n_items)."""
        rows = read_csr(self, "known", self.n_items)[users.cpu().numpy()]
        return self.score_rows(rows).to(users.device)

    def score_new(self, batch: Batch) -> Tensor:
        """Return the scores of new rows, shape (B, n_items)."""
        return self.score_rows(self.new_plays(batch))

    def plays_of(self, user: int) -> tuple[Tensor, Tensor]:
        """Return the items that a user of training plays (n,), and the plays of each."""
        row = read_csr(self, "known", self.n_items)[[user]]
        return torch.from_numpy(row.indices.astype(np.int64)), torch.from_numpy(row.data)


@contextmanager
def _threads_alone(device: torch.device) -> Iterator[int]:
    """Yield how many threads may each run torch alone: as many as torch uses, and 1 for a GPU."""
    usual = torch.get_num_threads()
    try:
        yield usual if device.type == "cpu" else 1
    finally:
        torch.set_num_threads(usual)


def batch_rows(batch: Batch, name: str) -> Rows:
    """Return the item lists `<name>_crow`, `<name>_col` of a batch."""
    return Rows(batch[f"{name}_crow"].cpu().numpy(), batch[f"{name}_col"].cpu().numpy())


def batch_plays(batch: Batch, n_users: int, n_items: int) -> csr_matrix:
    """Return the matrix of plays in a train batch, checked: native code trusts its indices.

    Returns:
        Plays, shape (n_users, n_items), float32, indices ascending, duplicates summed.

    Raises:
        ValueError: an index out of range, or no plays at all.
    """
    crow, col = batch["crow_indices"].cpu().numpy(), batch["col_indices"].cpu().numpy()
    values = batch["values"].cpu().numpy().astype(np.float32, copy=False)
    if (
        len(crow) != n_users + 1
        or crow[0] != 0
        or crow[-1] != len(col)
        or (np.diff(crow) < 0).any()
    ):
        raise ValueError(f"crow_indices must rise from 0 to {len(col)} over {n_users} users")
    if len(col) == 0:
        raise ValueError("the matrix of plays is empty; keep more users or items")
    if col.min() < 0 or col.max() >= n_items:
        raise ValueError(f"col_indices must be 0..{n_items - 1}, got {col.min()}..{col.max()}")
    if not np.isfinite(values).all() or values.min() <= 0:
        raise ValueError("values must be finite and > 0: leave out what was not played")
    plays = csr_matrix((values, col.astype(np.int32, copy=False), crow), shape=(n_users, n_items))
    plays.sum_duplicates()
    return plays


def register_csr(module: Module, name: str, matrix: csr_matrix) -> None:
    """Keep a matrix in the buffers `<name>_crow`, `<name>_col`, `<name>_values` of a module."""
    module.register_buffer(f"{name}_crow", torch.from_numpy(matrix.indptr.astype(np.int64)))
    module.register_buffer(f"{name}_col", torch.from_numpy(matrix.indices.astype(np.int32)))
    module.register_buffer(f"{name}_values", torch.from_numpy(matrix.data))


def read_csr(module: Module, name: str, n_columns: int) -> csr_matrix:
    """Return the matrix that `register_csr` keeps; on a CPU it shares the buffers' memory."""
    crow, col, values = (
        module.get_buffer(f"{name}_{part}").cpu().numpy() for part in ("crow", "col", "values")
    )
    return csr_matrix((values, col, crow), shape=(len(crow) - 1, n_columns))
