"""Rank a listener's lists anew at a slider's move: 18,000 songs, seven lists, and their page.

    python -m benchmarks.re_ranking [ITEMS]

What the page "For you" of the application does: blend the parts of a hybrid by the content slider,
leave out what is known, re-rank for variety, and fill the template. Wanted: under 200 ms.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import random

from muso_exp.app.for_you_page import lists_html
from muso_exp.features.blend_curve import BlendCurve
from muso_exp.formats.seeds import SeedList
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.fold_in import NewRow
from muso_exp.tasks.recommendation.re_ranking import Reranker
from muso_exp.tasks.recommendation.tag_shares import TagShares

N_PARTS, N_DIMS, N_KNOWN, MOVES = 7, 256, 200, 40


def made_ranker(n_items: int) -> Reranker:
    """A listener of random scores, vectors and tags."""
    rng = np.random.default_rng(0)
    numbers = np.arange(n_items)
    items = pd.DataFrame(
        {
            "id": numbers.astype(str),
            "artist": [f"Artist {number % 4000}" for number in numbers],
            "title": [f"Song {number}" for number in numbers],
        }
    )
    plays = random(2000, n_items, 0.003, format="csr", random_state=0, dtype=np.float32)
    tags = random(n_items, 40, 0.1, format="csr", random_state=1)
    shares = TagShares.of(tags, [f"kind {number} rock" for number in range(40)], plays)
    catalogue = ItemCatalogue.of(items, plays, True, None, shares)
    parts = rng.normal(size=(N_PARTS, 1, n_items)).astype(np.float32)
    knots = np.array([0, 1, 3, 10, 30, 100])
    curve = BlendCurve(knots, rng.random((len(knots), N_PARTS)), np.zeros(len(knots)))
    of_content = np.arange(N_PARTS) > 1
    units = rng.normal(size=(n_items, N_DIMS)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    known = np.sort(rng.choice(n_items, N_KNOWN, replace=False))
    row = NewRow(SeedList(Path("listener"), items.iloc[known], None, None), catalogue)

    def blend(share: float) -> np.ndarray:
        return curve.moved(of_content, share).mix(parts, catalogue.popularity)[0]

    return Reranker(row, known, np.ones(N_KNOWN), blend, True, units, "random vectors")


def main() -> None:
    """Print the time of a move: the first one, and the median and largest of the others."""
    ranker = made_ranker(int(sys.argv[1]) if len(sys.argv) > 1 else 18_000)
    rng = np.random.default_rng(1)
    times, busy = [], []
    for _ in range(MOVES + 1):
        started, began = time.perf_counter(), time.process_time()
        lists_html(ranker, *rng.random(2), {})
        times.append(1000 * (time.perf_counter() - started))
        busy.append(1000 * (time.process_time() - began))
    first, moves = times[0], times[1:]
    middle, high = np.median(moves), np.quantile(moves, 0.95)
    print(f"first list {first:.0f} ms; a move: median {middle:.0f} ms, 95 % below {high:.0f} ms")
    print(f"of it {np.median(busy[1:]):.0f} ms of a processor")


if __name__ == "__main__":
    main()
