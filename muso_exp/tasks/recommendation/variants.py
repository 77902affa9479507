"""Each part of a hybrid alone, and the hybrid, on every test of it: a section of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from muso_exp.features.plays_batch import plays_batch
from muso_exp.features.ranking import (
    BLOCK_USERS,
    Places,
    as_int64,
    check_rows,
    columns_of,
    place,
    put_first,
    workers,
)
from muso_exp.features.threads import loop_threads, one_blas_thread
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.abilities import ask, evaluating
from muso_exp.models.shown_abilities import HasVariants
from muso_exp.records import Batch, Finding, Section
from muso_exp.tasks.recommendation.split_plays import HeldOut

WHOLE, LISTENING = "hybrid", "listening"  # among the variants: with lists
N_TOP = 10  # of recommended lists
Name = TypeVar("Name")


@dataclass(frozen=True)
class KnownUsers:
    """The rows of a test, with what the users are known by.

    Attributes:
        name: of the test.
        held: users, what is not to be recommended, and what is held out.
        known: plays that a model may score by, shape (n_users, n_items).
        cutoffs: the k of the ranking columns.
    """

    name: str
    held: HeldOut
    known: csr_matrix
    cutoffs: Sequence[int]

    def blocks(self) -> Iterator[tuple[slice, Batch]]:
        """Yield rows of the test, a block at a time, and their plays as a batch of new rows."""
        users = self.held.users
        for start in range(0, len(users), BLOCK_USERS):
            rows = slice(start, min(start + BLOCK_USERS, len(users)))
            yield rows, plays_batch(self.known[users[rows]])

    def places(self, rows: slice, scores: np.ndarray, n_top: int = N_TOP) -> Places:
        """Return where the held-out items of some rows rank by scores of all items (B, n_items)."""
        held = self.held
        own = scores if held.candidates is None else np.take(scores, held.candidates, axis=1)
        seen, positives = (as_int64(part.slice(rows.start, rows.stop)) for part in held.rows())
        check_rows(seen, positives, held.n_items)
        own = np.ascontiguousarray(own, dtype=np.float32)
        return place(own, seen, positives, n_top, held.users[rows])

    def raised(self, rows: slice, scores: np.ndarray, ranked: Places, chosen: np.ndarray) -> Places:
        """Return where held-out items rank where some candidates are put before all others.

        Args:
            rows: of the test.
            scores: of all items, shape (B, n_items).
            ranked: by these scores.
            chosen: ids of the items of each row, best first, -1 behind them, shape (B, n_top).
        """
        held = self.held
        crow = as_int64(held.rows()[1].slice(rows.start, rows.stop)).crow
        every = np.arange(scores.shape[1]) if held.candidates is None else held.candidates
        places = np.where(chosen < 0, -1, np.searchsorted(every, chosen))
        row = np.repeat(np.arange(len(scores)), np.diff(crow))
        of_held = scores[row, every[ranked.items]]
        of_chosen = np.take_along_axis(scores, np.maximum(chosen, 0), axis=1)
        return put_first(ranked, crow, of_held, places, of_chosen)

    def columns(
        self, blocks: Sequence[Places], cutoffs: Sequence[int] | None = None
    ) -> dict[str, np.ndarray]:
        """Return the ranking columns of all rows.

        Args:
            blocks: of `places`, of all rows in their order.
            cutoffs: the k of the columns; None: those of the test.
        """
        held = self.held
        places = Places(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))
        asked = self.cutoffs if cutoffs is None else cutoffs
        crow, n_top = held.positives.indptr, places.top.shape[1]
        found = columns_of(places, crow, held.n_candidates, asked, n_top, held.longest)
        return found | ({"top": held.ids(found["top"])} if n_top else {})

    def known_alike(self, plays: csr_matrix) -> bool:
        """Return whether users are known by just these plays, shape (n_users, n_items)."""
        own = self.known
        if own is plays:
            return True
        return own.shape == plays.shape and own.nnz == plays.nnz and (own != plays).nnz == 0


def places_by_name(
    model: Any, rank: Callable[[Any], Iterable[tuple[Name, Places]]], blocks: Iterable[Any]
) -> dict[Name, list[Places]]:
    """Return by name where items rank, block after block of users; `model` ranks in threads."""
    found: dict[Name, list[Places]] = {}
    with one_blas_thread(), evaluating(model):
        for name, places in chain.from_iterable(workers(loop_threads()).map(rank, blocks)):
            found.setdefault(name, []).append(places)
    return found


class BlockRows(NamedTuple):
    """Users of a block whom a test asks about.

    Attributes:
        test: its number.
        rows: of the test.
        own: where these users stand in the block, shape (n,).
    """

    test: int
    rows: slice
    own: np.ndarray


class Variants:
    """The ranks of each part of a hybrid, each blend, and the whole, on several tests.

    Users of several tests who are known by the same plays are scored once.

    Args:
        tests: with rows, of different names.
    """

    def __init__(self, tests: Sequence[KnownUsers]) -> None:
        self.tests = [test for test in tests if len(test.held.users)]
        self._found: tuple[Any, dict[str, dict[str, dict[str, np.ndarray]]]] | None = None

    def of(self, model: HasVariants) -> dict[str, dict[str, dict[str, np.ndarray]]]:
        """Return ranking columns by test and variant, ranked once for a model.

        Of the whole and of listening all columns, of the others few and without lists.
        """
        if self._found is None or self._found[0] is not model:
            self._found = model, self._columns(model)
        return self._found[1]

    def _columns(self, model: HasVariants) -> dict[str, dict[str, dict[str, np.ndarray]]]:
        places = places_by_name(model, partial(self._ranked, model), self._blocks())
        found: dict[str, dict[str, dict[str, np.ndarray]]] = {}
        for (number, name), blocks in places.items():
            test = self.tests[number]
            cutoffs = None if name in (WHOLE, LISTENING) else [_middle(test.cutoffs)]
            found.setdefault(test.name, {})[name] = test.columns(blocks, cutoffs)
        return found

    def _blocks(self) -> Iterator[tuple[Batch, list[BlockRows]]]:
        """Yield plays of users as whole blocks, the last user again and again, and who asks."""
        for together in self._together():
            every = [self.tests[number].held.users for number in together]
            users = np.unique(np.concatenate(every))
            for start in range(0, len(users), BLOCK_USERS):
                block = users[start : start + BLOCK_USERS]
                full = block[np.minimum(np.arange(BLOCK_USERS), len(block) - 1)]
                asked = []
                for number, own in zip(together, every, strict=True):
                    rows = slice(*np.searchsorted(own, [block[0], block[-1] + 1]).tolist())
                    if rows.start < rows.stop:
                        asked.append(BlockRows(number, rows, np.searchsorted(block, own[rows])))
                yield plays_batch(self.tests[together[0]].known[full]), asked

    def _ranked(
        self, model: HasVariants, block: tuple[Batch, list[BlockRows]]
    ) -> list[tuple[tuple[int, str], Places]]:
        """Return where the held-out items of a block rank, by test and variant; in a thread."""
        batch, asked = block
        found = []
        for name, scores in ask(model.variant_scores, batch).items():
            n_top = N_TOP if name in (WHOLE, LISTENING) else 0
            for test, rows, own in asked:
                values = scores.numpy() if len(own) == len(scores) else scores.numpy()[own]
                found.append(((test, name), self.tests[test].places(rows, values, n_top)))
        return found

    def _together(self) -> list[list[int]]:
        """Return the numbers of the tests whose users are known by the same plays."""
        found: list[list[int]] = []
        for number, test in enumerate(self.tests):
            for group in found:
                if test.known_alike(self.tests[group[0]].known):
                    group.append(number)
                    break
            else:
                found.append([number])
        return found


def parts_alone(
    model: Any, variants: Variants, bootstrap: Bootstrap
) -> tuple[list[Section], list[Finding]]:
    """Return a table of the parts and blends on each test, and what it answers.

    Args:
        model: trained; nothing where it has no parts.
        variants: of the tests; those with rows are shown.
        bootstrap: of the users.
    """
    if not isinstance(model, HasVariants):
        return [], []
    columns = variants.of(model)
    tables = [_table(test, columns[test.name], bootstrap) for test in variants.tests]
    findings = [_answer(table) for table in tables if WHOLE in set(table["part"])]
    text = (
        "Every part of the hybrid alone, the blends of the parts that listen (`listening`) and of "
        "those that know the content (`content`), one weight for each part whatever the listeners "
        "of an item (`same_weights`), weights by the item's listeners but not its artist's "
        "(`artist_unseen`, where items share artists), and the hybrid: mean over users with its "
        "95 % interval, and the difference of the hybrid, paired on the same users. "
        + " ".join(f.text for f in findings)
    )
    table = pd.concat(tables)
    return [Section("parts", "Each part alone, and together", text, table)], findings


def _table(
    test: KnownUsers, columns: Mapping[str, Mapping[str, np.ndarray]], bootstrap: Bootstrap
) -> pd.DataFrame:
    measure = f"ndcg_at_{_middle(test.cutoffs)}"
    whole = columns.get(WHOLE, {}).get(measure)
    moved = _moved(test, columns, measure, bootstrap.resamples)
    rows = []
    for name, own in columns.items():
        low, high = bootstrap.mean(own[measure], moved=moved[name])
        row = {"test": test.name, "users": len(own[measure]), "part": name}
        row |= {
            measure: own[measure].mean(),
            "low": low,
            "high": high,
            "auc": np.nanmean(own["auc"]),
        }
        if whole is not None:
            gain = whole - own[measure]
            apart = moved[WHOLE] - moved[name]
            ends = bootstrap.mean(gain, moved=apart) if name != WHOLE else (np.nan, np.nan)
            row |= {"hybrid_gain": gain.mean(), "gain_low": ends[0], "gain_high": ends[1]}
        rows.append(row)
    return pd.DataFrame(rows)


def _moved(
    test: KnownUsers,
    columns: Mapping[str, Mapping[str, np.ndarray]],
    measure: str,
    n_resamples: int,
) -> dict[str, torch.Tensor]:
    """Return how far the draw of cold items moves the samples of each part, (n_resamples,)."""
    drawn = test.held.drawn(n_resamples)
    if drawn is None:
        return dict.fromkeys(columns, torch.zeros(n_resamples, dtype=torch.float64))
    tensors = {
        name: {key: torch.from_numpy(column) for key, column in own.items()}
        for name, own in columns.items()
    }
    return {name: drawn.of(own).deviations(measure) for name, own in tensors.items()}


def _middle(cutoffs: Sequence[int]) -> int:
    return sorted(cutoffs)[len(cutoffs) // 2]


def _answer(table: pd.DataFrame) -> Finding:
    """Return whether the hybrid is better than each part and blend on one test, in words."""
    names, test = table["part"].to_numpy(), table["test"].iloc[0]
    measure = next(str(name) for name in table if str(name).startswith("ndcg_at_"))
    values, gain = table[measure].to_numpy(), table["hybrid_gain"].to_numpy()
    low, high = table["gain_low"].to_numpy(), table["gain_high"].to_numpy()  # NaN of itself
    whole = float(values[names == WHOLE][0])
    worse = ", ".join(names[high < 0])
    even = ", ".join(names[(low <= 0) & (high >= 0)])
    said = [f"worse than {worse}"] * bool(worse) + [f"not shown to differ from {even}"] * bool(even)
    best = int(np.where(names == WHOLE, -np.inf, values).argmax())
    text = (
        f"{test}: the hybrid ({measure} {whole:.3f}) is "
        f"{'; '.join(said) or 'better than every part and blend'}; the best of the others is "
        f"{names[best]} ({values[best]:.3f}, difference {gain[best]:+.3f} [{low[best]:+.3f}, "
        f"{high[best]:+.3f}])."
    )
    return Finding(f"hybrid_on_{test}", float(gain[best]), text, "warning" if worse else "note")
