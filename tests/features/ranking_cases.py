"""Small rankings, the call on them, and a loop over sorted lists to compare with."""

import itertools
from collections.abc import Sequence

import numpy as np

from muso_exp.features.ranking import Rows, rank_in_blocks

Lists = Sequence[Sequence[int]]


def rows(lists: Lists) -> Rows:
    crow = np.cumsum([0, *map(len, lists)])
    return Rows(crow, np.array([item for items in lists for item in items], dtype=np.int64))


def rank(scores: object, seen: Lists, positives: Lists, **options: object) -> dict[str, np.ndarray]:
    table = np.array(scores, dtype=np.float32)
    options = {"cutoffs": [1, 2, 3], "n_top": 3, **options}
    return rank_in_blocks(
        lambda start, stop: table[start:stop],
        rows(seen),
        rows(positives),
        table.shape[1],
        **options,
    )


def one(
    scores: Sequence[float], positives: Sequence[int], seen: Sequence[int] = (), **options: object
) -> dict:
    columns = rank([scores], [seen], [positives], **options)
    return {name: column[0] for name, column in columns.items()}


def random_case(n_users: int, n_items: int, seed: int, decimals: int) -> tuple:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n_users, n_items)).round(decimals).astype(np.float32)
    seen, positives = [], []
    for _ in range(n_users):
        order = rng.permutation(n_items)
        n_seen, n_positives = rng.integers(0, n_items // 3), rng.integers(1, n_items // 3)
        seen.append(sorted(order[:n_seen]))
        positives.append(sorted(order[n_seen : n_seen + n_positives]))
    return scores, seen, positives


def naive(positives: set[int], order: Sequence[int], k: int) -> dict[str, float]:
    """Every measure from a sorted list, as one would write it on paper."""
    hits = [item in positives for item in order]
    m = len(positives)
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    discounts = 1 / np.log2(np.arange(2, len(hits) + 2))
    first = hits.index(True)
    pairs = [(a, b) for a, b in itertools.combinations(range(len(hits)), 2) if hits[a] != hits[b]]
    return {
        "auc": np.mean([hits[a] for a, _ in pairs]),
        "r_precision": sum(hits[:m]) / m,
        "clicks": first // 10 if first < 500 else 51,
        "n_positives": m,
        f"ap_at_{k}": (precision * hits)[:k].sum() / min(m, k),
        f"ndcg_at_{k}": (discounts * hits)[:k].sum() / discounts[: min(m, k)].sum(),
        f"recall_at_{k}": sum(hits[:k]) / m,
        f"capped_recall_at_{k}": sum(hits[:k]) / min(m, k),
        f"precision_at_{k}": sum(hits[:k]) / k,
        f"hit_rate_at_{k}": float(any(hits[:k])),
    }
