"""Play counts, before any model."""

from collections.abc import Sequence

import numpy as np

from muso_exp.formats.listening.interactions import Interactions
from muso_exp.records import Finding, Section
from muso_exp.tasks.overview import (
    Overview,
    columns_section,
    counted_section,
    histograms_section,
    ordered_counts,
    play_rows,
    plays_tails,
    sample_section,
    tail_section,
)
from muso_exp.tasks.recommendation.audit import filtered
from muso_exp.tasks.recommendation.split_plays import SplitPlays


def plays_overview(
    plays: SplitPlays, counts: dict[str, int], seed: int, further: Sequence[Section] = ()
) -> Overview:
    """Return what play counts hold, filtered and merged as the data set does.

    Args:
        plays: with names and tags of the items.
        counts: of the task.
        seed: of the sample.
        further: sections that follow those of the plays.
    """
    data = plays.used
    names = data.names
    users = [f"user {number}" for number in data.users]  # their place in the files, no name
    listeners = np.diff(data.plays.tocsc().indptr)
    most = ordered_counts(listeners, names)
    n_users, n_items = data.plays.shape
    share = data.plays.nnz / max(n_users * n_items, 1)
    density = Finding(
        "density", share, f"{100 * share:.3g} % of all pairs of user and item are known"
    )
    sections = [
        tail_section(plays_tails(data.plays, "items"), "plays"),
        tail_section(
            {"items": listeners, "users": np.diff(data.plays.indptr)},
            "users of an item, items of a user",
            "Listeners and items",
            "listeners",
        ),
        histograms_section(
            {"log10 of the plays of an entry": np.log10(data.plays.data.astype(np.float64))}
        ),
        counted_section(most, "Items with most listeners", "listeners", "most"),
        columns_section(data.items.astype({"id": str}), "Items and their missing names"),
        *_tags(data),
        *further,
        sample_section(play_rows(data.plays, users, names), seed, "entries"),
    ]
    notes = [*data.notes, *filtered(plays), density]
    return Overview({**counts, "entries": data.plays.nnz}, sections, notes)


def _tags(data: Interactions) -> list[Section]:
    if data.tags is None or not data.tags.weights.nnz:
        return []
    weights = data.tags.weights
    items, tags = np.diff(weights.tocsr().indptr), np.diff(weights.tocsc().indptr)
    counts = ordered_counts(tags, data.tags.names)
    return [
        counted_section(counts, "Tags", "items", "tags"),
        tail_section(
            {"items": items, "tags": tags}, "tags of an item, items of a tag", "Tags of items",
            "tags_of_items",
        ),
    ]  # fmt: skip
