"""Each part of a hybrid alone, and the hybrid, on every test of it: a section of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from muso_exp.features.plays_batch import plays_batch
from muso_exp.features.ranking import BLOCK_USERS, rank_in_blocks
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.abilities import ask
from muso_exp.models.shown_abilities import HasVariants
from muso_exp.records import Batch, Finding, Section
from muso_exp.tasks.recommendation.split_plays import HeldOut

WHOLE = "hybrid"  # among the variants


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

    def rank(self, rows: slice, scores: np.ndarray) -> dict[str, np.ndarray]:
        """Return the ranking columns of some rows by their scores of all items (B, n_items)."""
        held = self.held
        own = scores if held.candidates is None else scores[:, held.candidates]
        seen, positives = (part.slice(rows.start, rows.stop) for part in held.rows())
        users = held.users[rows]
        columns = rank_in_blocks(
            lambda a, b: own[a:b],
            seen,
            positives,
            held.n_items,
            self.cutoffs,
            users=users,
            longest=held.longest,
        )
        return {**columns, "top": held.ids(columns["top"])}


def joined(blocks: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the columns of blocks of rows as one."""
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def variant_columns(model: HasVariants, users: KnownUsers) -> dict[str, dict[str, np.ndarray]]:
    """Return the ranking columns of a test by each part alone, each blend, and the whole."""
    found: dict[str, list[dict[str, np.ndarray]]] = {}
    for rows, batch in users.blocks():
        for name, scores in ask(model.variant_scores, batch).items():
            found.setdefault(name, []).append(users.rank(rows, scores.numpy()))
    return {name: joined(blocks) for name, blocks in found.items()}


def parts_alone(
    model: Any, tests: Sequence[KnownUsers], bootstrap: Bootstrap
) -> tuple[list[Section], list[Finding]]:
    """Return a table of the parts and blends on each test, and what it answers.

    Args:
        model: trained; nothing where it has no parts.
        tests: those with rows are shown.
        bootstrap: of the users.
    """
    if not isinstance(model, HasVariants):
        return [], []
    tests = [test for test in tests if len(test.held.users)]
    tables = [_table(test, variant_columns(model, test), bootstrap) for test in tests]
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
