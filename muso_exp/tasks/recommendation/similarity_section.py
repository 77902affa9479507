"""The document's question: do more users make songs more or less similar?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.features.similarity_growth import N_NEAREST, Similarity, similarity_by_users
from muso_exp.figures.common import curve_figure
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.options import Count, Options, PositiveShare, Seed
from muso_exp.records import Finding, Section


class SimilarityOptions(Options, frozen=True, kw_only=True):
    """Which shares of the users similarities are computed from.

    Attributes:
        shares: of the users of training, ascending.
        n_items: items that are looked at.
        n_draws: of users, of each share.
        seed: of the draws.
    """

    shares: Sequence[PositiveShare] = (0.05, 0.1, 0.25, 0.5, 1.0)
    n_items: Count = 300
    n_draws: Count = 5
    seed: Seed = 0


def similarity_section(
    plays: csr_matrix, options: SimilarityOptions, bootstrap: Bootstrap
) -> tuple[list[Section], list[Finding]]:
    """Return similarities by the number of users, and the answer in words, or why there is none.

    Args:
        plays: of training, shape (n_users, n_items).
        options: which shares.
        bootstrap: of the items.
    """
    asked = list(options.shares), options.n_items, options.n_draws, options.seed
    try:
        found = similarity_by_users(plays, *asked)
    except ValueError as error:
        text = f"similarities by the number of users are not shown: {error}"
        return [], [Finding("similarity_not_shown", 1, text)]
    finding = _answer(found, bootstrap)
    rows = []
    for one in found:
        row: dict[str, float] = {"users": one.n_users}
        for name in ("nearest", "other", "kept"):
            low, high = bootstrap.mean(getattr(one, name))
            row |= {name: getattr(one, name).mean(), f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    table = pd.DataFrame(rows)
    text = (
        f"Cosines of log-plays over growing numbers of users: `nearest`, of an item to its "
        f"{N_NEAREST} nearest; `other`, to an item drawn at random; `kept`, the share of its "
        f"{N_NEAREST} nearest that are so by all users: mean over {len(found[0].nearest)} items, "
        f"each the mean of {options.n_draws} draws of users, 95 % intervals over items. "
        + finding.text
    )
    figure = partial(
        curve_figure,
        table["users"].to_numpy(float),
        table["nearest"].to_numpy(),
        table[["nearest_low", "nearest_high"]].to_numpy(),
        np.full(len(table), np.nan),
        "users of training",
        f"mean cosine of an item to its {N_NEAREST} nearest",
    )
    title = "Similarity by the number of users"
    return [Section("similarity", title, text, table, figure)], [finding]


def _answer(found: Sequence[Similarity], bootstrap: Bootstrap) -> Finding:
    few, all_ = found[0], found[-1]
    near, other = (getattr(all_, name) - getattr(few, name) for name in ("nearest", "other"))
    less = float((other < 0).mean())
    text = (
        f"Do more users increase the similarity scores? From {few.n_users} to {all_.n_users} users "
        f"the score of an item's {N_NEAREST} nearest {_moved(near, bootstrap)}, that of a drawn "
        f"item {_moved(other, bootstrap)}; {less:.0%} of the drawn pairs become less similar. "
        f"With {few.n_users} users {few.kept.mean():.0%} of the nearest are those of all users."
    )
    return Finding("nearest_similarity_by_users", float(near.mean()), text)


def _moved(change: np.ndarray, bootstrap: Bootstrap) -> str:
    low, high = bootstrap.mean(change)
    said = "rises" if low > 0 else "falls" if high < 0 else "does not change measurably"
    return f"{said} ({change.mean():+.3f} [{low:+.3f}, {high:+.3f}])"
