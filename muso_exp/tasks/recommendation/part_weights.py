"""How a hybrid weighs its parts by the listeners of an item: a section of the report."""

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
    listeners, weights = found.listeners.numpy(), found.weights.numpy()
    table = pd.DataFrame(weights.T, columns=[f"{n} listeners" for n in listeners.tolist()])
    table.insert(0, "part", list(found.parts))
    text = (
        "What each part of the blend counts by how many listeners of training an item has: weights "
        "of z-scores over the items, learned on plays, items and artists hidden within training, "
        "never on the test. At 0 listeners only content can speak."
    )
    figure = weights_figure(listeners, weights, found.parts)
    return [Section("part_weights", "What counts for an item", text, table, figure)]
