"""Many lists of tracks, before any model."""

import numpy as np
import pandas as pd

from muso_exp.records import Finding, bad_rows
from muso_exp.tasks.overview import (
    Overview,
    columns_section,
    histograms_section,
    sample_section,
    tail_section,
)
from muso_exp.tasks.playlist_pairs.list_pairs import ListPairs

MEASURES = ("artist_cosine", "shared_tracks", "feature_distance", "separability")


def pairs_overview(pairs: ListPairs, counts: dict[str, int], seed: int) -> Overview:
    """Return what many lists hold, and how alike each two of them are.

    Args:
        pairs: of the lists that are used.
        counts: of the task.
        seed: of the sample.
    """
    table = pairs.table
    ends = pd.concat(
        [
            table[[name, f"n_{name}"]].set_axis(["list", "tracks"], axis=1)
            for name in ("first", "second")
        ]
    )
    lists = ends.drop_duplicates("list").reset_index(drop=True)
    short = f"{pairs.too_short:,} of {pairs.n_read:,} lists are left out for too few tracks"
    artists = "no track has an artist, so how alike two lists are is not known"
    notes = [
        *bad_rows(pairs.left_out),
        *([Finding("too_short", pairs.too_short, short)] if pairs.too_short else []),
        *([] if pairs.names_artists else [Finding("no_artists", 1, artists, "warning")]),
    ]
    sections = [
        histograms_section({name: table[name].to_numpy(np.float64) for name in MEASURES}),
        columns_section(table),
        tail_section({"lists": lists["tracks"].to_numpy()}, "tracks", "Lengths of the lists"),
        sample_section(table, seed, "pairs of lists"),
    ]
    return Overview(counts, sections, notes)
