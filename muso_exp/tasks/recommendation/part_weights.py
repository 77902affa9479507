"""How a hybrid weighs its parts by the listeners of an item: a section of the report."""

from functools import partial
from typing import Any

import pandas as pd

from muso_exp.figures.recommendation import weights_figure
from muso_exp.models.abilities import ask
from muso_exp.models.shown_abilities import HasPartWeights
from muso_exp.records import Section


def part_weights(model: Any) -> list[Section]:
    """Return the learned weights as table and figure; nothing of a model that has none."""
    if not isinstance(model, HasPartWeights):
        return []
    found = ask(model.part_weights)
    listeners, artists = found.listeners.tolist(), found.artist_listeners.tolist()
    weights = found.weights.numpy()  # (n_knots, n_artist_knots, n_parts)
    blocks = []
    for place, heard in enumerate(artists):
        own = pd.DataFrame(weights[:, place].T, columns=[f"{n} listeners" for n in listeners])
        own.insert(0, "part", list(found.parts))
        own.insert(1, "listeners of the artist", heard)
        blocks.append(own)
    table = pd.concat(blocks, ignore_index=True)
    text = (
        "What each part of the blend counts by how many listeners of training an item and its "
        "artist's other items have: weights of z-scores over the items, learned on plays, items "
        "and artists hidden within training, never on the test. At 0 listeners only content can "
        "speak, and of an artist with 0 not the artist's mean."
    )
    figure = partial(weights_figure, listeners, artists, weights, found.parts)
    return [Section("part_weights", "What counts for an item", text, table, figure)]
