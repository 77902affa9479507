"""Two lists of tracks, before any model."""

import numpy as np

from muso_exp.records import bad_rows
from muso_exp.tasks.overview import (
    Overview,
    columns_section,
    histograms_section,
    sample_section,
    tail_section,
)
from muso_exp.tasks.playlist_owner.two_lists import TwoLists


def lists_overview(lists: TwoLists, counts: dict[str, int], seed: int) -> Overview:
    """Return what two lists hold: the tracks that are used, cut and without those of both.

    Args:
        lists: as they are used.
        counts: of the task.
        seed: of the sample.
    """
    positive = lists.tracks["target"].to_numpy() == 1
    named = lists.tracks.assign(list=np.where(positive, *lists.names))
    table = named[["list", "id", "artist", "title", *lists.features]]
    values = {name: table[name].to_numpy(np.float64) for name in lists.features}
    groups = dict(zip(lists.names, (positive, ~positive), strict=True))
    per_artist = np.unique(lists.artists, return_counts=True)[1]
    sections = [
        histograms_section(values, "Features of both lists", groups=groups),
        columns_section(table),
        tail_section({"artists": per_artist}, "tracks"),
        sample_section(table, seed, "tracks"),
    ]
    return Overview(
        {**counts, "tracks_of_both": lists.n_shared}, sections, bad_rows(lists.left_out)
    )
